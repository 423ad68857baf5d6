/**
 * Open-loop load: requests leave at a constant rate whatever the answers do, as users do, so that a slow release meets as many requests
 * as a fast one. It counts outcomes; it must not retry anything.
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
}

export type Counts = Readonly<Record<Outcome, number>> & {
  /** Why requests were lost, by the gateway's reason or the connection's error. */
  readonly lostBy: Readonly<Record<string, number>>
}

export interface RunningLoad {
  /** Since the start. */
  counts(): Counts
  /** Stops sending and resolves when every request has its answer. */
  stop(): Promise<void>
}

const TICK_MS = 10
const ANSWER_TIMEOUT_MS = 10_000
/** After a stall of the machine at most this much is sent late: a burst would be a load that nobody asked for. */
const MOST_CATCH_UP_MS = 500

/** Begins to send at once. */
export function startLoad(options: LoadOptions): RunningLoad {
  const { clock, requestsPerSecond } = options
  const paths = options.paths ?? ['/']
  const pool = new Pool(options.url, {
    connections: 512,
    pipelining: 1,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  })
  const counts = { ok: 0, appError: 0, lost: 0 }
  const lostBy: Record<string, number> = {}
  const pending = new Set<Promise<void>>()
  let sent = 0
  let dueSinceMs = clock.monotonicMs()
  let cancel = (): void => {}

  const ask = async (path: string): Promise<void> => {
    let answer: Answer | undefined
    let cause = 'no-answer'
    try {
      const { statusCode, headers, body } = await pool.request({ path, method: 'GET', headers: { host: options.host } })
      await body.dump()
      const refusal = headers[REFUSAL_HEADER]
      answer = { code: statusCode, ...(refusal === undefined ? {} : { refusal: String(refusal) }) }
      cause = String(refusal)
    } catch (error) {
      if (error instanceof Error && 'code' in error) cause = String(error.code)
    }
    const outcome = judgeAnswer(answer)
    counts[outcome] += 1
    if (outcome === 'lost') lostBy[cause] = (lostBy[cause] ?? 0) + 1
  }
  const sendOne = (): void => {
    const path = paths[sent % paths.length] ?? '/'
    sent += 1
    const request = ask(path).finally(() => pending.delete(request))
    pending.add(request)
  }
  const tick = (): void => {
    const nowMs = clock.monotonicMs()
    dueSinceMs = Math.max(dueSinceMs, nowMs - MOST_CATCH_UP_MS)
    const due = Math.floor(((nowMs - dueSinceMs) * requestsPerSecond) / 1000)
    for (let n = 0; n < due; n += 1) sendOne()
    dueSinceMs += (due * 1000) / requestsPerSecond
    cancel = clock.setTimer(TICK_MS, tick)
  }
  tick()

  return {
    counts: () => ({ ...counts, lostBy: { ...lostBy } }),
    async stop() {
      cancel()
      await Promise.all(pending)
      if (!pool.closed) await pool.close()
    },
  }
}
