/**
 * Pruning: drops the fields a schema does not know and names them, for `fieldValidation`. It must not judge values.
 */
import { isFrozenTree, isObject, type JsonObject } from '../json.ts'
import { fieldSchema, keepsUnknown, type Schema } from './structural-schema.ts'

const envelope = ['apiVersion', 'kind', 'metadata']

/** Returns the value without unknown fields; their paths (`spec.a[0].b`) are appended to `unknown`. */
export const prune = (value: unknown, schema: Schema | undefined, path: string, unknown: string[]): unknown => {
  if (schema === undefined || isFrozenTree(value)) return value
  if (Array.isArray(value)) return value.map((item, index) => prune(item, schema.items, `${path}[${index}]`, unknown))
  if (!isObject(value)) return value
  const kept: JsonObject = {}
  for (const [field, child] of Object.entries(value)) {
    const childPath = path === '' ? field : `${path}.${field}`
    const known = fieldSchema(schema, field)
    if (known !== undefined) kept[field] = prune(child, known, childPath, unknown)
    else if (keepsUnknown(schema) || (schema.embedded && envelope.includes(field))) kept[field] = child
    else unknown.push(childPath)
  }
  return kept
}
