/**
 * Both arms of one tick, pods summed. A tick counts only when both arms had requests; what is not a number counts as nothing, so that nothing
 * downstream has to ask.
 */
import type { PodCount, Tick } from './ticks.ts'

/** Bad events and exposure of two sets of pods within one tick. */
export interface PairCounts {
  /** Epoch milliseconds. */
  readonly at: number
  readonly canaryBad: number
  readonly canaryTotal: number
  readonly stableBad: number
  readonly stableTotal: number
}

/** Both arms within one tick. */
export interface ArmCounts extends PairCounts {
  /** Canary pods that had requests. */
  readonly canaryPods: number
}

/** The sums of a tick; undefined when one of the arms had no request: there is nothing to compare then. */
export function sumArms(tick: Tick): ArmCounts | undefined {
  const canaryTotal = sumTotals(tick.canary)
  const stableTotal = sumTotals(tick.stable)
  if (canaryTotal <= 0 || stableTotal <= 0) return undefined
  return {
    at: tick.at,
    canaryBad: sumBad(tick.canary),
    canaryTotal,
    stableBad: sumBad(tick.stable),
    stableTotal,
    canaryPods: tick.canary.reduce((pods, { total }) => (total > 0 ? pods + 1 : pods), 0),
  }
}

export function sumBad(pods: readonly PodCount[]): number {
  let sum = 0
  for (const pod of pods) sum += countOf(pod.bad)
  return sum
}

export function sumTotals(pods: readonly PodCount[]): number {
  let sum = 0
  for (const pod of pods) sum += countOf(pod.total)
  return sum
}

/** What is not a number, or negative, counts as nothing. */
export function countOf(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0
}
