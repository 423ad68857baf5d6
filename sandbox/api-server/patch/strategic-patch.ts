/**
 * Strategic merge patch: a merge patch that matches list items by the kind's merge keys and obeys the `$patch`,
 * `$deleteFromPrimitiveList`, `$setElementOrder` and `$retainKeys` directives. Without a merge key a list is replaced.
 */
import { badRequest } from '../errors.ts'
import { deepEqual, isObject, type JsonObject } from '../json.ts'
import { fieldSchema, type Schema } from '../schema/structural-schema.ts'

const deleteListPrefix = '$deleteFromPrimitiveList/'
const orderPrefix = '$setElementOrder/'

const mergeScalars = (current: readonly unknown[], patch: readonly unknown[]): unknown[] => [
  ...current,
  ...patch.filter((item) => !current.includes(item)),
]

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const keyOf = (item: unknown, key: string): unknown => (isObject(item) ? item[key] : undefined)

/** Merges keyed items: known ones in place, new ones at the end, `$patch: delete` removes. */
const mergeKeyed = (
  current: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  items: Schema | undefined,
): unknown[] => {
  const replacesAll = patch.some((item) => isObject(item) && item.$patch === 'replace' && !(key in item))
  if (replacesAll) return patch.filter((item) => !(isObject(item) && item.$patch === 'replace' && !(key in item)))
  const merged = [...current]
  for (const change of patch) {
    if (!isObject(change)) throw badRequest('error decoding patch: an item of a merged list must be an object')
    const name = change[key]
    if (name === undefined)
      throw badRequest(`map: ${JSON.stringify(change)} does not contain declared merge key: ${key}`)
    const index = merged.findIndex((item) => keyOf(item, key) === name)
    if (change.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1)
    } else if (index >= 0) merged[index] = mergeObject(merged[index], change, items)
    else merged.push(mergeObject({}, change, items))
  }
  return merged
}

/** Puts the items named in `order` in that order; items it does not name keep their place after what came before them. */
const reorder = (list: readonly unknown[], order: readonly unknown[], key: string): unknown[] => {
  const nameOf = (item: unknown): unknown => (key === '' ? item : keyOf(item, key))
  const rank = new Map(order.map((entry, index) => [nameOf(entry), index]))
  const ordered = list.filter((item) => rank.has(nameOf(item)))
  ordered.sort((a, b) => (rank.get(nameOf(a)) ?? 0) - (rank.get(nameOf(b)) ?? 0))
  const foreign = list.filter((item) => !rank.has(nameOf(item)))
  return [...ordered, ...foreign]
}

const mergeList = (current: unknown, patch: readonly unknown[], schema: Schema | undefined): unknown => {
  const key = schema?.patchMergeKey
  if (key === undefined) return patch
  if (key === '') return mergeScalars(itemsOf(current), patch)
  return mergeKeyed(itemsOf(current), patch, key, schema?.items)
}

const applyListDirectives = (merged: JsonObject, patch: JsonObject, schema: Schema | undefined): void => {
  for (const [directive, value] of Object.entries(patch)) {
    if (directive.startsWith(deleteListPrefix)) {
      const field = directive.slice(deleteListPrefix.length)
      const gone = itemsOf(value)
      if (Array.isArray(merged[field]))
        merged[field] = itemsOf(merged[field]).filter((item) => !gone.some((entry) => deepEqual(entry, item)))
    }
    if (directive.startsWith(orderPrefix)) {
      const field = directive.slice(orderPrefix.length)
      const key = fieldSchema(schema, field)?.patchMergeKey
      if (key !== undefined && Array.isArray(merged[field]))
        merged[field] = reorder(itemsOf(merged[field]), itemsOf(value), key)
    }
  }
}

const mergeField = (current: unknown, change: unknown, schema: Schema | undefined): unknown => {
  if (isObject(change)) return mergeObject(current, change, schema)
  if (Array.isArray(change)) return mergeList(current, change, schema)
  return change
}

const mergeObject = (target: unknown, patch: JsonObject, schema: Schema | undefined): JsonObject => {
  const { $patch, $retainKeys, ...changes } = patch
  if ($patch === 'delete') return {}
  const start: JsonObject = isObject(target) && $patch !== 'replace' ? { ...target } : {}
  if (Array.isArray($retainKeys)) {
    for (const field of Object.keys(start)) if (!$retainKeys.includes(field)) delete start[field]
  }
  for (const [field, change] of Object.entries(changes)) {
    if (field.startsWith('$')) continue
    if (change === null || (isObject(change) && change.$patch === 'delete')) delete start[field]
    else start[field] = mergeField(start[field], change, fieldSchema(schema, field))
  }
  applyListDirectives(start, changes, schema)
  return start
}

export const applyStrategicPatch = (object: JsonObject, patch: unknown, schema: Schema): JsonObject => {
  if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch is a JSON object')
  return mergeObject(object, patch, schema)
}
