/**
 * Owner garbage collection, driven by store events only: dependents go when their last owner has gone; the finalizers
 * `foregroundDeletion` and `orphan` are honoured and taken off. Work is done one step after the event that caused it, so that
 * the client that deleted gets its answer first.
 */
import { clone, type OwnerRef, type Stored } from '../json.ts'
import type { Core } from '../request/context.ts'
import { deleteObject } from '../request/delete.ts'
import type { StoreEvent } from '../store.ts'

interface Location {
  readonly bucket: string
  readonly namespace: string | undefined
  readonly name: string
  readonly uid: string
}

export interface GarbageCollector {
  stop(): void
}

/** uid → where the object is, and owner uid → its dependents. */
const createGraph = () => {
  const objects = new Map<string, Location>()
  const dependents = new Map<string, Map<string, Location>>()
  const owners = (object: Stored | undefined): readonly OwnerRef[] => object?.metadata.ownerReferences ?? []

  return {
    objects,
    dependentsOf: (uid: string): Location[] => [...(dependents.get(uid)?.values() ?? [])],
    record(event: StoreEvent): void {
      const { uid = '', namespace, name } = event.object.metadata
      const location = { bucket: event.bucket, namespace, name, uid }
      for (const owner of owners(event.previous)) {
        const known = dependents.get(owner.uid)
        known?.delete(uid)
        if (known?.size === 0) dependents.delete(owner.uid)
      }
      if (event.type === 'DELETED') {
        objects.delete(uid)
        return
      }
      objects.set(uid, location)
      for (const owner of owners(event.object)) {
        const known = dependents.get(owner.uid) ?? new Map<string, Location>()
        dependents.set(owner.uid, known.set(uid, location))
      }
    },
  }
}

const withFinalizer = (object: Stored, gone: string): Stored => {
  const { finalizers = [], ...metadata } = object.metadata
  const left = finalizers.filter((name) => name !== gone)
  return { ...object, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } }
}

export const startGarbageCollector = (core: Core, defer: (run: () => void) => void): GarbageCollector => {
  const graph = createGraph()
  const { store } = core

  const read = ({ bucket, namespace, name, uid }: Location): Stored | undefined => {
    const found = store.get(bucket, namespace, name)
    return found?.metadata.uid === uid ? found : undefined
  }

  const write = ({ bucket }: Location, object: Stored): void => {
    const isOver =
      object.metadata.deletionTimestamp !== undefined &&
      (object.metadata.finalizers ?? []).length === 0 &&
      (object.metadata.deletionGracePeriodSeconds ?? 0) === 0
    if (isOver) store.remove(bucket, object)
    else store.put(bucket, object)
  }

  /** An owner counts while it exists under the same uid, in the dependent's namespace or cluster-wide. */
  const ownerOf = (owner: OwnerRef, dependent: Stored): Stored | undefined => {
    const location = graph.objects.get(owner.uid)
    if (location === undefined) return undefined
    const isReachable = location.namespace === undefined || location.namespace === dependent.metadata.namespace
    return isReachable ? read(location) : undefined
  }

  const remove = (location: Location, propagationPolicy: 'Foreground' | 'Background'): void => {
    const object = read(location)
    const type = core.registry.ofBucket(location.bucket)
    if (object === undefined || type === undefined || object.metadata.deletionTimestamp !== undefined) return
    deleteObject(core, type, object, { propagationPolicy, dryRun: false })
  }

  const waitsForDependents = (owner: Stored): boolean =>
    owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes('foregroundDeletion') === true

  /** Decides about one object that names owners. */
  const judgeDependent = (location: Location): void => {
    const object = read(location)
    const owners = object?.metadata.ownerReferences ?? []
    if (object === undefined || owners.length === 0) return
    const solid = owners.filter((ref) => {
      const owner = ownerOf(ref, object)
      return owner !== undefined && !waitsForDependents(owner)
    })
    const isAwaited = owners.some((ref) => {
      const owner = ownerOf(ref, object)
      return owner !== undefined && waitsForDependents(owner)
    })
    if (solid.length === 0) remove(location, isAwaited ? 'Foreground' : 'Background')
    else if (solid.length < owners.length)
      write(location, { ...object, metadata: { ...object.metadata, ownerReferences: clone(solid) } })
  }

  const finishForeground = (location: Location, owner: Stored): void => {
    const blocking = graph.dependentsOf(location.uid).filter((dependent) => {
      const refs = read(dependent)?.metadata.ownerReferences ?? []
      return refs.some((ref) => ref.uid === location.uid && ref.blockOwnerDeletion === true)
    })
    for (const dependent of graph.dependentsOf(location.uid)) judgeDependent(dependent)
    if (blocking.length === 0) write(location, withFinalizer(owner, 'foregroundDeletion'))
  }

  const finishOrphan = (location: Location, owner: Stored): void => {
    for (const dependent of graph.dependentsOf(location.uid)) {
      const object = read(dependent)
      if (object === undefined) continue
      const { ownerReferences = [], ...metadata } = object.metadata
      const left = ownerReferences.filter((ref) => ref.uid !== location.uid)
      const rest = left.length === 0 ? metadata : { ...metadata, ownerReferences: left }
      write(dependent, { ...object, metadata: rest })
    }
    write(location, withFinalizer(owner, 'orphan'))
  }

  const judgeOwner = (location: Location): void => {
    const owner = read(location)
    if (owner?.metadata.deletionTimestamp === undefined) return
    const finalizers = owner.metadata.finalizers ?? []
    if (finalizers.includes('orphan')) finishOrphan(location, owner)
    else if (finalizers.includes('foregroundDeletion')) finishForeground(location, owner)
  }

  const react = (event: StoreEvent): void => {
    const { uid = '', namespace, name, ownerReferences = [] } = event.object.metadata
    const location = { bucket: event.bucket, namespace, name, uid }
    if (event.type !== 'DELETED') {
      judgeDependent(location)
      judgeOwner(location)
      return
    }
    for (const dependent of graph.dependentsOf(uid)) judgeDependent(dependent)
    for (const owner of ownerReferences) {
      const known = graph.objects.get(owner.uid)
      if (known !== undefined) judgeOwner(known)
    }
  }

  const concerns = ({ object, type }: StoreEvent): boolean =>
    type === 'DELETED' ||
    object.metadata.deletionTimestamp !== undefined ||
    (object.metadata.ownerReferences ?? []).length > 0

  const unsubscribe = store.subscribe((event) => {
    graph.record(event)
    if (concerns(event)) defer(() => react(event))
  })
  return { stop: unsubscribe }
}
