/**
 * Validation of a value against a structural schema, with the API server's own sentences: clients and people search for them.
 * It returns every cause it finds and changes nothing.
 */
import type { Cause } from '../errors.ts'
import { asArray, deepEqual, isFrozenTree, isObject, type JsonObject } from '../json.ts'
import { fieldSchema, type Schema, type SchemaType } from './structural-schema.ts'

const renderValue = (value: unknown): string => JSON.stringify(value) ?? 'null'

export const typeInvalid = (field: string, wanted: string, found: string): Cause => ({
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: "${found}": ${field} in body must be of type ${wanted}: "${found}"`,
  field,
})

export const valueInvalid = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${renderValue(value)}: ${why}`,
  field,
})

export const valueRequired = (field: string, why = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: why === '' ? 'Required value' : `Required value: ${why}`,
  field,
})

export const valueForbidden = (field: string, why: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
})

export const valueNotSupported = (field: string, value: unknown, supported: readonly unknown[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${renderValue(value)}: supported values: ${supported.map(renderValue).join(', ')}`,
  field,
})

const valueDuplicate = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${renderValue(value)}`,
  field,
})

export const typeOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

const hasType = (value: unknown, type: SchemaType): boolean => {
  const found = typeOf(value)
  return found === type || (type === 'number' && found === 'integer')
}

/** Length in characters, as people count them. */
const lengthOf = (text: string): number => Array.from(text).length

