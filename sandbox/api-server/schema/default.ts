/**
 * Defaulting: fills in what a schema's `default` says, also inside objects and lists that are present. A null where the schema
 * forbids null counts as absent.
 */
import { clone, isFrozenTree, isObject, type JsonObject } from '../json.ts'
import { fieldSchema, type Schema } from './structural-schema.ts'

const withOwnDefaults = (value: JsonObject, schema: Schema): JsonObject => {
  const filled: JsonObject = { ...value }
  for (const [field, child] of Object.entries(schema.properties ?? {})) {
    if (filled[field] === null && child.nullable !== true) delete filled[field]
    if (filled[field] === undefined && child.defaultValue !== undefined) filled[field] = clone(child.defaultValue)
  }
  return filled
}

export const applyDefaults = (value: unknown, schema: Schema | undefined): unknown => {
  if (schema === undefined || isFrozenTree(value)) return value
  if (Array.isArray(value)) return value.map((item) => applyDefaults(item, schema.items))
  if (!isObject(value)) return value
  const filled = withOwnDefaults(value, schema)
  for (const [field, child] of Object.entries(filled)) {
    const known = fieldSchema(schema, field)
    if (known !== undefined) filled[field] = applyDefaults(child, known)
  }
  return filled
}
