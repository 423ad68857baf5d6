/**
 * The two object operations of server-side apply: laying an applied configuration over the live object, and taking fields out
 * of it that nobody applies any more. Ownership is decided by the caller.
 */
import { isObject, type JsonObject } from '../json.ts'
import { fieldSchema, type Schema } from '../schema/structural-schema.ts'
import { elementOf, type FieldSet } from './field-set.ts'

const isKeyedList = (schema: Schema | undefined): schema is Schema =>
  schema?.listType === 'map' || schema?.listType === 'set'

const overlayItems = (live: readonly unknown[], applied: readonly unknown[], schema: Schema): unknown[] => {
  const rest = new Map(applied.map((item) => [elementOf(item, schema), item]))
  const merged = live.map((item) => {
    const element = elementOf(item, schema)
    if (!rest.has(element)) return item
    const change = rest.get(element)
    rest.delete(element)
    return overlay(item, change, schema.items)
  })
  return [...merged, ...rest.values()]
}

/** `applied` over `live`; what `applied` does not mention stays. */
export const overlay = (live: unknown, applied: unknown, schema: Schema | undefined): unknown => {
  if (Array.isArray(live) && Array.isArray(applied) && isKeyedList(schema)) return overlayItems(live, applied, schema)
  if (!isObject(live) || !isObject(applied) || schema?.mapIsAtomic) return applied
  const merged: JsonObject = { ...live }
  for (const [field, value] of Object.entries(applied))
    merged[field] = Object.hasOwn(live, field) ? overlay(live[field], value, fieldSchema(schema, field)) : value
  return merged
}

const takeItems = (list: readonly unknown[], gone: FieldSet, kept: FieldSet, schema: Schema): unknown[] =>
  list.flatMap((item) => {
    const element = elementOf(item, schema)
    const part = gone.children.get(element)
    const mine = kept.children.get(element)
    if (part === undefined) return [item]
    if (part.isMember && mine === undefined) return []
    return [takeFields(item, part, mine, schema.items)]
  })

/**
 * `value` without the members of `gone`. What `kept` names, or something below it, stays: a parent is not removed while
 * anybody owns a child of it.
 */
export const takeFields = (
  value: unknown,
  gone: FieldSet,
  kept: FieldSet | undefined,
  schema: Schema | undefined,
): unknown => {
  const kids = kept ?? { isMember: false, children: new Map<string, FieldSet>() }
  if (Array.isArray(value) && isKeyedList(schema)) return takeItems(value, gone, kids, schema)
  if (!isObject(value)) return value
  const left: JsonObject = {}
  for (const [field, child] of Object.entries(value)) {
    const part = gone.children.get(`f:${field}`)
    const mine = kids.children.get(`f:${field}`)
    if (part?.isMember && mine === undefined) continue
    const taken = part === undefined ? child : takeFields(child, part, mine, fieldSchema(schema, field))
    const isEmptied = part !== undefined && mine === undefined && isEmpty(taken) && !isEmpty(child)
    if (!isEmptied) left[field] = taken
  }
  return left
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
