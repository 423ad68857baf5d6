/**
 * What stable's hours before the release make one expect of a release that has all traffic: so many events for its requests, and how much they wander
 * by themselves. One rate for all of the history, and what the hours' own shape makes of it where weeks are known (`hour-shape.ts`). It must not judge.
 */
import { sumBad, sumTotals } from '../stats/arms.ts'
import { calibrateShape, type ExpectedTick } from '../stats/before-after.ts'
import type { Count, Tick } from '../stats/ticks.ts'
import { type HourShape, ratioAt } from './hour-shape.ts'

/** Ticks that are put together to see what wanders slowly: a rate that changes over a quarter of an hour hardly shows from one scrape to the next. */
const SLOW_TICKS = 16

/** Overdispersion of stable's events around their own rate, at least 1; undefined when the history is too short or has no event. */
export function learnShape(history: readonly Tick[], before: Count): number | undefined {
  const expected = expectTicks(
    history.map(({ at, stable }) => ({ at, bad: sumBad(stable), total: sumTotals(stable) })),
    before,
  )
  const fast = calibrateShape(expected)
  const slow = calibrateShape(mergeTicks(expected))
  return fast === undefined ? undefined : Math.max(fast, slow ?? 1)
}

/** Counts with what the hours before had for as many requests, at the hour that it is; nothing is expected of an hour that is not known. */
export const expectTicks = (
  ticks: readonly (Count & { readonly at: number })[],
  before: Count,
  shape?: HourShape,
): readonly ExpectedTick[] =>
  ticks.map((tick) => {
    const rate = before.total > 0 ? (before.bad / before.total) * (ratioAt(shape, tick.at) ?? 0) : 0
    return { ...tick, expected: rate * tick.total }
  })

function mergeTicks(ticks: readonly ExpectedTick[]): readonly ExpectedTick[] {
  const merged: ExpectedTick[] = []
  for (let start = 0; start + SLOW_TICKS <= ticks.length; start += SLOW_TICKS) {
    const sum = { at: 0, bad: 0, total: 0, expected: 0 }
    for (const { at, bad, total, expected } of ticks.slice(start, start + SLOW_TICKS)) {
      sum.at = at
      sum.bad += bad
      sum.total += total
      sum.expected += expected
    }
    merged.push(sum)
  }
  return merged
}

/** Events of the history, by φ, from which on its rate is known to a tenth: what it may be wrong by is well within the tolerance then. */
const EVENTS_NEEDED = 100

/** Why the history cannot stand in for stable, as the end of a sentence; undefined when it can. */
export function findShapeProblem(before: Count | undefined, phi: number | undefined): string | undefined {
  if (before === undefined || before.total === 0) return 'stable has no history that could stand in for it'
  if (before.bad === 0) return 'stable counted no event in the history that could stand in for it'
  if (phi === undefined) return 'the history that could stand in for stable is too short to know its noise'
  const needed = Math.ceil(EVENTS_NEEDED * phi)
  if (before.bad >= needed) return undefined
  return `the history that could stand in for stable has ${Math.floor(before.bad)} events, of ${needed} that its rate takes`
}
