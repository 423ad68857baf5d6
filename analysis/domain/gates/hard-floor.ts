/**
 * The floor below which no statistics are asked (analysis.md 5.1): more than half of the canary's requests fail while stable is well. Two ticks in a
 * row have to say so, each alone, so that one bad scrape aborts nothing.
 */
import { type ArmCounts, sumArms } from '../stats/arms.ts'
import type { Count, Tick } from '../stats/ticks.ts'

const CANARY_SUCCESS = 0.5
const STABLE_SUCCESS = 0.9
/** Canary requests in both ticks together. */
const FEWEST_REQUESTS = 20

export interface HardFloorFinding {
  /** Epoch milliseconds of the second tick. */
  readonly at: number
  readonly canary: Count
  readonly stable: Count
}

/** The first two ticks in a row below the floor: once there, an abort stays one. Undefined: none. */
export function findHardFloor(ticks: readonly Tick[]): HardFloorFinding | undefined {
  let before: ArmCounts | undefined
  for (const tick of ticks) {
    const arms = sumArms(tick)
    const isLow = arms !== undefined && isBelow(arms)
    if (isLow && before && before.canaryTotal + arms.canaryTotal >= FEWEST_REQUESTS) return render(before, arms)
    before = isLow ? arms : undefined
  }
  return undefined
}

const isBelow = ({ canaryBad, canaryTotal, stableBad, stableTotal }: ArmCounts): boolean =>
  canaryBad > (1 - CANARY_SUCCESS) * canaryTotal && stableBad <= (1 - STABLE_SUCCESS) * stableTotal

const render = (one: ArmCounts, other: ArmCounts): HardFloorFinding => ({
  at: other.at,
  canary: { bad: one.canaryBad + other.canaryBad, total: one.canaryTotal + other.canaryTotal },
  stable: { bad: one.stableBad + other.stableBad, total: one.stableTotal + other.stableTotal },
})
