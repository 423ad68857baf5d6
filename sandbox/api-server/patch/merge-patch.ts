/** JSON merge patch (RFC 7386): objects merge, null removes, everything else replaces. */
import { badRequest } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'

const mergeObject = (target: unknown, patch: JsonObject): JsonObject => {
  const merged: JsonObject = isObject(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field]
    else if (isObject(value)) setField(merged, field, mergeObject(merged[field], value))
    else setField(merged, field, value)
  }
  return merged
}

/** Plain assignment to `__proto__` would set the prototype instead of a field. */
const setField = (object: JsonObject, field: string, value: unknown): void => {
  Object.defineProperty(object, field, { value, writable: true, enumerable: true, configurable: true })
}

export const applyMergePatch = (object: JsonObject, patch: unknown): JsonObject => {
  if (!isObject(patch)) throw badRequest('error decoding patch: a merge patch is a JSON object')
  return mergeObject(object, patch)
}
