/**
 * Bounds how many Events one object may cause: a burst, then one per refill period. A rollout tells some twenty Events, and several may follow
 * one another in an hour, so the bounds are wider than client-go's (25, then one in five minutes): the abort must not be the one dropped.
 */
import type { Clock } from '../runtime/clock.ts'

export interface EventSpamFilter {
  /** Takes one token of the object; false when it has none left. */
  admits(uid: string): boolean
}

const BURST = 250
const REFILL_MS = 10_000
const MOST_OBJECTS = 4_096

export function createEventSpamFilter(clock: Clock): EventSpamFilter {
  /** In order of last use, so that the first is the one to forget. */
  const buckets = new Map<string, { readonly tokens: number; readonly atMs: number }>()
  return {
    admits(uid) {
      const nowMs = clock.monotonicMs()
      const previous = buckets.get(uid) ?? { tokens: BURST, atMs: nowMs }
      const tokens = Math.min(BURST, previous.tokens + (nowMs - previous.atMs) / REFILL_MS)
      const isAdmitted = tokens >= 1
      buckets.delete(uid)
      buckets.set(uid, { tokens: isAdmitted ? tokens - 1 : tokens, atMs: nowMs })
      const [oldest] = buckets.keys()
      if (buckets.size > MOST_OBJECTS && oldest !== undefined) buckets.delete(oldest)
      return isAdmitted
    },
  }
}
