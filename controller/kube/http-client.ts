/**
 * The KubeClient over HTTP: turns each operation into one call with its deadline. Raw JSON in and out, so that fields this
 * product has never heard of survive. Retries, credentials and limits are `http-call.ts`'s.
 */
import type { KubeObject } from '../api/meta.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'
import type { Random } from '../runtime/random.ts'
import type { Redactor } from '../runtime/redact.ts'
import {
  type DeleteOptions,
  type Discovery,
  type KubeClient,
  KubeError,
  type KubeList,
  type ListOptions,
  noAnswerReasons,
  type ObjectRef,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './client.ts'
import { createCredentials, type KubeConfigOptions, loadKubeConfig } from './credentials.ts'
import { createHttpCaller, type HttpCall, type HttpCaller } from './http-call.ts'
import { createHttpClientMetrics } from './http-client-metrics.ts'
import { createHttpDiscovery } from './http-discovery.ts'
import { createHttpPool } from './http-pool.ts'
import { kindId, leases } from './kinds.ts'
import { splitLines } from './line-splitter.ts'
import { renderNoAnswer } from './no-answer.ts'
import { createRateLimits } from './rate-limit.ts'
import { patchContentTypes, renderCollectionPath, renderObjectPath, renderQuery } from './request-path.ts'

export interface HttpClientOptions extends KubeConfigOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: MetricRegistry
  readonly redactor?: Redactor
  readonly userAgent?: string
  /**
   * Client-side rate limit of each API group, events being one of their own; 200 calls a second and bursts of 400 when absent. Argo Rollouts
   * has 40 and 80 for each of its clients (ADR 12).
   */
  readonly qps?: number
  readonly burst?: number
  /** Time to the whole answer of one attempt; 10 s when absent. Lists get three times as long. */
  readonly deadlineMs?: number
  /** Largest answer and largest line of a watch. */
  readonly maxAnswerBytes?: number
  readonly maxWatchLineBytes?: number
}

export interface HttpKubeClient extends KubeClient, Discovery {
  /** Removes the metric series of an object that is gone; wait a minute so that they are scraped once more. */
  dropSeries(ref: ObjectRef): void
  /** Ends every connection, watches included. */
  close(): Promise<void>
}

const DEFAULT_DEADLINE_MS = 10_000
const LIST_DEADLINE_FACTOR = 3
const DEFAULT_MAX_ANSWER_BYTES = 256 * 1024 * 1024
const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024

/** Builds the client. Nothing is read or sent before the first operation. */
export function createHttpClient(options: HttpClientOptions): HttpKubeClient {
  const { clock, random, log, redactor } = options
  const pool = createHttpPool()
  const metrics = createHttpClientMetrics(options.metrics)
  const caller = createHttpCaller({
    credentials: createCredentials({
      load: () => loadKubeConfig(options),
      clock,
      ...(redactor ? { redactor } : {}),
    }),
    pool,
    rateLimitOf: createRateLimits({ clock, qps: options.qps ?? 200, burst: options.burst ?? 400 }),
    clock,
    random,
    log,
    metrics,
    userAgent: options.userAgent ?? 'penstock',
    maxAnswerBytes: options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES,
  })
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS
  const maxLineBytes = options.maxWatchLineBytes ?? DEFAULT_MAX_LINE_BYTES
  return {
    ...createReads(caller, deadlineMs, maxLineBytes),
    ...createWrites(caller, deadlineMs),
    ...createHttpDiscovery(caller, deadlineMs),
    dropSeries: (ref) => metrics.dropObject(ref.kind, ref.namespace, ref.name),
    close: () => pool.close(),
  }
}

type Target = Pick<HttpCall, 'kind' | 'namespace' | 'name' | 'urgent' | 'isPermitted' | 'signal'>
type CommonOptions = Pick<WriteOptions, 'urgent' | 'isPermitted' | 'signal'>

/** A leader must not lose its lease because routine work used up the rate limit. */
const isUrgent = (kind: ResourceKind, options?: CommonOptions): boolean =>
  options?.urgent === true || kindId(kind) === kindId(leases)

const targetOf = (ref: ObjectRef, options?: CommonOptions): Target => ({
  kind: ref.kind,
  namespace: ref.namespace,
  name: ref.name,
  urgent: isUrgent(ref.kind, options),
  isPermitted: options?.isPermitted,
  signal: options?.signal,
})

