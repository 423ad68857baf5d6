/**
 * Rollouts in memory behind the two client calls that alerts and notices make: live reads, and merge patches of annotations with a
 * resourceVersion precondition. It also plays the cache, which a test may freeze to be behind, and fails on demand.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout } from '../../controller/api/rollout.ts'
import type { CacheChange, CacheListener, ObjectCache } from '../../controller/kube/cache.ts'
import { type KubeClient, KubeError, type ObjectRef } from '../../controller/kube/client.ts'

export interface RolloutStore {
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  /** Every patch that arrived, refused ones included. */
  readonly patches: readonly unknown[]
  put(rollout: Rollout, replicaSets?: readonly ReplicaSet[]): void
  remove(namespace: string, name: string): void
  live(namespace: string, name: string): Rollout | undefined
  getRollout(namespace: string, name: string): Rollout | undefined
  readonly cache: Pick<ObjectCache<Rollout>, 'get' | 'list' | 'subscribe'>
  listReplicaSets(rollout: Rollout): readonly ReplicaSet[]
  /** From here on the cache shows what it shows now, until thawed. */
  freezeCache(): void
  thawCache(): void
  /** Runs before each patch; may throw, change the stored object, or never resolve. */
  beforePatch: (() => Promise<void> | void) | undefined
}

interface AnnotationPatch {
  readonly metadata: {
    readonly resourceVersion?: string
    readonly annotations?: Readonly<Record<string, string | null>>
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

export function createRolloutStore(): RolloutStore {
  const objects = new Map<string, Rollout>()
  const owned = new Map<string, readonly ReplicaSet[]>()
  const listeners = new Set<CacheListener<Rollout>>()
  const patches: unknown[] = []
  let frozen: ReadonlyMap<string, Rollout> | undefined
  let version = 100

  const notify = (change: CacheChange<Rollout>): void => {
    if (!frozen) for (const listener of listeners) listener(change)
  }

  const store = (rollout: Rollout): Rollout => {
    version += 1
    const { namespace = '', name } = rollout.metadata
    const stored = { ...rollout, metadata: { ...rollout.metadata, resourceVersion: String(version) } }
    const previous = objects.get(keyOf(namespace, name))
    objects.set(keyOf(namespace, name), stored)
    notify(previous ? { type: 'updated', object: stored, previous } : { type: 'added', object: stored })
    return stored
  }

  const patch = async (ref: ObjectRef, body: AnnotationPatch): Promise<Rollout> => {
    patches.push(body)
    await self.beforePatch?.()
    const current = objects.get(keyOf(ref.namespace ?? '', ref.name))
    if (!current) throw new KubeError({ code: 404, reason: 'NotFound' }, 'PATCH rollout')
    const expected = body.metadata.resourceVersion
    if (expected !== undefined && expected !== current.metadata.resourceVersion) {
      throw new KubeError({ code: 409, reason: 'Conflict' }, 'PATCH rollout')
    }
    const annotations: Record<string, string> = { ...current.metadata.annotations }
    for (const [key, value] of Object.entries(body.metadata.annotations ?? {})) {
      if (value === null) delete annotations[key]
      else annotations[key] = value
    }
    return store({ ...current, metadata: { ...current.metadata, annotations } })
  }

  const self: RolloutStore = {
    client: {
      get: async <T extends KubeObject>(ref: ObjectRef) =>
        objects.get(keyOf(ref.namespace ?? '', ref.name)) as T | undefined,
      patch: async <T extends KubeObject>(ref: ObjectRef, _kind: unknown, body: unknown) =>
        (await patch(ref, body as AnnotationPatch)) as KubeObject as T,
    },
    patches,
    put(rollout, replicaSets) {
      if (replicaSets) owned.set(keyOf(rollout.metadata.namespace ?? '', rollout.metadata.name), replicaSets)
      store(rollout)
    },
    remove(namespace, name) {
      const object = objects.get(keyOf(namespace, name))
      objects.delete(keyOf(namespace, name))
      if (object) notify({ type: 'deleted', object })
    },
    live: (namespace, name) => objects.get(keyOf(namespace, name)),
    getRollout: (namespace, name) => (frozen ?? objects).get(keyOf(namespace, name)),
    cache: {
      get: (namespace, name) => (frozen ?? objects).get(keyOf(namespace ?? '', name)),
      list: () => [...(frozen ?? objects).values()],
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    listReplicaSets: (rollout) => owned.get(keyOf(rollout.metadata.namespace ?? '', rollout.metadata.name)) ?? [],
    freezeCache() {
      frozen = new Map(objects)
    },
    thawCache() {
      frozen = undefined
      for (const object of objects.values()) notify({ type: 'updated', object, previous: object })
    },
    beforePatch: undefined,
  }
  return self
}
