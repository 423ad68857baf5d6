/**
 * Client-side token bucket for API calls, first come first served, with one lane that never waits: an urgent call goes out at
 * once and puts the bucket into debt, so the long-run rate still holds. It only delays; it never refuses.
 */
import type { Clock } from '../runtime/clock.ts'
import type { ResourceKind } from './client.ts'
import { events, kindId } from './kinds.ts'

export interface RateLimit {
  /** Resolves when the call may go out (or at once when `signal` is aborted: the caller checks it). */
  acquire(options?: { readonly urgent?: boolean; readonly signal?: AbortSignal }): Promise<void>
}

export interface RateLimitOptions {
  readonly clock: Clock
  /** Calls per second in the long run. */
  readonly qps: number
  /** Calls that may go out at once after a quiet time. */
  readonly burst: number
}

export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { clock, qps, burst } = options
  let tokens = burst
  let countedAtMs = clock.monotonicMs()
  return {
    async acquire({ urgent = false, signal } = {}) {
      const nowMs = clock.monotonicMs()
      tokens = Math.min(burst, tokens + ((nowMs - countedAtMs) * qps) / 1000)
      countedAtMs = nowMs
      if (urgent) {
        tokens = Math.max(-burst, tokens - 1)
        return
      }
      tokens -= 1
      if (tokens < 0) await clock.sleep((-tokens * 1000) / qps, signal)
    },
  }
}

/**
 * One bucket per API group, and one for events: what is only told must not hold up what is done, and many status writes must not hold up
 * a route.
 */
export function createRateLimits(options: RateLimitOptions): (kind: ResourceKind) => RateLimit {
  const buckets = new Map<string, RateLimit>()
  return (kind) => {
    const name = kindId(kind) === kindId(events) ? kindId(events) : kind.group
    const bucket = buckets.get(name) ?? createRateLimit(options)
    buckets.set(name, bucket)
    return bucket
  }
}
