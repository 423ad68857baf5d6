/**
 * One request to the API server with everything that makes it dependable: rate limit, deadline, credential refresh after a
 * 401, bounded retries of what is safe to repeat, warnings, metrics. It must not know what the request means.
 *
 *   failure                     | read            | write
 *   401, first time             | new credentials, once more (not applied)
 *   429                         | wait Retry-After, again (not applied); not for evictions, where it is the verdict of a budget
 *   connection refused          | again           | error, code 0 NotSent
 *   connection lost, 502/503/504| again           | error: the write may have been applied
 *   deadline                    | error           | error, code 0 Timeout: the write may have been applied
 */
import type { Dispatcher } from 'undici'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import { jitter, type Random } from '../runtime/random.ts'
import { KubeError, noAnswerReasons, type ResourceKind } from './client.ts'
import type { ApiAccess, Credentials } from './credentials.ts'
import { createWarningLog, parseAnswer, readText } from './http-answer.ts'
import type { HttpClientMetrics } from './http-client-metrics.ts'
import type { HttpPool } from './http-pool.ts'
import { notLeader, renderNoAnswer } from './no-answer.ts'
import type { RateLimit } from './rate-limit.ts'
import { parseFailure } from './request-path.ts'
import { askedWhenSent } from './send-permit.ts'

export type HttpVerb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete'

export interface HttpCall {
  readonly verb: HttpVerb
  readonly kind: ResourceKind
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  /** Path with query. */
  readonly path: string
  readonly contentType?: string
  readonly body?: unknown
  readonly deadlineMs: number
  readonly urgent?: boolean
  readonly isPermitted?: (() => boolean) | undefined
  /** False for evictions: see the table above. */
  readonly retriesTooManyRequests?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface HttpCallDeps {
  readonly credentials: Credentials
  readonly pool: HttpPool
  readonly rateLimitOf: (kind: ResourceKind) => RateLimit
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: HttpClientMetrics
  readonly userAgent: string
  readonly maxAnswerBytes: number
}

const methods: Readonly<Record<HttpVerb, Dispatcher.HttpMethod>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
}
const MAX_RETRIES = 4
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_WAIT_MS = 10_000

export const describeCall = (call: HttpCall): string => `${call.verb} ${call.path.split('?')[0] ?? ''}`

function isWorthRetry(call: HttpCall, error: KubeError): boolean {
  if (error.code === 429) return call.verb !== 'watch' && call.retriesTooManyRequests !== false
  if (call.verb !== 'get' && call.verb !== 'list') return false
  if (error.code === 0) return error.reason === noAnswerReasons.lost || error.reason === noAnswerReasons.notSent
  return error.code >= 502 && error.code <= 504
}

/** Sends calls. `send` resolves with the parsed JSON answer; `open` with the raw stream of a watch. Both throw KubeError. */
export interface HttpCaller {
  send(call: HttpCall): Promise<unknown>
  open(call: HttpCall): Promise<AsyncIterable<Uint8Array>>
}

export function createHttpCaller(deps: HttpCallDeps): HttpCaller {
  const logWarnings = createWarningLog(deps.log)

  function poolOf(call: HttpCall, access: ApiAccess): Dispatcher {
    if (call.verb === 'watch') return deps.pool.forWatches(access)
    const pool = deps.pool.forCalls(access)
    const { isPermitted } = call
    return isPermitted ? askedWhenSent(pool, isPermitted, () => notLeader(describeCall(call))) : pool
  }

  async function sendOnce(call: HttpCall, access: ApiAccess, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const pool = poolOf(call, access)
    const base = new URL(access.server)
    const response = await pool.request({
      origin: base.origin,
      path: `${base.pathname.replace(/\/$/, '')}${call.path}`,
      method: methods[call.verb],
      headers: {
        ...access.headers,
        accept: 'application/json',
        'user-agent': deps.userAgent,
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal,
    })
    logWarnings(response.headers.warning)
    return response
  }

  /** One attempt under its own deadline; `consume` turns a success into the result while the deadline still runs. */
  async function attempt<R>(call: HttpCall, consume: (response: Dispatcher.ResponseData) => Promise<R>): Promise<R> {
    const deadline = new AbortController()
    let timedOut = false
    const cancelTimer = deps.clock.setTimer(call.deadlineMs, () => {
      timedOut = true
      deadline.abort()
    })
    // A watch outlives its deadline, which bounds only the wait for the headers; its own signal ends it.
    const signal = call.signal ? AbortSignal.any([call.signal, deadline.signal]) : deadline.signal
    const startedMs = deps.clock.monotonicMs()
    let code = 0
    try {
      const response = await sendOnce(call, await readAccess(call), signal)
      code = response.statusCode
      if (code >= 400) throw await readFailure(call, response)
      return await consume(response)
    } catch (error) {
      throw renderNoAnswer(error, describeCall(call), timedOut)
    } finally {
      cancelTimer()
      const { kind, verb, namespace, name } = call
      deps.metrics.observe({
        kind,
        verb,
        namespace,
        name,
        code,
        seconds: (deps.clock.monotonicMs() - startedMs) / 1000,
      })
    }
  }

  async function readAccess(call: HttpCall): Promise<ApiAccess> {
    try {
      return await deps.credentials.read()
    } catch (error) {
      const message = `cannot get credentials: ${error instanceof Error ? error.message : String(error)}`
      throw new KubeError({ code: 0, reason: noAnswerReasons.notSent, message }, describeCall(call), { cause: error })
    }
  }

  async function readFailure(call: HttpCall, response: Dispatcher.ResponseData): Promise<KubeError> {
    const body = await readText(response.body, deps.maxAnswerBytes, describeCall(call)).catch(() => '')
    const retryAfter = response.headers['retry-after']
    const status = parseFailure(response.statusCode, body, typeof retryAfter === 'string' ? retryAfter : undefined)
    return new KubeError(status, describeCall(call))
  }

  async function withRetries<R>(
    call: HttpCall,
    consume: (response: Dispatcher.ResponseData) => Promise<R>,
  ): Promise<R> {
    let credentialsAreFresh = false
    for (let retry = 0; ; retry += 1) {
      await deps.rateLimitOf(call.kind).acquire({
        urgent: call.urgent ?? false,
        ...(call.signal ? { signal: call.signal } : {}),
      })
      if (call.signal?.aborted) throw renderNoAnswer(new Error('cancelled'), describeCall(call), false)
      try {
        return await attempt(call, consume)
      } catch (error) {
        if (!(error instanceof KubeError)) throw error
        if (error.code === 401 && !credentialsAreFresh) {
          credentialsAreFresh = true
          deps.credentials.invalidate()
          continue
        }
        if (retry >= MAX_RETRIES || call.signal?.aborted || !isWorthRetry(call, error)) throw error
        const waitMs = Math.max(error.retryAfterMs ?? 0, jitter(deps.random, FIRST_RETRY_MS * 2 ** retry, 1))
        await deps.clock.sleep(Math.min(waitMs, LONGEST_RETRY_WAIT_MS), call.signal ?? undefined)
      }
    }
  }

  return {
    send: (call) =>
      withRetries(call, async (response) => {
        const text = await readText(response.body, deps.maxAnswerBytes, describeCall(call))
        return parseAnswer(text, describeCall(call))
      }),
    open: (call) => withRetries(call, (response) => Promise.resolve(response.body)),
  }
}
