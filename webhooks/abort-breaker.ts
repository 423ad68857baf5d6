/**
 * The circuit breaker against a mass abort: one infrastructure alert that fits every rollout must not scale up every stable version
 * at once. It counts distinct rollouts within a sliding window and knows nothing else about them.
 */
export interface AbortBreaker {
  /** True while `rollout` may be aborted at `nowMs` (monotonic milliseconds); a rollout counted once in the window stays admitted. */
  admits(rollout: string, nowMs: number): boolean
}

export interface BreakerOptions {
  /** Distinct rollouts within the window. */
  readonly limit: number
  readonly windowMs: number
}

export function createAbortBreaker(options: BreakerOptions): AbortBreaker {
  const admittedAtMs = new Map<string, number>()
  return {
    admits(rollout, nowMs) {
      for (const [known, atMs] of admittedAtMs) if (nowMs - atMs >= options.windowMs) admittedAtMs.delete(known)
      if (admittedAtMs.has(rollout)) return true
      if (admittedAtMs.size >= options.limit) return false
      admittedAtMs.set(rollout, nowMs)
      return true
    },
  }
}