const checkString = (value: string, schema: Schema, field: string): Cause[] => {
  const { rules = {} } = schema
  const causes: Cause[] = []
  const { maxLength, minLength, pattern } = rules
  if (typeof maxLength === 'number' && lengthOf(value) > maxLength)
    causes.push({ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxLength} bytes`, field })
  if (typeof minLength === 'number' && lengthOf(value) < minLength)
    causes.push(valueInvalid(field, value, `${field} in body should be at least ${minLength} chars long`))
  if (schema.pattern !== undefined && !schema.pattern.matcher(value).find())
    causes.push(valueInvalid(field, value, `${field} in body should match '${String(pattern)}'`))
  if (rules.format === 'date-time' && Number.isNaN(Date.parse(value)))
    causes.push(valueInvalid(field, value, `${field} in body must be of type date-time: ${renderValue(value)}`))
  return causes
}

const checkNumber = (value: number, rules: JsonObject, field: string): Cause[] => {
  const { minimum, maximum, multipleOf } = rules
  const causes: Cause[] = []
  const say = (why: string): void => void causes.push(valueInvalid(field, value, `${field} in body should be ${why}`))
  if (typeof minimum === 'number' && value < minimum) say(`greater than or equal to ${minimum}`)
  if (minimum === value && rules.exclusiveMinimum === true) say(`greater than ${minimum}`)
  if (typeof maximum === 'number' && value > maximum) say(`less than or equal to ${maximum}`)
  if (maximum === value && rules.exclusiveMaximum === true) say(`less than ${maximum}`)
  if (typeof multipleOf === 'number' && value % multipleOf !== 0) say(`a multiple of ${multipleOf}`)
  return causes
}

const checkCount = (count: number, rules: JsonObject, what: 'Items' | 'Properties', field: string): Cause[] => {
  const most = rules[`max${what}`]
  const least = rules[`min${what}`]
  const noun = what.toLowerCase()
  if (typeof most === 'number' && count > most) {
    const message = `Too many: ${count}: must have at most ${most} ${most === 1 ? noun.replace(/s$/, '') : noun}`
    return [{ reason: 'FieldValueTooMany', message, field }]
  }
  if (typeof least === 'number' && count < least)
    return [valueInvalid(field, count, `${field} in body should have at least ${least} ${noun}`)]
  return []
}

/** Items of a set, and the keys of items of a map list, occur once. */
const checkUnique = (value: readonly unknown[], schema: Schema, field: string): Cause[] => {
  if (schema.listType !== 'set' && schema.listType !== 'map') return []
  const keys = schema.listKeys ?? []
  const seen = new Set<string>()
  return value.flatMap((item, index) => {
    const key = schema.listType === 'map' && isObject(item) ? Object.fromEntries(keys.map((k) => [k, item[k]])) : item
    const text = renderValue(key)
    if (seen.has(text)) return [valueDuplicate(`${field}[${index}]`, key)]
    seen.add(text)
    return []
  })
}

const checkObject = (value: JsonObject, schema: Schema, path: string, trusted: boolean): Cause[] => {
  const at = (field: string): string => (path === '' ? field : `${path}.${field}`)
  const missing = (schema.required ?? []).filter((field) => value[field] === undefined)
  return [
    ...missing.map((field) => valueRequired(at(field))),
    ...checkCount(Object.keys(value).length, schema.rules ?? {}, 'Properties', path),
    ...Object.entries(value).flatMap(([field, child]) =>
      validate(child, fieldSchema(schema, field), at(field), trusted),
    ),
  ]
}

const checkArray = (value: readonly unknown[], schema: Schema, path: string, trusted: boolean): Cause[] => [
  ...checkCount(value.length, schema.rules ?? {}, 'Items', path),
  ...checkUnique(value, schema, path),
  ...value.flatMap((item, index) => validate(item, schema.items, `${path}[${index}]`, trusted)),
]

const checkCombinations = (value: unknown, schema: Schema, path: string): Cause[] => {
  const causes = (schema.allOf ?? []).flatMap((part) => validate(value, part, path, false))
  const passes = (part: Schema): boolean => validate(value, part, path, false).length === 0
  const name = path === '' ? '<nil>' : path
  if (schema.anyOf !== undefined && !schema.anyOf.some(passes))
    causes.push(valueInvalid(path, value, `${name} in body must validate at least one schema (anyOf)`))
  if (schema.oneOf !== undefined && schema.oneOf.filter(passes).length !== 1)
    causes.push(valueInvalid(path, value, `${name} in body must validate one and only one schema (oneOf)`))
  if (schema.not !== undefined && passes(schema.not))
    causes.push(valueInvalid(path, value, `${name} in body must not validate the schema (not)`))
  return causes
}

const checkType = (value: unknown, schema: Schema, path: string): Cause[] => {
  if (schema.intOrString) {
    const isEither = ['integer', 'string'].includes(typeOf(value))
    return isEither ? [] : [typeInvalid(path, 'integer,string', typeOf(value))]
  }
  if (schema.type === undefined || hasType(value, schema.type)) return []
  return [typeInvalid(path, schema.type, typeOf(value))]
}

/**
 * Every breach of `schema` in `value`; `path` names the value, '' for the whole object. What comes out of the store (it is frozen) was found valid when
 * it went in; parts of a combination are looked at all the same, for there a breach may be what is wanted.
 */
export const validate = (value: unknown, schema: Schema | undefined, path: string, trusted = true): Cause[] => {
  if (schema === undefined || (trusted && isFrozenTree(value))) return []
  if (value === null && schema.nullable) return []
  const wrongType = checkType(value, schema, path)
  if (wrongType.length > 0) return wrongType
  const rules = schema.rules ?? {}
  const causes = checkCombinations(value, schema, path)
  if (Array.isArray(rules.enum) && !rules.enum.some((option) => deepEqual(option, value)))
    causes.push(valueNotSupported(path, value, rules.enum))
  if (typeof value === 'string') causes.push(...checkString(value, schema, path))
  if (typeof value === 'number') causes.push(...checkNumber(value, rules, path))
  if (Array.isArray(value)) causes.push(...checkArray(value, schema, path, trusted))
  if (isObject(value)) causes.push(...checkObject(value, schema, path, trusted))
  return causes
}

const itemKey = (item: unknown, keys: readonly string[]): string =>
  JSON.stringify(keys.map((key) => (isObject(item) ? item[key] : undefined)))

/** Fields that changed although the schema calls them immutable. List items are followed by their map keys. */
export const checkImmutable = (now: unknown, before: unknown, schema: Schema | undefined, path: string): Cause[] => {
  if (schema === undefined || now === before || now === undefined || before === undefined) return []
  const { immutableMessages = [] } = schema
  const own = immutableMessages.length === 0 || deepEqual(now, before) ? [] : immutableMessages
  const causes = own.map((message) => valueInvalid(path, now, message))
  if (isObject(now) && isObject(before))
    return causes.concat(
      Object.entries(now).flatMap(([field, child]) =>
        checkImmutable(child, before[field], fieldSchema(schema, field), path === '' ? field : `${path}.${field}`),
      ),
    )
  if (Array.isArray(now) && schema.listType === 'map') {
    const keys = schema.listKeys ?? []
    const known = new Map(asArray(before).map((item) => [itemKey(item, keys), item]))
    return causes.concat(
      now.flatMap((item, index) =>
        checkImmutable(item, known.get(itemKey(item, keys)), schema.items, `${path}[${index}]`),
      ),
    )
  }
  return causes
}

/** The first field whose JSON type the schema forbids, as a path with what was wanted and found; for built-in kinds. */
export const findTypeMismatch = (value: unknown, schema: Schema | undefined): Cause | undefined =>
  validate(value, schema, '').find((cause) => cause.reason === 'FieldValueTypeInvalid')
