/**
 * Exponential back-off with jitter, as a small counter: it decides how long to wait, the caller waits and decides when things
 * are well again.
 */
import { jitter, type Random } from './random.ts'

export interface BackoffOptions {
  readonly random: Random
  readonly firstMs: number
  readonly maxMs: number
  /** Growth per attempt; 2 when absent. */
  readonly factor?: number
}

export interface Backoff {
  /** The wait before the next attempt: the nominal delay stretched by up to a half; then the nominal delay grows. */
  nextDelayMs(): number
  reset(): void
}

/** Share of jitter; the cap leaves room for it, so that long waits stay spread too. */
const STRETCH = 0.5

export function createBackoff(options: BackoffOptions): Backoff {
  const { random, firstMs, maxMs, factor = 2 } = options
  const longestNominalMs = maxMs / (1 + STRETCH)
  let nominalMs = Math.min(firstMs, longestNominalMs)
  return {
    nextDelayMs() {
      const delayMs = jitter(random, nominalMs, STRETCH)
      nominalMs = Math.min(longestNominalMs, nominalMs * factor)
      return delayMs
    },
    reset() {
      nominalMs = Math.min(firstMs, longestNominalMs)
    },
  }
}