function createReads(
  caller: HttpCaller,
  deadlineMs: number,
  maxLineBytes: number,
): Pick<KubeClient, 'get' | 'list' | 'watch'> {
  return {
    async get<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined> {
      try {
        return (await caller.send({ ...targetOf(ref), verb: 'get', path: renderObjectPath(ref), deadlineMs })) as T
      } catch (error) {
        if (error instanceof KubeError && error.code === 404) return undefined
        throw error
      }
    },
    async list<T extends KubeObject>(kind: ResourceKind, options: ListOptions = {}): Promise<KubeList<T>> {
      const { namespace, signal, ...query } = options
      const path = `${renderCollectionPath(kind, namespace)}${renderQuery(query)}`
      const listDeadlineMs = deadlineMs * LIST_DEADLINE_FACTOR
      const answer = await caller.send({ verb: 'list', kind, namespace, path, deadlineMs: listDeadlineMs, signal })
      return answer as KubeList<T>
    },
    async *watch<T extends KubeObject>(kind: ResourceKind, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const { namespace, signal, ...selection } = options
      const query = renderQuery({ watch: true, allowWatchBookmarks: true, ...selection })
      const path = `${renderCollectionPath(kind, namespace)}${query}`
      try {
        const stream = await caller.open({ verb: 'watch', kind, namespace, path, deadlineMs, signal })
        for await (const line of splitLines(stream, maxLineBytes)) yield parseWatchLine<T>(line, path)
      } catch (error) {
        // Ending the watch from our side is a normal end, however the transport reports it.
        if (signal.aborted) return
        throw renderNoAnswer(error, `watch ${path}`, false)
      }
    },
  }
}

function parseWatchLine<T extends KubeObject>(line: string, path: string): WatchEvent<T> {
  try {
    return JSON.parse(line) as WatchEvent<T>
  } catch (error) {
    const message = `a line of the watch is no JSON: ${line.slice(0, 100)}`
    throw new KubeError({ code: 0, reason: noAnswerReasons.badAnswer, message }, `watch ${path}`, { cause: error })
  }
}

function createWrites(
  caller: HttpCaller,
  deadlineMs: number,
): Pick<KubeClient, 'create' | 'patch' | 'delete' | 'postSubresource'> {
  // The server gets the same bound: a write we gave up on should not be applied minutes later.
  const timeout = `${Math.ceil(deadlineMs / 1000)}s`
  const writeQuery = (options: WriteOptions | undefined): string =>
    renderQuery({
      fieldManager: options?.fieldManager,
      force: options?.force,
      dryRun: options?.dryRun ? 'All' : undefined,
      timeout,
    })
  return {
    async create<T extends KubeObject>(kind: ResourceKind, object: T, options?: WriteOptions): Promise<T> {
      const { name, namespace } = object.metadata
      const path = `${renderCollectionPath(kind, namespace)}${writeQuery(options)}`
      const ref: ObjectRef = { kind, name, ...(namespace === undefined ? {} : { namespace }) }
      return (await caller.send({ ...targetOf(ref, options), verb: 'create', path, body: object, deadlineMs })) as T
    },
    async patch<T extends KubeObject>(
      ref: ObjectRef,
      patch: keyof typeof patchContentTypes,
      body: unknown,
      options?: WriteOptions,
    ): Promise<T> {
      const path = `${renderObjectPath(ref, options?.subresource)}${writeQuery(options)}`
      const contentType = patchContentTypes[patch]
      return (await caller.send({ ...targetOf(ref, options), verb: 'patch', path, contentType, body, deadlineMs })) as T
    },
    async delete(ref: ObjectRef, options?: DeleteOptions): Promise<void> {
      const path = `${renderObjectPath(ref)}${renderQuery({ timeout })}`
      try {
        await caller.send({
          ...targetOf(ref, options),
          verb: 'delete',
          path,
          body: renderDeleteOptions(options),
          deadlineMs,
        })
      } catch (error) {
        if (!(error instanceof KubeError && error.code === 404)) throw error
      }
    },
    async postSubresource(
      ref: ObjectRef,
      subresource: 'eviction',
      body: unknown,
      options?: CommonOptions,
    ): Promise<void> {
      const path = `${renderObjectPath(ref, subresource)}${renderQuery({ timeout })}`
      await caller.send({
        ...targetOf(ref, options),
        verb: 'create',
        path,
        body,
        deadlineMs,
        retriesTooManyRequests: false,
      })
    },
  }
}

function renderDeleteOptions(options: DeleteOptions = {}): unknown {
  const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  }
}
