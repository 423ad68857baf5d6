/**
 * Schemas of the built-in kinds, made from the field table on first use. They say which fields exist and what JSON type they
 * have; semantic rules are in `validate-*.ts`.
 */
import { readFileSync } from 'node:fs'
import type { Schema } from '../schema/structural-schema.ts'
import { atomicMaps, atomicModels, mapLists, setLists, strategicLists } from './list-keys.ts'

type FieldTable = Readonly<Record<string, Readonly<Record<string, string>>>>

const table: FieldTable = JSON.parse(readFileSync(new URL('types.json', import.meta.url), 'utf8')) as FieldTable
const made = new Map<string, Schema>()

/** Quantities may be written as numbers; the table calls them strings. */
const isQuantityMap = (field: string): boolean =>
  /\.(limits|requests|capacity|allocatable|hard|used|overhead|allocatedResources)$/.test(field)
const isQuantity = (field: string): boolean =>
  /\.(sizeLimit|averageValue|divisor)$/.test(field) || field === 'V2MetricTarget.value'

const scalars: Readonly<Record<string, Schema>> = {
  string: { type: 'string', nullable: true },
  integer: { type: 'integer', nullable: true },
  number: { type: 'number', nullable: true },
  boolean: { type: 'boolean', nullable: true },
  time: { type: 'string', nullable: true },
  'int-or-string': { intOrString: true, nullable: true },
  any: { preserveUnknown: true, nullable: true },
}

const listOf = (element: string, field: string): Schema => {
  const keys = mapLists[field]
  const items = schemaOf(element, `${field}[]`)
  const mergeKey = strategicLists[field] ?? keys?.[0]
  return {
    type: 'array',
    nullable: true,
    items,
    ...(keys === undefined ? {} : { listType: 'map' as const, listKeys: keys }),
    ...(setLists.includes(field) ? { listType: 'set' as const } : {}),
    ...(mergeKey === undefined ? {} : { patchMergeKey: mergeKey }),
  }
}

/** `type` in the table's notation; `field` is `Model.field`, for the list and map tables. */
const schemaOf = (type: string, field: string): Schema => {
  if (type.startsWith('[]')) return listOf(type.slice(2), field)
  if (type.startsWith('{}')) {
    const additionalProperties = isQuantityMap(field)
      ? { nullable: true, rules: {} }
      : schemaOf(type.slice(2), `${field}{}`)
    const mapIsAtomic = atomicMaps.includes(field)
    return { type: 'object', nullable: true, additionalProperties, ...(mapIsAtomic ? { mapIsAtomic } : {}) }
  }
  if (isQuantity(field)) return { nullable: true }
  return scalars[type] ?? modelSchema(type)
}

/** The schema of one model, for instance `V1PodSpec`. Models refer to themselves, so `properties` is read lazily. */
export const modelSchema = (model: string): Schema => {
  const known = made.get(model)
  if (known !== undefined) return known
  const fields = table[model]
  if (fields === undefined) throw new Error(`types.json has no model ${model}`)
  let properties: Record<string, Schema> | undefined
  const schema: Schema = {
    type: 'object',
    nullable: true,
    isAlwaysPresent: true,
    ...(atomicModels.includes(model) ? { mapIsAtomic: true } : {}),
    get properties() {
      properties ??= Object.fromEntries(
        Object.entries(fields).map(([field, type]) => [field, schemaOf(type, `${model}.${field}`)]),
      )
      return properties
    },
  }
  made.set(model, schema)
  return schema
}
