/**
 * Sets of field paths, in the tree form of managedFields' FieldsV1: what an object contains, what differs between two objects,
 * and set algebra. Path elements are kept in their wire form (`f:name`, `k:{"name":"a"}`, `v:"x"`). No ownership rules here.
 */
import { keyDefaults } from '../builtin/list-keys.ts'
import { asObject, deepEqual, isFrozenTree, isObject, type JsonObject } from '../json.ts'
import { fieldSchema, type Schema } from '../schema/structural-schema.ts'

/** A node is a member itself, or leads to members, or both. */
export interface FieldSet {
  readonly isMember: boolean
  readonly children: ReadonlyMap<string, FieldSet>
}

export const emptySet: FieldSet = { isMember: false, children: new Map() }
const leaf: FieldSet = { isMember: true, children: new Map() }

export const isEmptySet = (set: FieldSet): boolean => !set.isMember && set.children.size === 0

const node = (isMember: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet => ({
  isMember,
  children: new Map([...children].filter(([, child]) => !isEmptySet(child))),
})

/** Those that are kept in the store: each is read by every write of its object. */
const parsed = new WeakMap<object, FieldSet>()

export const parseFieldSet = (fields: unknown): FieldSet => {
  if (!isFrozenTree(fields)) return readFieldSet(fields)
  const key = asObject(fields)
  const known = parsed.get(key) ?? readFieldSet(key)
  parsed.set(key, known)
  return known
}

const readFieldSet = (fields: unknown): FieldSet => {
  const raw = asObject(fields)
  const parse = (value: JsonObject): FieldSet => {
    const entries = Object.entries(value).filter(([element]) => element !== '.')
    const children = entries.map(([element, child]) => [element, parse(asObject(child))] as const)
    return { isMember: '.' in value || entries.length === 0, children: new Map(children) }
  }
  return { ...parse(raw), isMember: false }
}

export const renderFieldSet = (set: FieldSet): JsonObject => {
  const entries = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))
  const fields = Object.fromEntries(entries.map(([element, child]) => [element, renderFieldSet(child)]))
  return set.isMember && set.children.size > 0 ? { '.': {}, ...fields } : fields
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => {
  const elements = new Set([...a.children.keys(), ...b.children.keys()])
  return node(
    a.isMember || b.isMember,
    [...elements].map((e) => [e, union(a.children.get(e) ?? emptySet, b.children.get(e) ?? emptySet)] as const),
  )
}

export const intersection = (a: FieldSet, b: FieldSet): FieldSet =>
  node(
    a.isMember && b.isMember,
    [...a.children].map(([e, child]) => [e, intersection(child, b.children.get(e) ?? emptySet)] as const),
  )

export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  node(
    a.isMember && !b.isMember,
    [...a.children].map(([e, child]) => [e, difference(child, b.children.get(e) ?? emptySet)] as const),
  )

const renderElement = (element: string): string => {
  if (element.startsWith('f:')) return `.${element.slice(2)}`
  if (element.startsWith('v:')) return `[=${element.slice(2)}]`
  const keys = Object.entries(asObject(JSON.parse(element.slice(2))))
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
}

/** The members as readable paths: `.spec.template.spec.containers[name="web"].image`. */
export const listPaths = (set: FieldSet, prefix = ''): string[] => [
  ...(set.isMember ? [prefix] : []),
  ...[...set.children].flatMap(([element, child]) => listPaths(child, prefix + renderElement(element))),
]

const isSeparableList = (schema: Schema | undefined): boolean =>
  schema?.listType === 'map' || schema?.listType === 'set'

/** The path element of one item of a map or set list. */
export const elementOf = (item: unknown, schema: Schema): string => {
  if (schema.listType === 'set') return `v:${JSON.stringify(item)}`
  const keys = [...(schema.listKeys ?? [])].sort()
  const read = (key: string): unknown =>
    asObject(item)[key] ?? fieldSchema(schema.items, key)?.defaultValue ?? keyDefaults[key]
  return `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, read(key)])))}`
}

/** Whether a value is owned field by field; otherwise it is owned as a whole. */
const isGranular = (value: unknown, schema: Schema | undefined): value is JsonObject =>
  isObject(value) && schema?.mapIsAtomic !== true

/** Every field that `value` contains. */
export const fieldsOf = (value: unknown, schema: Schema | undefined): FieldSet => {
  if (Array.isArray(value)) {
    if (!isSeparableList(schema) || schema === undefined) return leaf
    return node(
      false,
      value.map((item) => [elementOf(item, schema), { ...fieldsOf(item, schema.items), isMember: true }] as const),
    )
  }
  if (!isGranular(value, schema)) return leaf
  return node(
    false,
    Object.entries(value).map(([field, child]) => {
      const fields = fieldsOf(child, fieldSchema(schema, field))
      const isDeclared = schema?.properties !== undefined && Object.hasOwn(schema.properties, field)
      const isEmptyMap = isObject(child) && Object.keys(child).length === 0
      return [`f:${field}`, isDeclared && !isEmptyMap ? fields : { ...fields, isMember: true }] as const
    }),
  )
}

export interface Comparison {
  /** Added or with another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

const combine = (parts: readonly (readonly [string, Comparison])[]): Comparison => ({
  changed: node(
    false,
    parts.map(([element, part]) => [element, part.changed] as const),
  ),
  removed: node(
    false,
    parts.map(([element, part]) => [element, part.removed] as const),
  ),
})

/** What came or went as a whole: its fields, and itself unless it stands in every object of its kind. */
const wholeOf = (value: unknown, schema: Schema | undefined, isItem: boolean): FieldSet => {
  const fields = fieldsOf(value, schema)
  return isItem || schema?.isAlwaysPresent !== true ? { ...fields, isMember: true } : fields
}

const noDifference: Comparison = { changed: emptySet, removed: emptySet }

const compareChild = (before: unknown, after: unknown, schema: Schema | undefined, isItem: boolean): Comparison => {
  // Most of an object stays as it is: to see that is much cheaper than to take it apart.
  if (deepEqual(before, after)) return noDifference
  if (before === undefined) return { changed: wholeOf(after, schema, isItem), removed: emptySet }
  if (after === undefined) return { changed: emptySet, removed: wholeOf(before, schema, isItem) }
  return compare(before, after, schema)
}

const compareItems = (before: readonly unknown[], after: readonly unknown[], schema: Schema): Comparison => {
  const old = new Map(before.map((item) => [elementOf(item, schema), item]))
  const now = new Map(after.map((item) => [elementOf(item, schema), item]))
  const elements = [...new Set([...old.keys(), ...now.keys()])]
  return combine(elements.map((e) => [e, compareChild(old.get(e), now.get(e), schema.items, true)] as const))
}

/** How `after` differs from `before`, field by field where the schema allows that. */
export const compare = (before: unknown, after: unknown, schema: Schema | undefined): Comparison => {
  if (Array.isArray(before) && Array.isArray(after) && schema !== undefined && isSeparableList(schema))
    return compareItems(before, after, schema)
  if (isGranular(before, schema) && isGranular(after, schema)) {
    const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return combine(
      fields.map((f) => {
        return [`f:${f}`, compareChild(before[f], after[f], fieldSchema(schema, f), false)] as const
      }),
    )
  }
  return deepEqual(before, after) ? noDifference : { changed: leaf, removed: emptySet }
}
