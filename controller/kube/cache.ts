/**
 * The local copy of one kind's objects with its indexes. Only list and watch write it (invariant S16: a write of ours shows up
 * when the API server tells us, never before). Objects are deeply frozen; the cache decides what is stale and what changed.
 */
import type { KubeObject } from '../api/meta.ts'
import type { Logger } from '../runtime/log.ts'
import { compareResourceVersions } from './resource-version.ts'

export type CacheChange<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

/**
 * What is known of a collection. `filling`: nothing yet; `filled`: a whole list was stored; `notServed`: the server does not know the kind;
 * `forbidden`: we may not list it, what is held is old; `failing`: no list has succeeded, for another reason.
 */
export type CacheState = 'filling' | 'filled' | 'notServed' | 'forbidden' | 'failing'

export type CacheListener<T extends KubeObject> = (change: CacheChange<T>) => void

/** From an object to the index values it is found under. */
export type Indexer<T extends KubeObject> = (object: T) => readonly string[]

/** The reading side. Results are sorted by namespace and name, so that equal content gives equal decisions. */
export interface ObjectCache<T extends KubeObject> {
  get(namespace: string | undefined, name: string): T | undefined
  list(namespace?: string): readonly T[]
  /** Objects under `value` of a named index. Throws TypeError for an index that was never declared. */
  byIndex(index: string, value: string): readonly T[]
  /** Newest resourceVersion the cache is known to include; '' before the first list. */
  resourceVersion(): string
  size(): number
  state(): CacheState
  /** `listener` runs after each change of the state. Returns the unsubscriber. */
  subscribeState(listener: () => void): () => void
  /** Listeners run after the cache has changed; one that throws is logged and harms nobody. Returns the unsubscriber. */
  subscribe(listener: CacheListener<T>): () => void
}

/** The writing side, for the reflector alone. */
export interface CacheSink<T extends KubeObject> {
  /** The complete content as of `resourceVersion`; what is missing from it has been deleted. Returns how many objects differed. */
  replace(objects: readonly T[], resourceVersion: string): number
  upsert(object: T): void
  remove(object: T): void
  /** The server has told us everything up to here. */
  advance(resourceVersion: string): void
  /** A list failed. A passing failure takes nothing away from what was listed before. */
  fail(state: Exclude<CacheState, 'filling' | 'filled'>): void
  /** Declares an index, filling it from what is there. Throws TypeError when the name is taken by another indexer. */
  addIndexer(name: string, indexer: Indexer<T>): void
}

export interface CacheOptions<T extends KubeObject> {
  readonly name: string
  readonly log: Logger
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
}

/** Indexes every owner's uid; enough for "the ReplicaSets of this Rollout". */
export const indexByOwnerUid = (object: KubeObject): readonly string[] =>
  (object.metadata.ownerReferences ?? []).map((owner) => owner.uid)

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

