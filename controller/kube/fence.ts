/**
 * Read-your-writes (invariant S16, ADR 0003): remembers the last write to each object of a key's set and tells whether the
 * caches have caught up with it. A reconciler that is behind decides nothing. It must never write to a cache.
 *
 *   last write                           | caught up when the cache shows
 *   acknowledged, resourceVersion W      | the object at W or newer, or the whole kind at W or newer
 *   delete acknowledged, uid U           | no object of uid U, or U with a deletionTimestamp
 *   unknown outcome                      | nothing: a live read turns it into one of the rows above and below
 *   live read found nothing              | no such object, or one with another uid than the cache had at the read
 *   refused: the object is newer than V  | the object at a newer version than V, or no such object
 */
import type { KubeObject } from '../api/meta.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import type { ObjectCache } from './cache.ts'
import type { KubeClient, ObjectRef, ResourceKind } from './client.ts'
import { describeRef } from './kinds.ts'
import { hasReached } from './resource-version.ts'

export interface Fence {
  /** The API server has acknowledged a create or patch; `written` is its answer. */
  recordWrite(key: string, ref: ObjectRef, written: KubeObject): void
  /** The API server has accepted the deletion of the object with this uid. */
  recordDelete(key: string, ref: ObjectRef, uid: string): void
  /** A write failed in a way that leaves open whether it was applied (`hasUnknownOutcome`). */
  recordUnknown(key: string, ref: ObjectRef): void
  /** A write that was decided on `resourceVersion` lost against a newer one: whatever the cache shows at that version is old. */
  recordConflict(key: string, ref: ObjectRef, resourceVersion: string): void
  /** Objects whose cached state may be older than our last write. Empty: decide. */
  behind(key: string): readonly ObjectRef[]
  /**
   * Reads live what cannot be learnt by waiting: unknown outcomes, and writes not seen for longer than the patience. Lists
   * the kind again where its cache turns out to lag. Throws KubeError when the API server does not answer.
   */
  catchUp(key: string): Promise<void>
  /** Forgets a key whose object is gone. */
  forget(key: string): void
}

export interface FenceOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly client: Pick<KubeClient, 'get'>
  /** The informers, or what stands for them. */
  readonly caches: {
    find(kind: ResourceKind): ObjectCache<KubeObject> | undefined
    relist(kind: ResourceKind): void
  }
  /** Wait for the watch before reading live; 15 s when absent. */
  readonly patienceMs?: number
}

type Expectation =
  | { readonly type: 'version'; readonly resourceVersion: string }
  | { readonly type: 'absence'; readonly uid: string | undefined }
  | { readonly type: 'unknown' }
  | { readonly type: 'newer'; readonly than: string }

interface Entry {
  readonly ref: ObjectRef
  readonly expectation: Expectation
  readonly sinceMs: number
}

const DEFAULT_PATIENCE_MS = 15_000
/** The newer version is there, so a watch that works shows it at once. */
const CONFLICT_PATIENCE_MS = 2_000

/** Versions without an order tell no more than that they differ. */
const isNewer = ({ metadata: { resourceVersion = '' } }: KubeObject, than: string): boolean =>
  !hasReached(than, resourceVersion)

export function createFence(options: FenceOptions): Fence {
  const { clock, caches } = options
  const patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS
  const entriesByKey = new Map<string, Map<string, Entry>>()

  function record(key: string, ref: ObjectRef, expectation: Expectation): void {
    const entries = entriesByKey.get(key) ?? new Map<string, Entry>()
    entries.set(describeRef(ref), { ref, expectation, sinceMs: clock.monotonicMs() })
    entriesByKey.set(key, entries)
  }

  function isCaughtUp({ ref, expectation }: Entry): boolean {
    const cache = caches.find(ref.kind)
    // A kind without a cache is read live by whoever needs it: nothing can be stale.
    if (!cache) return true
    const cached = cache.get(ref.namespace, ref.name)
    if (expectation.type === 'version') {
      const wanted = expectation.resourceVersion
      return hasReached(cached?.metadata.resourceVersion, wanted) || hasReached(cache.resourceVersion(), wanted)
    }
    if (expectation.type === 'unknown') return false
    if (expectation.type === 'newer') return !cached || isNewer(cached, expectation.than)
    return !cached || cached.metadata.uid !== expectation.uid || cached.metadata.deletionTimestamp !== undefined
  }

  function pending(key: string): readonly Entry[] {
    const entries = entriesByKey.get(key)
    if (!entries) return []
    for (const [name, entry] of entries) if (isCaughtUp(entry)) entries.delete(name)
    if (entries.size === 0) entriesByKey.delete(key)
    return [...entries.values()]
  }

  const patienceFor = ({ expectation: { type } }: Entry): number =>
    type === 'newer' ? CONFLICT_PATIENCE_MS : patienceMs

  async function readLive(key: string, entry: Entry): Promise<void> {
    const live = await options.client.get(entry.ref)
    const cached = caches.find(entry.ref.kind)?.get(entry.ref.namespace, entry.ref.name)
    const version = live?.metadata.resourceVersion
    const expectation: Expectation =
      version === undefined
        ? { type: 'absence', uid: cached?.metadata.uid }
        : { type: 'version', resourceVersion: version }
    const { expectation: former } = entry
    // Where there is nothing newer after all, the write was refused for another reason.
    const isWaiting = former.type === 'newer' && version !== former.than
    const refreshed = { ...entry, expectation: isWaiting ? former : expectation, sinceMs: clock.monotonicMs() }
    // A newer write of the same pass may have been recorded while we waited for the answer: it stands.
    const entries = entriesByKey.get(key)
    if (entries?.get(describeRef(entry.ref)) !== entry) return
    entries.set(describeRef(entry.ref), refreshed)
    if (isCaughtUp(refreshed)) return
    if (entry.expectation.type !== 'unknown') {
      options.log.warn('the cache lags behind a write; listing again', {
        reason: 'CacheBehind',
        key,
        object: describeRef(entry.ref),
      })
    }
    caches.relist(entry.ref.kind)
  }

  return {
    recordWrite(key, ref, written) {
      const { resourceVersion } = written.metadata
      record(key, ref, resourceVersion === undefined ? { type: 'unknown' } : { type: 'version', resourceVersion })
    },
    recordDelete: (key, ref, uid) => record(key, ref, { type: 'absence', uid }),
    recordUnknown: (key, ref) => record(key, ref, { type: 'unknown' }),
    recordConflict: (key, ref, resourceVersion) => record(key, ref, { type: 'newer', than: resourceVersion }),
    behind: (key) => pending(key).map(({ ref }) => ref),
    async catchUp(key) {
      const nowMs = clock.monotonicMs()
      for (const entry of pending(key)) {
        const isOverdue = nowMs - entry.sinceMs >= patienceFor(entry)
        if (entry.expectation.type === 'unknown' || isOverdue) await readLive(key, entry)
      }
    },
    forget: (key) => void entriesByKey.delete(key),
  }
}
