/**
 * The narrow port to a Kubernetes API server: raw JSON in, raw JSON out, unknown fields kept. It names the operations and
 * their errors; it must not hold policy (retries, caches, ownership live in the callers). Two adapters implement it: the HTTP
 * transport (`http-client.ts`) and, in tests, the sandbox's API server in-process.
 */
import type { KubeObject, ListMeta } from '../api/meta.ts'

/** A served resource. `group` is '' for core; `plural` is the REST path segment. */
export interface ResourceKind {
  readonly group: string
  readonly version: string
  /** Every version that we can speak, best first; absent when there is only `version`. */
  readonly versions?: readonly string[]
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** Address of one object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly kind: ResourceKind
  readonly namespace?: string
  readonly name: string
}

export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly signal?: AbortSignal
}

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly metadata: ListMeta
  readonly items: readonly T[]
}

export interface WatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion: string
  /** Server-side bound on the stream's life, in seconds. */
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/** One line of a watch. `ERROR` carries a Status (for instance code 410); `BOOKMARK` only moves the resourceVersion. */
export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: { readonly metadata: { readonly resourceVersion: string } } }
  | { readonly type: 'ERROR'; readonly object: KubeStatus }

/** metav1.Status as the API server sends it. */
export interface KubeStatus {
  readonly code: number
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly retryAfterSeconds?: number; readonly [key: string]: unknown }
}

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply'

export interface WriteOptions {
  readonly subresource?: 'status' | 'scale' | 'eviction'
  readonly fieldManager?: string
  /** Only for `apply`. */
  readonly force?: boolean
  readonly dryRun?: boolean
  /** Skips ahead of everything else in the client-side rate limit: aborts must not queue behind routine work. */
  readonly urgent?: boolean
  /** Asked just before the bytes leave, after every wait; false fails the write with reason NotLeader. See `gated-client.ts`. */
  readonly isPermitted?: () => boolean
  readonly signal?: AbortSignal
}

export interface DeleteOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly gracePeriodSeconds?: number
  readonly urgent?: boolean
  readonly isPermitted?: () => boolean
}

export interface KubeClient {
  /** The object, or undefined when it does not exist (404). Every other failure throws {@link KubeError}. */
  get<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined>
  list<T extends KubeObject>(kind: ResourceKind, options?: ListOptions): Promise<KubeList<T>>
  /** Yields events until the server closes the stream (normal end) or the connection fails (throws). */
  watch<T extends KubeObject>(kind: ResourceKind, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends KubeObject>(kind: ResourceKind, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(ref: ObjectRef, patch: PatchKind, body: unknown, options?: WriteOptions): Promise<T>
  /** Resolves also when the object is already gone (404). */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<void>
  /** POST to a subresource that answers with something else than the object (eviction). */
  postSubresource(
    ref: ObjectRef,
    subresource: 'eviction',
    body: unknown,
    options?: Pick<WriteOptions, 'isPermitted' | 'urgent' | 'signal'>,
  ): Promise<void>
}

/** What the API server says that it serves. Everything but "not served" throws {@link KubeError}. */
export interface Discovery {
  /** Versions of a group, the server's favourite first; none when the group is not served. */
  listVersions(group: string): Promise<readonly string[]>
  /** Plural names of the resources in one version of a group ('' is core); none when it is not served. */
  listResources(group: string, version: string): Promise<readonly string[]>
}

/** `KubeError.reason` of failures that have no answer from the server; all of them carry code 0. */
export const noAnswerReasons = {
  /** The connection was lost after the request may have been sent. */
  lost: 'ConnectionLost',
  timeout: 'Timeout',
  /** The request never left: connection refused, name not found, TLS failed. */
  notSent: 'NotSent',
  /** The fencing gate is shut: this process may not write now. */
  notLeader: 'NotLeader',
  /** The answer is larger than the client accepts, or no JSON. */
  badAnswer: 'BadAnswer',
} as const

/**
 * Any answer that is not success. `code` 0 means: no answer; unless {@link hasUnknownOutcome} says otherwise, the write may
 * have been applied.
 */
export class KubeError extends Error {
  readonly code: number
  readonly reason: string
  readonly retryAfterMs: number | undefined
  constructor(status: KubeStatus, request: string, options?: ErrorOptions) {
    super(`${request}: ${status.message ?? status.reason ?? `HTTP ${status.code}`}`, options)
    this.name = 'KubeError'
    this.code = status.code
    this.reason = status.reason ?? ''
    const seconds = status.details?.retryAfterSeconds
    this.retryAfterMs = seconds === undefined ? undefined : seconds * 1000
  }
}

export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof KubeError && error.reason === 'AlreadyExists'
export const isConflict = (error: unknown): boolean =>
  error instanceof KubeError && error.code === 409 && !isAlreadyExists(error)
export const isNotFound = (error: unknown): boolean => error instanceof KubeError && error.code === 404
export const isGone = (error: unknown): boolean => error instanceof KubeError && error.code === 410

/** True when a write that failed with `error` may nevertheless have been applied: no answer, or an answer of 500 and above. */
export const hasUnknownOutcome = (error: unknown): boolean =>
  error instanceof KubeError &&
  (error.code >= 500 ||
    (error.code === 0 && error.reason !== noAnswerReasons.notSent && error.reason !== noAnswerReasons.notLeader))
