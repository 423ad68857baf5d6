/**
 * Creating one object: namespace and name, what a new object starts with, ownership of its fields, and the store.
 */
import { applyConfiguration, trackUpdate } from '../apply/managed-fields.ts'
import { renderTime } from '../clock.ts'
import { ApiError, alreadyExists, badRequest, forbidden, notFound } from '../errors.ts'
import type { Stored } from '../json.ts'
import { apiVersionOf, type ResourceType, toServed } from '../resource-type.ts'
import type { Core, WriteOptions } from './context.ts'
import { checkObject, decodeObject, shapeObject } from './prepare.ts'
import { toStoredForm } from './stored-form.ts'

const namespaceType = { group: '', plural: 'namespaces', kind: 'Namespace' }

/** A missing namespace is a 404, one that is going away takes no new objects. */
const checkNamespace = (core: Core, type: ResourceType, namespace: string, name: string): void => {
  const found = core.store.get('/namespaces', undefined, namespace)
  if (found === undefined) throw notFound(namespaceType, namespace)
  if (found.metadata.deletionTimestamp !== undefined)
    throw forbidden(type, name, `unable to create new content in namespace ${namespace} because it is being terminated`)
}

const placeInNamespace = (object: Stored, type: ResourceType, namespace: string | undefined): void => {
  if (!type.namespaced || namespace === undefined) {
    delete object.metadata.namespace
    return
  }
  const given = object.metadata.namespace
  if (given !== undefined && given !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  object.metadata.namespace = namespace
}

const maxGeneratedBase = 58

const stampSystemFields = (object: Stored, type: ResourceType, core: Core): void => {
  const { metadata } = object
  if (!metadata.name && metadata.generateName)
    metadata.name = `${metadata.generateName.slice(0, maxGeneratedBase)}${core.newSuffix()}`
  metadata.uid = core.newUid()
  metadata.creationTimestamp = renderTime(core.clock.now())
  delete metadata.resourceVersion
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.generation
  delete metadata.managedFields
  if (type.isCustom || type.rules.keepsGeneration) metadata.generation = 1
  if (type.hasStatus && !type.rules.keepsStatusAtCreate) delete object.status
}

/** How ownership of the new object's fields is recorded: by create, or by an apply that found nothing. */
type Track = (prepared: Stored) => Stored

export const storeNew = (
  core: Core,
  type: ResourceType,
  object: Stored,
  options: WriteOptions,
  track: Track,
): Stored => {
  stampSystemFields(object, type, core)
  const shaped = shapeObject(object, type, core, options)
  const { name, namespace } = shaped.metadata
  type.rules.prepareCreate?.(shaped, { now: core.clock.now(), allocateIp: () => core.allocateIp() })
  if (namespace !== undefined) checkNamespace(core, type, namespace, name)
  checkObject(shaped, undefined, type)
  if (core.store.get(type.bucket, namespace, name) !== undefined) throw alreadyExists(type, name)
  const owned = toStoredForm(type, track(shaped))
  return toServed(type, options.dryRun ? owned : core.store.put(type.bucket, owned))
}

export const writerOf = (core: Core, type: ResourceType, options: WriteOptions, subresource?: string) => ({
  manager: options.fieldManager,
  apiVersion: apiVersionOf(type),
  time: renderTime(core.clock.now()),
  ...(subresource === undefined ? {} : { subresource }),
})

export const createObject = (
  core: Core,
  type: ResourceType,
  namespace: string | undefined,
  body: unknown,
  options: WriteOptions,
): Stored => {
  const object = decodeObject(body, type)
  if (object.metadata.resourceVersion)
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created')
  placeInNamespace(object, type, namespace)
  return storeNew(core, type, object, options, (prepared) =>
    trackUpdate(undefined, prepared, type.schema, writerOf(core, type, options)),
  )
}

/** Server-side apply of an object that does not exist yet. */
export const createByApply = (
  core: Core,
  type: ResourceType,
  namespace: string | undefined,
  config: Stored,
  options: WriteOptions,
): Stored => {
  placeInNamespace(config, type, namespace)
  const { merged, track } = applyConfiguration(
    undefined,
    config,
    type.schema,
    writerOf(core, type, options),
    options.force,
  )
  return storeNew(core, type, merged, options, track)
}
