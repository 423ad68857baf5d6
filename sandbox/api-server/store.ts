/**
 * The versioned store: every write gets the next number of one global resourceVersion and one entry in a bounded event log, so
 * that any state since the last compaction can be replayed or rebuilt. It must not know kinds, rules or clients.
 */
import { deepFreeze, type Stored } from './json.ts'

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  /** `group/plural` */
  readonly bucket: string
  /** For DELETED: the last state, carrying the deletion's resourceVersion. */
  readonly object: Stored
  readonly previous: Stored | undefined
}

export interface Store {
  readonly version: () => number
  /** Events up to and including this version are no longer known. */
  readonly compactedVersion: () => number
  get(bucket: string, namespace: string | undefined, name: string): Stored | undefined
  /** All objects of a bucket, by namespace then name; with `atVersion`, as they were then. */
  list(bucket: string, namespace?: string, atVersion?: number): Stored[]
  /** Stores the object under the next version and returns it frozen. */
  put(bucket: string, object: Stored): Stored
  remove(bucket: string, object: Stored): Stored
  since(version: number): readonly StoreEvent[]
  buckets(): readonly string[]
  compact(): void
  subscribe(listener: (event: StoreEvent) => void): () => void
}

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`

/** `logLimit`: how many events are kept before the older half is compacted away. */
export const createStore = (logLimit: number): Store => {
  const objects = new Map<string, Map<string, Stored>>()
  const listeners = new Set<(event: StoreEvent) => void>()
  let log: StoreEvent[] = []
  let version = 1
  let compacted = 0

  const bucketOf = (bucket: string): Map<string, Stored> => {
    const known = objects.get(bucket)
    if (known !== undefined) return known
    const made = new Map<string, Stored>()
    objects.set(bucket, made)
    return made
  }

  const record = (event: StoreEvent): void => {
    log.push(event)
    if (log.length > logLimit) {
      const dropped = log.splice(0, Math.ceil(logLimit / 2))
      compacted = dropped.at(-1)?.version ?? compacted
    }
    for (const listener of Array.from(listeners)) listener(event)
  }

  const since = (from: number): readonly StoreEvent[] => {
    const first = log.findIndex((event) => event.version > from)
    return first < 0 ? [] : log.slice(first)
  }

  /** Undoes, newest first, what happened after `at`. */
  const rebuild = (bucket: string, at: number): Map<string, Stored> => {
    const past = new Map(bucketOf(bucket))
    for (const event of [...since(at)].reverse()) {
      if (event.bucket !== bucket) continue
      const key = keyOf(event.object.metadata.namespace, event.object.metadata.name)
      if (event.previous === undefined) past.delete(key)
      else past.set(key, event.previous)
    }
    return past
  }

  const stamp = (object: Stored): Stored => {
    version += 1
    return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } })
  }

  return {
    version: () => version,
    compactedVersion: () => compacted,
    get: (bucket, namespace, name) => objects.get(bucket)?.get(keyOf(namespace, name)),
    list(bucket, namespace, atVersion) {
      const source = atVersion === undefined || atVersion === version ? bucketOf(bucket) : rebuild(bucket, atVersion)
      const entries = [...source].filter(
        ([, object]) => namespace === undefined || object.metadata.namespace === namespace,
      )
      return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
    },
    put(bucket, object) {
      const key = keyOf(object.metadata.namespace, object.metadata.name)
      const previous = bucketOf(bucket).get(key)
      const stored = stamp(object)
      bucketOf(bucket).set(key, stored)
      record({ type: previous === undefined ? 'ADDED' : 'MODIFIED', version, bucket, object: stored, previous })
      return stored
    },
    remove(bucket, object) {
      const key = keyOf(object.metadata.namespace, object.metadata.name)
      const previous = bucketOf(bucket).get(key)
      const last = stamp(object)
      bucketOf(bucket).delete(key)
      record({ type: 'DELETED', version, bucket, object: last, previous })
      return last
    },
    since,
    buckets: () => [...objects.keys()],
    compact() {
      log = []
      compacted = version
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
