/**
 * The three shapes in which a pass writes what a plan says: create, patch and delete, each with a precondition, each remembered for the fence. It
 * must not decide anything.
 */
import type { KubeObject } from '../api/meta.ts'
import { applyMergePatch, fieldManager } from '../kube/apply.ts'
import { hasUnknownOutcome, isAlreadyExists, isConflict, type KubeClient, type ObjectRef } from '../kube/client.ts'
import type { Fence } from '../kube/fence.ts'
import type { JsonPatchOperation } from '../traffic/router.ts'

export interface WriteDeps {
  readonly client: KubeClient
  readonly fence: Fence
}

/** Remembers every write for the fence, also one whose answer got lost. */
export async function recorded(
  key: string,
  ref: ObjectRef,
  fence: Fence,
  write: () => Promise<KubeObject>,
): Promise<KubeObject> {
  try {
    const written = await write()
    fence.recordWrite(key, ref, written)
    return written
  } catch (error) {
    if (hasUnknownOutcome(error)) fence.recordUnknown(key, ref)
    throw error
  }
}

/** What a write was decided on. */
export interface Decided {
  readonly ref: ObjectRef
  readonly resourceVersion: string
}

/** As {@link recorded}; of a race that is lost the fence waits for the winner, or the next pass would decide on the same old view. */
export async function recordedRace(
  key: string,
  { ref, resourceVersion }: Decided,
  fence: Fence,
  write: () => Promise<KubeObject>,
): Promise<KubeObject> {
  try {
    return await recorded(key, ref, fence, write)
  } catch (error) {
    if (isConflict(error)) fence.recordConflict(key, ref, resourceVersion)
    throw error
  }
}

/** Creating what a crashed pass has already created is success when it is ours. */
export async function createOwned(
  key: string,
  ref: ObjectRef,
  object: KubeObject,
  { client, fence }: WriteDeps,
): Promise<void> {
  try {
    await recorded(key, ref, fence, () => client.create(ref.kind, object, { fieldManager }))
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const existing = await client.get(ref)
    const owner = object.metadata.ownerReferences?.[0]?.uid
    if (!existing?.metadata.ownerReferences?.some(({ uid }) => uid === owner)) throw error
    if (existing.metadata.deletionTimestamp !== undefined) throw new Error(beingDeleted(existing), { cause: error })
    fence.recordWrite(key, ref, existing)
  }
}

/** It cannot be made anew before it is gone: success would be told in every pass, and nothing would come of it. */
function beingDeleted({ metadata: { name, finalizers } }: KubeObject): string {
  const held = finalizers !== undefined && finalizers.length > 0 ? `, which waits for ${finalizers.join(', ')}` : ''
  return `${name} is being deleted${held}`
}

export async function patchObserved(
  key: string,
  ref: ObjectRef,
  observed: KubeObject,
  patch: Readonly<Record<string, unknown>>,
  { client, fence }: WriteDeps,
): Promise<void> {
  const { resourceVersion = '' } = observed.metadata
  await recordedRace(key, { ref, resourceVersion }, fence, () =>
    applyMergePatch(client, ref, patch, { precondition: { resourceVersion } }),
  )
}

export async function removeObserved(
  key: string,
  ref: ObjectRef,
  observed: KubeObject,
  { client, fence }: WriteDeps,
): Promise<void> {
  const uid = observed.metadata.uid ?? ''
  const resourceVersion = observed.metadata.resourceVersion
  try {
    await client.delete(ref, {
      uid,
      propagationPolicy: 'Background',
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    })
    fence.recordDelete(key, ref, uid)
  } catch (error) {
    if (hasUnknownOutcome(error)) fence.recordUnknown(key, ref)
    if (resourceVersion !== undefined && isConflict(error)) fence.recordConflict(key, ref, resourceVersion)
    throw error
  }
}

/** The version that a router's patch was made for; '' when it names none. */
export function versionIn(patch: readonly JsonPatchOperation[]): string {
  const guard = patch.find(({ path }) => path === '/metadata/resourceVersion')
  return guard && 'value' in guard && typeof guard.value === 'string' ? guard.value : ''
}
