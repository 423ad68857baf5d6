/**
 * Open-loop load: requests leave at a constant rate whatever the answers do, as users do, so that a slow release meets as many requests
 * as a fast one. It counts outcomes, and how late it was itself; it must not retry anything.
 */
import { Pool } from 'undici'
import type { Clock } from '../../controller/runtime/clock.ts'
import { REFUSAL_HEADER } from '../gateway/proxy.ts'
import { type Answer, judgeAnswer, type Outcome } from './outcome.ts'

export interface LoadOptions {
  /** Base URL of the gateway. */
  readonly url: string
  /** Host header: the hostname of the route. */
  readonly host: string
  readonly requestsPerSecond: number
  readonly clock: Clock
  readonly paths?: readonly string[]
  /** After that much without an answer a request is lost; 10 s when absent. */
  readonly answerTimeoutMs?: number
}

export type Counts = Readonly<Record<Outcome, number>> & {
  /** Why requests were lost, by the gateway's reason or the connection's error. */
  readonly lostBy: Readonly<Record<string, number>>
  /** No answer in time, but this process was not running for a second or more of it: the answer may have waited for its reader. */
  readonly unjudged: number
}

/** How well the load kept to its plan. A process that gets no CPU sends late, and that is nobody else's fault. */
export interface Punctuality {
  /** Requests that the rate asked for since the start. */
  readonly scheduled: number
  readonly sent: number
  /** Never sent: due in a stall longer than the half second that is caught up. */
  readonly skipped: number
  /** Sent more than {@link LATE_MS} after their time. */
  readonly late: number
  readonly worstLateMs: number
}

/** One request that was lost; epoch milliseconds. */
export interface Loss {
  readonly sentAtMs: number
  readonly lostAtMs: number
  /** The gateway's reason or the connection's error. */
  readonly cause: string
}

export interface RunningLoad {
  /** Since the start. */
  counts(): Counts
  /** Those since the last call, the oldest ones; of more than {@link MOST_LOSSES} the rest is counted only. */
  takeLosses(): readonly Loss[]
  punctuality(): Punctuality
  /** Stops sending and resolves when every request has its answer. */
  stop(): Promise<void>
}

const TICK_MS = 10
export const LATE_MS = 100
const STALL_MS = 1_000
const MOST_LOSSES = 20_000
const timeouts: ReadonlySet<unknown> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
const ANSWER_TIMEOUT_MS = 10_000
/** After a stall of the machine at most this much is sent late: a burst would be a load that nobody asked for. */
const MOST_CATCH_UP_MS = 500

/** Begins to send at once. */
export function startLoad(options: LoadOptions): RunningLoad {
  const { clock, requestsPerSecond } = options
  const paths = options.paths ?? ['/']
  const { answerTimeoutMs = ANSWER_TIMEOUT_MS } = options
  const pool = new Pool(options.url, {
    connections: 512,
    pipelining: 1,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  })
  const counts = { ok: 0, appError: 0, lost: 0, unjudged: 0 }
  const losses: Loss[] = []
  const plan = { late: 0, skipped: 0, worstLateMs: 0 }
  let stalls = 0
  let lastTickMs = clock.monotonicMs()
  const lostBy: Record<string, number> = {}
  const pending = new Set<Promise<void>>()
  let sent = 0
  let dueSinceMs = clock.monotonicMs()
  let cancel = (): void => {}

  const ask = async (path: string): Promise<void> => {
    let answer: Answer | undefined
    let cause = 'no-answer'
    const stallsBefore = stalls
    const sentAtMs = clock.now()
    try {
      const { statusCode, headers, body } = await pool.request({ path, method: 'GET', headers: { host: options.host } })
      await body.dump()
      const refusal = headers[REFUSAL_HEADER]
      answer = { code: statusCode, ...(refusal === undefined ? {} : { refusal: String(refusal) }) }
      cause = String(refusal)
    } catch (error) {
      if (error instanceof Error && 'code' in error) cause = String(error.code)
    }
    if (timeouts.has(cause) && stalls > stallsBefore) {
      counts.unjudged += 1
      return
    }
    const outcome = judgeAnswer(answer)
    counts[outcome] += 1
    if (outcome !== 'lost') return
    lostBy[cause] = (lostBy[cause] ?? 0) + 1
    if (losses.length < MOST_LOSSES) losses.push({ sentAtMs, lostAtMs: clock.now(), cause })
  }
  const sendOne = (): void => {
    const path = paths[sent % paths.length] ?? '/'
    sent += 1
    const request = ask(path).finally(() => pending.delete(request))
    pending.add(request)
  }
  const tick = (): void => {
    const nowMs = clock.monotonicMs()
    if (nowMs - lastTickMs > STALL_MS) stalls += 1
    lastTickMs = nowMs
    const skipped = Math.floor((Math.max(0, nowMs - MOST_CATCH_UP_MS - dueSinceMs) * requestsPerSecond) / 1000)
    plan.skipped += skipped
    dueSinceMs += (skipped * 1000) / requestsPerSecond
    const due = Math.floor(((nowMs - dueSinceMs) * requestsPerSecond) / 1000)
    const lateMs = due > 0 ? nowMs - dueSinceMs - 1000 / requestsPerSecond : 0
    plan.worstLateMs = Math.max(plan.worstLateMs, lateMs)
    plan.late += Math.max(0, Math.floor(((lateMs - LATE_MS) * requestsPerSecond) / 1000) + (lateMs > LATE_MS ? 1 : 0))
    for (let n = 0; n < due; n += 1) sendOne()
    dueSinceMs += (due * 1000) / requestsPerSecond
    cancel = clock.setTimer(TICK_MS, tick)
  }
  tick()

  return {
    counts: () => ({ ...counts, lostBy: { ...lostBy } }),
    takeLosses: () => losses.splice(0),
    punctuality: () => ({ scheduled: sent + plan.skipped, sent, ...plan }),
    async stop() {
      cancel()
      await Promise.all(pending)
      if (!pool.closed) await pool.close()
    },
  }
}
