/**
 * The KubeClient port on the request handler itself: same paths, same answers as over HTTP, without sockets. Objects it returns
 * are frozen, since they are the store's own.
 */
import {
  type DeleteOptions,
  type Discovery,
  isNotFound,
  type KubeClient,
  KubeError,
  type KubeList,
  type KubeStatus,
  type ListOptions,
  noAnswerReasons,
  type ObjectRef,
  type PatchKind,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '../../controller/kube/client.ts'
import { resourcesIn, versionsIn } from '../../controller/kube/http-discovery.ts'
import type { ApiRequest, ApiResponse, WatchLine } from './api-message.ts'
import { cloneJson, type JsonObject } from './json.ts'
import { patchTypes } from './request/patch.ts'

type Handle = (request: ApiRequest) => ApiResponse

const collectionPath = (kind: ResourceKind, namespace: string | undefined): string => {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  return namespace === undefined || !kind.namespaced
    ? `${root}/${kind.plural}`
    : `${root}/namespaces/${namespace}/${kind.plural}`
}

const objectPath = (ref: ObjectRef, subresource?: string): string => {
  const path = `${collectionPath(ref.kind, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

const queryOf = (values: Readonly<Record<string, string | number | undefined>>): URLSearchParams => {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value !== undefined) query.set(key, String(value))
  return query
}

const lost: KubeStatus = {
  code: 0,
  reason: noAnswerReasons.lost,
  message: 'the connection was closed before the answer',
}

const isStatus = (body: JsonObject): body is JsonObject & KubeStatus => typeof body.code === 'number'

/** The body of a success. Everything else throws what an HTTP client would throw. */
const unwrap = (response: ApiResponse, request: string): JsonObject => {
  if (response.kind === 'cut') throw new KubeError(lost, request)
  if (response.kind !== 'object') throw new KubeError({ code: 500, message: 'not an object' }, request)
  if (response.code < 400) return response.body
  throw new KubeError(isStatus(response.body) ? response.body : { code: response.code }, request)
}

/** The last moment before a write: a shut fencing gate keeps it from happening. */
const checkPermission = (options: Pick<WriteOptions, 'isPermitted'> | undefined, request: string): void => {
  if (options?.isPermitted?.() === false)
    throw new KubeError(
      { code: 0, reason: noAnswerReasons.notLeader, message: 'this process may not write now' },
      request,
    )
}

const writeQuery = (options: WriteOptions | undefined): URLSearchParams =>
  queryOf({
    fieldManager: options?.fieldManager,
    force: options?.force ? 'true' : undefined,
    dryRun: options?.dryRun ? 'All' : undefined,
  })

/** Lines that have arrived and have not been read; `next` waits for one. */
const createQueue = () => {
  const lines: WatchLine[] = []
  let end: 'closed' | 'broken' | undefined
  let wake = (): void => {}
  return {
    send(line: WatchLine): void {
      lines.push(line)
      wake()
    },
    end(how: 'closed' | 'broken'): void {
      end ??= how
      wake()
    },
    /** undefined: the stream ended normally. Throws when it broke. */
    async next(): Promise<WatchLine | undefined> {
      while (lines.length === 0 && end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const line = lines.shift()
      if (line === undefined && end === 'broken') throw new KubeError(lost, 'watch')
      return line
    },
  }
}

async function* follow(response: ApiResponse, signal: AbortSignal, request: string): AsyncGenerator<WatchLine> {
  if (response.kind !== 'watch') {
    unwrap(response, request)
    return
  }
  if (signal.aborted) return
  const queue = createQueue()
  const stop = response.start(queue)
  const abort = (): void => queue.end('closed')
  signal.addEventListener('abort', abort, { once: true })
  try {
    for (let line = await queue.next(); line !== undefined; line = await queue.next()) {
      if (signal.aborted) return
      yield line
    }
  } finally {
    signal.removeEventListener('abort', abort)
    stop()
  }
}

export const createInProcessClient = (handle: Handle, userAgent: string): KubeClient & Discovery => {
  const send = (
    method: string,
    path: string,
    query: URLSearchParams,
    body?: unknown,
    contentType = 'application/json',
  ): ApiResponse =>
    handle({
      method,
      path,
      query,
      headers: { 'user-agent': userAgent, 'content-type': contentType },
      body: cloneJson(body),
    })
  const call = <T>(method: string, path: string, query: URLSearchParams, body?: unknown, contentType?: string): T =>
    unwrap(send(method, path, query, body, contentType), `${method} ${path}`) as T
  const discover = (path: string): unknown => {
    try {
      return call('GET', path, queryOf({}))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  return {
    listVersions: async (group) => versionsIn(discover(`/apis/${group}`)),
    listResources: async (group, version) =>
      resourcesIn(discover(group === '' ? `/api/${version}` : `/apis/${group}/${version}`)),
    async get<T>(ref: ObjectRef) {
      try {
        return call<T>('GET', objectPath(ref), queryOf({}))
      } catch (error) {
        if (error instanceof KubeError && error.code === 404) return undefined
        throw error
      }
    },
    async list<T>(kind: ResourceKind, options: ListOptions = {}) {
      const { namespace, signal, ...query } = options
      signal?.throwIfAborted()
      return call<KubeList & T>('GET', collectionPath(kind, namespace), queryOf(query)) as never
    },
    watch<T>(kind: ResourceKind, options: WatchOptions) {
      const { namespace, signal, ...query } = options
      const path = collectionPath(kind, namespace)
      const response = send('GET', path, queryOf({ ...query, watch: 'true', allowWatchBookmarks: 'true' }))
      return follow(response, signal, `WATCH ${path}`) as AsyncIterable<WatchEvent & T> as never
    },
    async create<T>(kind: ResourceKind, object: T, options?: WriteOptions) {
      checkPermission(options, `POST ${kind.plural}`)
      const { namespace } = (object as JsonObject).metadata as { namespace?: string }
      return call<T>('POST', collectionPath(kind, namespace), writeQuery(options), object)
    },
    async patch<T>(ref: ObjectRef, patch: PatchKind, body: unknown, options?: WriteOptions) {
      checkPermission(options, `PATCH ${ref.name}`)
      return call<T>('PATCH', objectPath(ref, options?.subresource), writeQuery(options), body, patchTypes[patch])
    },
    async delete(ref: ObjectRef, options: DeleteOptions = {}) {
      checkPermission(options, `DELETE ${ref.name}`)
      const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options
      try {
        call('DELETE', objectPath(ref), queryOf({}), {
          propagationPolicy,
          gracePeriodSeconds,
          preconditions: { uid, resourceVersion },
        })
      } catch (error) {
        if (!(error instanceof KubeError && error.code === 404)) throw error
      }
    },
    async postSubresource(
      ref: ObjectRef,
      subresource: 'eviction',
      body: unknown,
      options?: Pick<WriteOptions, 'isPermitted'>,
    ) {
      checkPermission(options, `POST ${ref.name}/${subresource}`)
      call('POST', objectPath(ref, subresource), queryOf({}), body)
    },
  }
}
