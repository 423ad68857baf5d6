/**
 * What a stream of counts adds up to, tick by tick, so that stages of different weights and incidents of both arms do not distort it: sums for
 * display, the stratified ratio (Mantel-Haenszel) and the canary's excess over stable's rate.
 *
 *   ratio = Σ x_c·n_s/(n_c+n_s)  /  Σ x_s·n_c/(n_c+n_s)         expected = Σ n_c·x_s/n_s
 */
import type { ArmCounts } from './arms.ts'
import type { PodLoad } from './noise.ts'
import type { Count } from './ticks.ts'

export interface Totals {
  ticks: number
  at: number
  canary: Count
  stable: Count
  expected: number
  /** Numerator and denominator of the ratio. */
  canaryWeighted: number
  stableWeighted: number
  /** Canary pods with requests, added up over ticks. */
  canaryPods: number
}

export function emptyTotals(): Totals {
  const none = { bad: 0, total: 0 }
  return {
    ticks: 0,
    at: 0,
    canary: none,
    stable: none,
    expected: 0,
    canaryWeighted: 0,
    stableWeighted: 0,
    canaryPods: 0,
  }
}

export function addToTotals(totals: Totals, arms: ArmCounts): void {
  const all = arms.canaryTotal + arms.stableTotal
  totals.ticks += 1
  totals.at = arms.at
  totals.canary = { bad: totals.canary.bad + arms.canaryBad, total: totals.canary.total + arms.canaryTotal }
  totals.stable = { bad: totals.stable.bad + arms.stableBad, total: totals.stable.total + arms.stableTotal }
  totals.expected += (arms.stableBad / arms.stableTotal) * arms.canaryTotal
  totals.canaryWeighted += (arms.canaryBad / all) * arms.stableTotal
  totals.stableWeighted += (arms.stableBad / all) * arms.canaryTotal
  totals.canaryPods += arms.canaryPods
}

/** Undefined while stable has no bad event: no ratio can be told then. */
export function ratioOf(totals: Totals): number | undefined {
  return totals.stableWeighted > 0 ? totals.canaryWeighted / totals.stableWeighted : undefined
}

/** What one canary pod got in one tick, on average. */
export function loadOf({ canary, expected, canaryPods }: Totals): PodLoad {
  return canaryPods === 0
    ? { requests: 0, expected: 0 }
    : { requests: canary.total / canaryPods, expected: expected / canaryPods }
}
