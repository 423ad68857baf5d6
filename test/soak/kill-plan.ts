/** When the controller is killed, and for how long it is gone. Pure: the same seed gives the same moments. */
import type { Random } from '../../controller/runtime/random.ts'

export interface Kill {
  /** From the start of the releases. */
  readonly atMs: number
  /** Until the next process is started; it then waits for the Lease. */
  readonly downMs: number
}

/** No kills later than this share of the time: the last process must live long enough to show whether its memory grows. */
const LAST_SHARE = 0.65
const MOST_DOWN_MS = 4_000

/** In order of time. Moments are drawn one by one, so that two of them may be close: a process may die as soon as it leads. */
export function planKills(
  random: Random,
  plan: { readonly durationMs: number; readonly kills: number },
): readonly Kill[] {
  return Array.from({ length: plan.kills }, () => ({
    atMs: Math.round(random.next() * plan.durationMs * LAST_SHARE),
    downMs: Math.round(random.next() * MOST_DOWN_MS),
  })).toSorted((a, b) => a.atMs - b.atMs)
}
