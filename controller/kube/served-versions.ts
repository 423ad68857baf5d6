/**
 * A client for kinds that clusters serve in one version or another: every call goes to the best version that is served. The one place that
 * decides which version that is and when to ask again; callers keep naming the kind, and caches stay keyed by it.
 *
 *   asked of discovery                                    | then
 *   the first time, by however many callers               | once
 *   when a call is answered 404, unless asked just before | the call is made once more if the version is another one
 *   when a call finds none served, unless asked just before | 404 for the caller, who tries again when it likes
 *   discovery is forbidden                                | the best version is taken for served
 *
 * A version that is served stays in use when a better one appears: what it holds is the same.
 */
import type { KubeObject } from '../api/meta.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import {
  type Discovery,
  isNotFound,
  type KubeClient,
  KubeError,
  type ObjectRef,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
} from './client.ts'
import { apiVersionOf, kindId } from './kinds.ts'

export interface ServedVersionsOptions {
  readonly clock: Clock
  readonly log: Logger
}

/** Discovery is not asked about a kind more often than this. */
const ASK_AGAIN_MS = 10_000

interface Answer {
  /** Undefined: none that we can speak. */
  readonly version: string | undefined
  readonly atMs: number
}

/** Writes, reads and watches through the result go to the version that is served; a kind without `versions` passes as it is. */
export function createVersionedClient<C extends KubeClient & Discovery>(client: C, options: ServedVersionsOptions): C {
  const versions = createVersions(client, options)

  /** `call` gets the kind in its served version; a 404 may mean that this version is served no more. */
  async function inVersion<T>(kind: ResourceKind, call: (kind: ResourceKind) => Promise<T>): Promise<T> {
    if (!kind.versions) return call(kind)
    const first = await versions.find(kind)
    try {
      return await call(servedAs(kind, first))
    } catch (error) {
      if (!isNotFound(error)) throw error
      const again = await versions.find(kind, true)
      if (again === first) throw error
      return call(servedAs(kind, again))
    }
  }

  const refInVersion = <T>(ref: ObjectRef, call: (ref: ObjectRef) => Promise<T>): Promise<T> =>
    inVersion(ref.kind, (kind) => call(kind === ref.kind ? ref : { ...ref, kind }))

  async function* watchInVersion<T extends KubeObject>(
    kind: ResourceKind,
    watchOptions: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const served = servedAs(kind, await versions.find(kind))
    try {
      yield* client.watch<T>(served, watchOptions)
    } catch (error) {
      if (isNotFound(error)) await versions.find(kind, true)
      throw error
    }
  }

  return {
    ...client,
    async get<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined> {
      if (!ref.kind.versions) return client.get<T>(ref)
      try {
        return await refInVersion(ref, async (served) => (await client.get<T>(served)) ?? absent(served))
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    },
    list: (kind, listOptions) => inVersion(kind, (served) => client.list(served, listOptions)),
    watch: <T extends KubeObject>(kind: ResourceKind, watchOptions: WatchOptions) =>
      kind.versions ? watchInVersion<T>(kind, watchOptions) : client.watch<T>(kind, watchOptions),
    create: (kind, object, writeOptions) =>
      inVersion(kind, (served) => client.create(served, stamped(object, served), writeOptions)),
    patch: (ref, patch, body, writeOptions) =>
      refInVersion(ref, (served) => client.patch(served, patch, stamped(body, served.kind), writeOptions)),
    delete: (ref, deleteOptions) => refInVersion(ref, (served) => client.delete(served, deleteOptions)),
    postSubresource: (ref, subresource, body, writeOptions) =>
      refInVersion(ref, (served) => client.postSubresource(served, subresource, body, writeOptions)),
  } satisfies KubeClient & C
}

const absent = ({ kind, name }: ObjectRef): never => {
  throw new KubeError({ code: 404, reason: 'NotFound', message: `${name} not found` }, kindId(kind))
}

/** Throws the 404 that the API server would answer for a kind that it does not serve. */
function servedAs(kind: ResourceKind, version: string | undefined): ResourceKind {
  if (version !== undefined) return version === kind.version ? kind : { ...kind, version }
  const message = `none of the versions ${(kind.versions ?? []).join(', ')} is served`
  throw new KubeError({ code: 404, reason: 'NotFound', message }, kindId(kind))
}

/** A whole object, or an apply patch, names the version that it is sent to. */
function stamped<B>(body: B, kind: ResourceKind): B {
  const isNamed = kind.versions && typeof body === 'object' && body !== null && 'apiVersion' in body
  return isNamed ? { ...body, apiVersion: apiVersionOf(kind) } : body
}

/** What discovery has said about each kind. Questions about one kind are never asked twice at the same time. */
function createVersions(client: Discovery, { clock, log }: ServedVersionsOptions) {
  const answers = new Map<string, Answer>()
  const asking = new Map<string, Promise<string | undefined>>()

  async function ask(kind: ResourceKind): Promise<string | undefined> {
    const id = kindId(kind)
    const version = await findServed(client, kind)
    const previous = answers.get(id)
    if (version !== undefined && version !== (previous?.version ?? kind.version))
      log.info(`the cluster serves ${version} of ${id}`, { reason: 'VersionServed', best: kind.version })
    answers.set(id, { version, atMs: clock.monotonicMs() })
    return version
  }

  return {
    /** The version in use; asked anew when none is known, or when the caller doubts it, unless that has just been done. */
    async find(kind: ResourceKind, isDoubted = false): Promise<string | undefined> {
      const id = kindId(kind)
      const answer = answers.get(id)
      const isFresh = answer !== undefined && clock.monotonicMs() - answer.atMs < ASK_AGAIN_MS
      if (answer && (isFresh || (answer.version !== undefined && !isDoubted))) return answer.version
      const pending = asking.get(id) ?? ask(kind).finally(() => asking.delete(id))
      asking.set(id, pending)
      return pending
    },
  }
}

async function findServed(client: Discovery, { group, plural, version, versions = [] }: ResourceKind) {
  try {
    const offered = await client.listVersions(group)
    for (const candidate of versions.filter((name) => offered.includes(name)))
      if ((await client.listResources(group, candidate)).includes(plural)) return candidate
    return undefined
  } catch (error) {
    if (error instanceof KubeError && error.code === 403) return version
    throw error
  }
}
