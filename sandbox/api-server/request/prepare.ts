/**
 * What happens to every object on its way into the store, whoever wrote it: decode, prune, default, validate. It answers with
 * the object as it will be stored, or throws the 400 or 422 that the client must see.
 */
import { badRequest, type Cause, invalid } from '../errors.ts'
import { clone, isFrozenTree, isObject, type JsonObject, readPath, renderScalar, type Stored } from '../json.ts'
import { apiVersionOf, type ResourceType } from '../resource-type.ts'
import { applyDefaults } from '../schema/default.ts'
import { prune } from '../schema/prune.ts'
import { checkImmutable, findTypeMismatch, validate, valueInvalid } from '../schema/validate.ts'
import { validateMetadata } from '../validate-metadata.ts'
import type { Core, WriteOptions } from './context.ts'

const checkEnvelope = (body: JsonObject, type: ResourceType): void => {
  const wanted = apiVersionOf(type)
  const { kind = type.isCustom ? undefined : type.kind, apiVersion = type.isCustom ? undefined : wanted } = body
  if (typeof kind !== 'string' || kind === '')
    throw badRequest(`Object 'Kind' is missing in '${type.kind}' request body`)
  if (kind !== type.kind || apiVersion !== wanted)
    throw badRequest(
      `the API version in the data (${String(apiVersion)}, Kind=${kind}) does not match the expected API version (${wanted}, Kind=${type.kind})`,
    )
}

const isMetaObject = (value: unknown): value is Stored['metadata'] => isObject(value)

/** The body as an object of this type; unknown fields and wrong JSON types are still in it. */
export const decodeObject = (body: unknown, type: ResourceType): Stored => {
  if (!isObject(body)) throw badRequest('the request body is not a JSON object')
  checkEnvelope(body, type)
  const metadata = clone(body.metadata ?? {})
  if (!isMetaObject(metadata)) throw badRequest('metadata must be an object')
  return { ...clone(body), apiVersion: apiVersionOf(type), kind: type.kind, metadata }
}

const reportUnknown = (unknown: readonly string[], options: WriteOptions): void => {
  if (unknown.length === 0 || options.fieldValidation === 'Ignore') return
  const sentences = unknown.map((path) => `unknown field "${path}"`)
  if (options.fieldValidation === 'Strict') throw badRequest(`strict decoding error: ${sentences.join(', ')}`)
  options.warnings.push(...sentences)
}

/** A wrong JSON type: built-in kinds refuse to decode it (400), custom ones call it invalid (422). */
const checkTypes = (object: Stored, type: ResourceType): void => {
  const schema = type.isCustom ? type.schema.properties?.metadata : type.schema
  const wrong = findTypeMismatch(type.isCustom ? object.metadata : object, schema)
  if (wrong === undefined) return
  throw badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${wrong.message}`)
}

const withoutNulls = (value: unknown): unknown => {
  if (isFrozenTree(value)) return value
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([, child]) => child !== null)
  return Object.fromEntries(kept.map(([field, child]) => [field, withoutNulls(child)]))
}

const isStored = (value: unknown): value is Stored => isObject(value) && isMetaObject(value.metadata)

/** Prunes and defaults; reports unknown fields as the client asked. */
export const shapeObject = (object: Stored, type: ResourceType, core: Core, options: WriteOptions): Stored => {
  const unknown: string[] = []
  const pruned = prune(object, type.schema, '', unknown)
  reportUnknown(unknown.sort(), options)
  if (!isStored(pruned)) throw badRequest('metadata must be an object')
  checkTypes(pruned, type)
  const shaped = type.isCustom ? applyDefaults(pruned, type.schema) : withoutNulls(pruned)
  if (!isStored(shaped)) throw badRequest('metadata must be an object')
  if (!isFrozenTree(shaped.spec))
    type.rules.applyDefaults?.(shaped, { now: core.clock.now(), allocateIp: () => core.allocateIp() })
  return shaped
}

const goType = (value: unknown): string =>
  typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : typeof value

/** The fields that the scale subresource reads and writes hold counts, whatever the schema says. */
const checkScale = (object: Stored, { scale }: ResourceType): Cause[] => {
  if (scale === undefined) return []
  return [scale.specReplicasPath, scale.statusReplicasPath].flatMap((path) => {
    const value = readPath(object, path)
    if (value === undefined || value === null) return []
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      const why = `${path} accessor error: ${renderScalar(value)} is of the type ${goType(value)}, expected int64`
      return [valueInvalid(path, 0, why)]
    }
    return value < 0 ? [valueInvalid(path, value, 'should be a non-negative integer')] : []
  })
}

/** Throws a 422 that names every breach. `previous` is absent for a create. */
export const checkObject = (object: Stored, previous: Stored | undefined, type: ResourceType): void => {
  const causes: Cause[] = [
    ...validateMetadata(object, type),
    ...(type.isCustom ? validate(object, type.schema, '') : []),
    ...(type.isCustom ? checkScale(object, type) : []),
    ...(previous === undefined ? [] : checkImmutable(object, previous, type.schema, '')),
    ...(type.rules.validate?.(object, previous) ?? []),
  ]
  if (causes.length > 0) throw invalid(type, object.metadata.name ?? '', causes)
}
