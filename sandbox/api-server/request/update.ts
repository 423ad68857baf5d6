/**
 * Changing one object, for PUT and for every kind of patch: what may change through which path, optimistic concurrency,
 * generation, finalizers, ownership. A change that changes nothing is not written.
 */
import { trackUpdate } from '../apply/managed-fields.ts'
import { badRequest, conflict, invalid, notFound, staleWrite } from '../errors.ts'
import { clone, deepEqual, isFrozenTree, type JsonObject, type Stored } from '../json.ts'
import { desiredState, type ResourceType, toServed } from '../resource-type.ts'
import { valueForbidden, valueInvalid } from '../schema/validate.ts'
import type { Core, WriteOptions } from './context.ts'
import { createObject, writerOf } from './create.ts'
import { checkObject, decodeObject, shapeObject } from './prepare.ts'
import { toStoredForm } from './stored-form.ts'

export interface Change {
  readonly type: ResourceType
  /** As served in this version. */
  readonly live: Stored
  readonly next: Stored
  readonly subresource: string | undefined
  readonly options: WriteOptions
  /** Ownership when not that of a plain update. */
  readonly track?: (prepared: Stored) => Stored
}

/** Returns the live object as this version shows it, or throws 404. */
export const readLive = (core: Core, type: ResourceType, namespace: string | undefined, name: string): Stored => {
  const found = core.store.get(type.bucket, namespace, name)
  if (found === undefined) throw notFound(type, name)
  return toServed(type, found)
}

const checkVersion = ({ type, live, next, subresource }: Change, isPut: boolean): void => {
  const { uid, resourceVersion, name } = live.metadata
  const wantedUid = next.metadata.uid
  if (wantedUid && wantedUid !== uid) {
    if (!isPut) throw invalid(type, name, [valueInvalid('metadata.uid', wantedUid, 'field is immutable')])
    throw conflict(type, name, `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${uid}`)
  }
  const given = next.metadata.resourceVersion
  if (given && given !== '0') {
    if (given !== resourceVersion) throw staleWrite(type, name)
    return
  }
  const isFree = type.rules.allowsUnconditionalUpdate === true && !type.isCustom
  if (isPut && !isFree && subresource !== 'scale')
    throw invalid(type, name, [valueInvalid('metadata.resourceVersion', 0, 'must be specified for an update')])
}

const systemFields: readonly string[] = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
  'selfLink',
]

/** System metadata comes from the live object, whatever the client sent. */
const keepSystemFields = (next: Stored, live: Stored): Stored => {
  const metadata: JsonObject = {}
  const system: JsonObject = { ...live.metadata }
  for (const [field, value] of Object.entries(next.metadata)) if (!systemFields.includes(field)) metadata[field] = value
  for (const field of systemFields) if (system[field] !== undefined) metadata[field] = system[field]
  const { name, namespace, resourceVersion } = live.metadata
  const kept = { ...metadata, name, ...(namespace === undefined ? {} : { namespace }) }
  return { ...next, metadata: resourceVersion === undefined ? kept : { ...kept, resourceVersion } }
}

/** The main path cannot change status; the status path changes nothing else (built-in kinds: also annotations). */
const isolate = (next: Stored, live: Stored, type: ResourceType, subresource: string | undefined): Stored => {
  if (subresource === 'status') {
    const { annotations } = next.metadata
    const metadata = type.isCustom || annotations === undefined ? live.metadata : { ...live.metadata, annotations }
    const { status: _old, ...rest } = live
    return next.status === undefined
      ? { ...rest, apiVersion: live.apiVersion, kind: live.kind, metadata }
      : { ...live, metadata, status: next.status }
  }
  if (!type.hasStatus) return next
  const { status: _new, ...rest } = next
  const own = { ...rest, apiVersion: next.apiVersion, kind: next.kind, metadata: next.metadata }
  return live.status === undefined ? own : { ...own, status: live.status }
}