/** Freezes an object tree made of JSON. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const entry of Object.values(value)) deepFreeze(entry)
  return Object.freeze(value)
}

export function createCache<T extends KubeObject>(options: CacheOptions<T>): ObjectCache<T> & CacheSink<T> {
  const objects = new Map<string, T>()
  const indexes = new Map<string, KeyIndex<T>>()
  const byNamespace = createIndex<T>((object) => [object.metadata.namespace ?? ''], options)
  const listeners = new Set<CacheListener<T>>()
  const stateListeners = new Set<() => void>()
  let version = ''
  let state: CacheState = 'filling'

  const tell = (listener: () => void): void => {
    try {
      listener()
    } catch (error) {
      options.log.error('a cache listener threw', { reason: 'ListenerThrew', cache: options.name, error })
    }
  }
  const notify = (change: CacheChange<T>): void => {
    for (const listener of listeners) tell(() => listener(change))
  }
  const setState = (next: CacheState): void => {
    if (next === state) return
    state = next
    for (const listener of stateListeners) tell(listener)
  }
  const place = (key: string, next: T | undefined, previous: T | undefined): void => {
    for (const index of [byNamespace, ...indexes.values()]) {
      if (previous) index.remove(key, previous)
      if (next) index.insert(key, next)
    }
    if (next) objects.set(key, next)
    else objects.delete(key)
  }
  const put = (object: T, replaces: (next: T, previous: T) => boolean): boolean => {
    const key = keyOf(object)
    const previous = objects.get(key)
    if (previous && !replaces(object, previous)) return false
    const frozen = deepFreeze(object)
    place(key, frozen, previous)
    // A different uid is another object of the same name: its predecessor's deletion went unseen.
    if (previous && previous.metadata.uid !== frozen.metadata.uid) {
      notify({ type: 'deleted', object: previous })
      notify({ type: 'added', object: frozen })
    } else notify(previous ? { type: 'updated', object: frozen, previous } : { type: 'added', object: frozen })
    return true
  }
  const advance = (resourceVersion: string): void => {
    if (version === '' || compareResourceVersions(resourceVersion, version) !== -1) version = resourceVersion
  }
  const drop = (key: string): void => {
    const previous = objects.get(key)
    if (!previous) return
    place(key, undefined, previous)
    notify({ type: 'deleted', object: previous })
  }
  const pick = (keys: Iterable<string>): readonly T[] => {
    const found: T[] = []
    // Sorted as they are: to build keys from the objects in every comparison costs seven times as much.
    for (const key of [...keys].sort()) {
      const object = objects.get(key)
      if (object) found.push(object)
    }
    return found
  }

  const addIndexer = (name: string, indexer: Indexer<T>): void => {
    const existing = indexes.get(name)
    if (existing?.indexer === indexer) return
    if (existing) throw new TypeError(`cache of ${options.name} already has another index "${name}"`)
    const index = createIndex(indexer, options)
    for (const [key, object] of objects) index.insert(key, object)
    indexes.set(name, index)
  }
  for (const [name, indexer] of Object.entries(options.indexers ?? {})) addIndexer(name, indexer)

  return {
    addIndexer,
    get: (namespace, name) => objects.get(`${namespace ?? ''}/${name}`),
    list: (namespace) => pick(namespace === undefined ? objects.keys() : byNamespace.keys(namespace)),
    byIndex(index, value) {
      const found = indexes.get(index)
      if (!found) throw new TypeError(`cache of ${options.name} has no index "${index}"`)
      return pick(found.keys(value))
    },
    resourceVersion: () => version,
    size: () => objects.size,
    state: () => state,
    subscribeState(listener) {
      stateListeners.add(listener)
      return () => void stateListeners.delete(listener)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    replace(next, resourceVersion) {
      const kept = new Set(next.map(keyOf))
      let differences = 0
      for (const key of objects.keys()) {
        if (kept.has(key)) continue
        differences += 1
        drop(key)
      }
      // A list is the truth as it is, even when a restored backup took the API server back in time.
      version = resourceVersion
      for (const object of next) if (put(object, isDifferent)) differences += 1
      setState('filled')
      return differences
    },
    upsert(object) {
      advance(object.metadata.resourceVersion ?? version)
      put(object, isNewer)
    },
    remove(object) {
      advance(object.metadata.resourceVersion ?? version)
      const cached = objects.get(keyOf(object))
      // A late deletion of a predecessor must not take its successor away.
      if (cached && cached.metadata.uid === object.metadata.uid) drop(keyOf(object))
    },
    advance,
    fail(next) {
      if (next !== 'failing' || state !== 'filled') setState(next)
    },
  }
}

const isDifferent = (next: KubeObject, previous: KubeObject): boolean =>
  next.metadata.uid !== previous.metadata.uid || next.metadata.resourceVersion !== previous.metadata.resourceVersion

/** A watch may repeat or delay events: the same version or an older one of the same object changes nothing. */
const isNewer = (next: KubeObject, previous: KubeObject): boolean =>
  isDifferent(next, previous) &&
  (next.metadata.uid !== previous.metadata.uid ||
    compareResourceVersions(next.metadata.resourceVersion, previous.metadata.resourceVersion) !== -1)

interface KeyIndex<T extends KubeObject> {
  readonly indexer: Indexer<T>
  insert(key: string, object: T): void
  remove(key: string, object: T): void
  keys(value: string): Iterable<string>
}

function createIndex<T extends KubeObject>(indexer: Indexer<T>, options: CacheOptions<T>): KeyIndex<T> {
  const keysByValue = new Map<string, Set<string>>()
  const valuesOf = (object: T): readonly string[] => {
    try {
      return indexer(object)
    } catch (error) {
      // A hostile object must not stop the watch of all the others; it is only not found by this index.
      options.log.error('an indexer threw', {
        reason: 'IndexerThrew',
        cache: options.name,
        object: keyOf(object),
        error,
      })
      return []
    }
  }
  return {
    indexer,
    insert(key, object) {
      for (const value of valuesOf(object)) {
        const keys = keysByValue.get(value) ?? new Set()
        keysByValue.set(value, keys.add(key))
      }
    },
    remove(key, object) {
      for (const value of valuesOf(object)) {
        const keys = keysByValue.get(value)
        keys?.delete(key)
        if (keys?.size === 0) keysByValue.delete(value)
      }
    },
    keys: (value) => keysByValue.get(value) ?? [],
  }
}
