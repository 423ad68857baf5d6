/**
 * JSON as Go's encoder prints a value after decoding it into its own types: fields in struct order, keys sorted, empty fields left out, unknown
 * ones dropped, quantities and times rewritten. Nothing is defaulted. Used for hashes that Argo computes from such text.
 */
import { formatInstant, parseInstant } from '../api/scalars.ts'
import type { GoField, GoScalar, GoType } from './go-types/schema.ts'
import { printQuantity } from './quantity.ts'

type Text = string | undefined
type Structs = (struct: string) => readonly GoField[]

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The text, or undefined when Go could not decode `value` (a number where a string belongs). */
export const printGoStruct = (structs: Structs, struct: string, value: unknown): Text =>
  print(structs, { form: 'struct', name: struct }, value)

/** As `printGoStruct`, for a list of structs; an absent list is `null`. */
export const printGoList = (structs: Structs, struct: string, value: unknown): Text =>
  print(structs, { form: 'list', of: { form: 'struct', name: struct } }, value)

function print(structs: Structs, type: GoType, value: unknown): Text {
  switch (type.form) {
    case 'scalar':
      return scalars[type.scalar](value ?? undefined)
    case 'struct':
      return printFields(structs, type.name, value ?? {})
    case 'pointer':
      return value === null || value === undefined ? 'null' : print(structs, type.of, value)
    case 'list':
      return printItems(structs, type.of, value)
    case 'map':
      return printMap(structs, type.of, value)
  }
}

function printFields(structs: Structs, struct: string, value: unknown): Text {
  if (!isObject(value)) return undefined
  const parts: string[] = []
  for (const field of structs(struct)) {
    const text = print(structs, field.type, Object.hasOwn(value, field.name) ? value[field.name] : undefined)
    if (text === undefined) return undefined
    if (!isLeftOut(field, text)) parts.push(`"${field.name}":${text}`)
  }
  return `{${parts.join(',')}}`
}

/** By the text that would be printed: no filled value of these forms prints like an empty one. */
function isLeftOut({ omit, type }: GoField, text: string): boolean {
  if (omit === 'never') return false
  if (type.form === 'struct') return false
  if (type.form === 'scalar')
    return type.scalar === 'time' || type.scalar === 'quantity' || type.scalar === 'intOrString'
      ? omit === 'zero' && text === 'null'
      : text === EMPTY[type.scalar]
  return text === 'null' || (type.form === 'list' && text === '[]') || (type.form === 'map' && text === '{}')
}

const EMPTY = { string: '""', int: '0', bool: 'false', raw: 'null' } as const

function printItems(structs: Structs, type: GoType, value: unknown): Text {
  if (value === null || value === undefined) return 'null'
  if (!Array.isArray(value)) return undefined
  return enclose(
    '[',
    value.map((item) => print(structs, type, item)),
    ']',
  )
}

function printMap(structs: Structs, type: GoType, value: unknown): Text {
  if (value === null || value === undefined) return 'null'
  if (!isObject(value)) return undefined
  const entries = Object.keys(value).sort()
  return enclose(
    '{',
    entries.map((key) => {
      const text = print(structs, type, value[key])
      return text === undefined ? undefined : `${printString(key)}:${text}`
    }),
    '}',
  )
}

const enclose = (open: string, texts: readonly Text[], close: string): Text =>
  texts.includes(undefined) ? undefined : `${open}${texts.join(',')}${close}`

/** Go escapes what could end a script element, and knows no unpaired surrogates. */
const printString = (text: string): string =>
  JSON.stringify(text.replace(UNPAIRED, '\ufffd')).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
const UNPAIRED = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** An absent value is Go's zero value. */
const scalars: Readonly<Record<GoScalar, (value: unknown) => Text>> = {
  string: (value = '') => (typeof value === 'string' ? printString(value) : undefined),
  int: (value = 0) => (Number.isSafeInteger(value) ? String(value) : undefined),
  bool: (value = false) => (typeof value === 'boolean' ? String(value) : undefined),
  quantity: printQuantityField,
  intOrString: (value = 0) => (typeof value === 'string' ? printString(value) : scalars.int(value)),
  time: printTime,
  raw: printRaw,
}

function printQuantityField(value: unknown = 0): Text {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = printQuantity(String(value).trim())
  return text === undefined ? undefined : `"${text}"`
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
const ZERO_TIME = '0001-01-01T00:00:00Z'

function printTime(value: unknown): Text {
  if (value === undefined) return 'null'
  if (typeof value !== 'string' || !RFC_3339.test(value)) return undefined
  const ms = parseInstant(value)
  if (ms === undefined) return undefined
  const text = formatInstant(ms)
  return text === ZERO_TIME ? 'null' : `"${text}"`
}

/** JSON that Go does not look into, with the keys in the order in which the API server hands it out. */
function printRaw(value: unknown): Text {
  if (typeof value === 'string') return printString(value)
  if (Array.isArray(value)) return enclose('[', value.map(printRaw), ']')
  if (!isObject(value)) return JSON.stringify(value ?? null)
  const keys = Object.keys(value).sort()
  return enclose(
    '{',
    keys.map((key) => `${printString(key)}:${printRaw(value[key])}`),
    '}',
  )
}