const checkFinalizers = (next: Stored, live: Stored, type: ResourceType): void => {
  if (live.metadata.deletionTimestamp === undefined) return
  const added = (next.metadata.finalizers ?? []).filter((name) => !live.metadata.finalizers?.includes(name))
  if (added.length === 0) return
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`
  throw invalid(type, live.metadata.name, [valueForbidden('metadata.finalizers', why)])
}

const bumpGeneration = (next: Stored, live: Stored, type: ResourceType): Stored => {
  const { generation } = live.metadata
  if (generation === undefined) return next
  const isSame = deepEqual(desiredState(next, type.hasStatus), desiredState(live, type.hasStatus))
  return isSame ? next : { ...next, metadata: { ...next.metadata, generation: generation + 1 } }
}

const withoutOwnership = (object: Stored): Stored => {
  const { managedFields: _managed, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** A deleted object goes when its last finalizer does and its grace period is over. */
const isFinished = ({ metadata }: Stored, type: ResourceType): boolean =>
  type.rules.isEmptiedFirst !== true &&
  metadata.deletionTimestamp !== undefined &&
  (metadata.finalizers ?? []).length === 0 &&
  (metadata.deletionGracePeriodSeconds ?? 0) === 0

const prepare = (core: Core, change: Change): Stored => {
  const { type, live, subresource, options } = change
  // A status goes to the live object: of its own metadata no more is read than annotations.
  const sent = subresource === 'status' ? change.next : keepSystemFields(change.next, live)
  const next = isolate(sent, live, type, subresource)
  // Only rules change what they are given; what stays as it is in the store need not be looked at again.
  const isShared = subresource === 'status' || (type.isCustom && type.rules.prepareUpdate === undefined)
  const metadata = isFrozenTree(next.metadata) ? next.metadata : { ...next.metadata }
  const isolated = isShared ? { ...next, metadata } : clone(next)
  if (subresource === undefined) type.rules.prepareUpdate?.(isolated, live)
  const shaped = shapeObject(isolated, type, core, options)
  checkFinalizers(shaped, live, type)
  checkObject(shaped, live, type)
  return bumpGeneration(shaped, live, type)
}

/** Writes the change and returns the object as served, with its new resourceVersion. Throws 409 and 422. */
export const updateObject = (core: Core, change: Change, isPut: boolean): Stored => {
  const { type, live, options, subresource } = change
  if (change.next.metadata.name && change.next.metadata.name !== live.metadata.name)
    throw badRequest(
      `the name of the object (${change.next.metadata.name}) does not match the name on the URL (${live.metadata.name})`,
    )
  checkVersion(change, isPut)
  const prepared = prepare(core, change)
  const writer = writerOf(core, type, options, subresource)
  const track = change.track ?? ((object: Stored) => trackUpdate(live, object, type.schema, writer))
  const owned = track(prepared)
  const isSame = deepEqual(withoutOwnership(owned), withoutOwnership(live))
  const isSameOwnership = deepEqual(owned.metadata.managedFields, live.metadata.managedFields)
  if (isSame && isSameOwnership) return live
  const stored = toStoredForm(type, owned)
  if (options.dryRun) return owned
  if (isFinished(owned, type)) return toServed(type, core.store.remove(type.bucket, stored))
  return toServed(type, core.store.put(type.bucket, stored))
}

/** PUT. */
export const replaceObject = (
  core: Core,
  type: ResourceType,
  address: { namespace: string | undefined; name: string; subresource: string | undefined },
  body: unknown,
  options: WriteOptions,
): Stored => {
  const next = decodeObject(body, type)
  const { namespace, name, subresource } = address
  const isKnown = core.store.get(type.bucket, namespace, name) !== undefined
  if (!isKnown && type.rules.allowsCreateOnUpdate) {
    delete next.metadata.resourceVersion
    return createObject(core, type, namespace, { ...next, metadata: { ...next.metadata, name } }, options)
  }
  const live = readLive(core, type, namespace, name)
  return updateObject(core, { type, live, next, subresource, options }, true)
}
