/**
 * A small in-memory KubeClient for tests of components: objects with uid, resourceVersion and generation of writes, merge and
 * JSON patches with preconditions, watches with bookmarks on demand, and faults by hook. No schemas, no apply semantics beyond
 * a merge: the sandbox's API server has those.
 */
import { randomUUID } from 'node:crypto'
import { applyPatch, type Operation } from 'rfc6902'
import type { KubeObject, ObjectMeta } from '../../controller/api/meta.ts'
import {
  type KubeClient,
  KubeError,
  type ListOptions,
  type ObjectRef,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
} from '../../controller/kube/client.ts'
import { describeRef, kindId, refOf } from '../../controller/kube/kinds.ts'

export type MemoryVerb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete'

export interface MemoryKube {
  readonly client: KubeClient
  /** Every write that reached the store, as `verb kind namespace/name`. */
  readonly writes: string[]
  /** Runs before each call; may throw or wait. */
  before(hook: (verb: MemoryVerb, target: string) => void | Promise<void>): void
  /** Runs after a write has been stored and before its answer; may throw, as a lost connection does. */
  after(hook: (verb: MemoryVerb, target: string) => void | Promise<void>): void
  /** While held, watches deliver nothing; events are kept for the release. */
  holdWatches(): void
  releaseWatches(): void
  bookmark(): void
  read(ref: ObjectRef): KubeObject | undefined
  all(kind: ResourceKind): readonly KubeObject[]
}

interface LogEntry {
  readonly kind: string
  readonly event: WatchEvent
  readonly version: number
}

const nothing = (): void => {}

const mergeValue = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergeValue(merged[key], value)
  }
  return merged
}

export function createMemoryKube(): MemoryKube {
  const objects = new Map<string, { readonly kind: ResourceKind; readonly object: KubeObject }>()
  const log: LogEntry[] = []
  const watchers = new Set<() => void>()
  const writes: string[] = []
  let version = 0
  let isHeld = false
  let before: Parameters<MemoryKube['before']>[0] = nothing
  let after: Parameters<MemoryKube['after']>[0] = nothing

  const wakeWatchers = (): void => {
    if (!isHeld) for (const wake of watchers) wake()
  }
  const failure = (code: number, reason: string, target: string): KubeError => new KubeError({ code, reason }, target)

  function store(kind: ResourceKind, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): KubeObject {
    version += 1
    const metadata: ObjectMeta = { ...object.metadata, resourceVersion: String(version) }
    const stored = { ...object, metadata }
    const name = describeRef(refOf(kind, stored))
    if (type === 'DELETED') objects.delete(name)
    else objects.set(name, { kind, object: stored })
    writes.push(`${type === 'ADDED' ? 'create' : type === 'MODIFIED' ? 'patch' : 'delete'} ${name}`)
    log.push({ kind: kindId(kind), event: { type, object: stored }, version })
    wakeWatchers()
    return structuredClone(stored)
  }

  function requirePrecondition(object: KubeObject, wanted: Partial<ObjectMeta>, target: string): void {
    const { uid, resourceVersion } = object.metadata
    if (wanted.uid !== undefined && wanted.uid !== uid) throw failure(409, 'Conflict', target)
    if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
      throw failure(409, 'Conflict', target)
    }
  }

  function patched(object: KubeObject, patch: string, body: unknown, target: string): KubeObject {
    if (patch === 'json') {
      const copy = structuredClone(object)
      const failed = applyPatch(copy, body as Operation[]).some((outcome) => outcome !== null)
      const message = 'the server rejected our request due to an error in our request'
      if (failed) throw new KubeError({ code: 422, reason: 'Invalid', message }, target)
      return copy
    }
    requirePrecondition(object, (body as KubeObject).metadata ?? {}, target)
    return mergeValue(object, body) as KubeObject
  }

  async function* watch(kind: ResourceKind, options: WatchOptions): AsyncGenerator<WatchEvent> {
    await before('watch', kindId(kind))
    let position = Number(options.resourceVersion)
    let wake = nothing
    const onWake = (): void => wake()
    watchers.add(onWake)
    options.signal.addEventListener('abort', onWake, { once: true })
    try {
      while (!options.signal.aborted) {
        const next = isHeld ? undefined : log.find((e) => e.kind === kindId(kind) && e.version > position)
        if (next) {
          position = next.version
          yield structuredClone(next.event)
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      watchers.delete(onWake)
    }
  }

  const client: KubeClient = {
    async get<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined> {
      await before('get', describeRef(ref))
      return structuredClone(objects.get(describeRef(ref))?.object) as T | undefined
    },
    async list<T extends KubeObject>(kind: ResourceKind, options: ListOptions = {}) {
      await before('list', kindId(kind))
      const items = [...objects.values()]
        .filter((entry) => kindId(entry.kind) === kindId(kind))
        .map((entry) => structuredClone(entry.object) as T)
        .filter((object) => options.namespace === undefined || object.metadata.namespace === options.namespace)
      return { metadata: { resourceVersion: String(version) }, items }
    },
    watch: <T extends KubeObject>(kind: ResourceKind, options: WatchOptions) =>
      watch(kind, options) as AsyncIterable<WatchEvent<T>>,
    async create<T extends KubeObject>(kind: ResourceKind, object: T): Promise<T> {
      const target = describeRef(refOf(kind, object))
      await before('create', target)
      if (objects.has(target)) throw failure(409, 'AlreadyExists', target)
      const metadata = { ...object.metadata, uid: randomUUID() }
      const stored = store(kind, 'ADDED', { ...structuredClone(object), metadata })
      await after('create', target)
      return stored as T
    },
    async patch<T extends KubeObject>(ref: ObjectRef, patch: string, body: unknown): Promise<T> {
      const target = describeRef(ref)
      await before('patch', target)
      const current = objects.get(target)?.object
      if (!current) throw failure(404, 'NotFound', target)
      const stored = store(ref.kind, 'MODIFIED', patched(current, patch, structuredClone(body), target))
      await after('patch', target)
      return stored as T
    },
    async delete(ref, options = {}) {
      const target = describeRef(ref)
      await before('delete', target)
      const current = objects.get(target)?.object
      if (!current) return
      requirePrecondition(current, options, target)
      store(ref.kind, 'DELETED', current)
      await after('delete', target)
    },
    async postSubresource(ref) {
      await before('create', `${describeRef(ref)}/eviction`)
      await client.delete(ref)
    },
  }

  return {
    client,
    writes,
    before(hook) {
      before = hook
    },
    after(hook) {
      after = hook
    },
    holdWatches() {
      isHeld = true
    },
    releaseWatches() {
      isHeld = false
      wakeWatchers()
    },
    bookmark() {
      version += 1
      const event: WatchEvent = { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } }
      const kinds = new Set(log.map((entry) => entry.kind))
      for (const kind of kinds) log.push({ kind, event, version })
      wakeWatchers()
    },
    read: (ref) => objects.get(describeRef(ref))?.object,
    all: (kind) =>
      [...objects.values()].filter((entry) => kindId(entry.kind) === kindId(kind)).map((entry) => entry.object),
  }
}
