/**
 * How much slower one arm's tail is than the other's, as a stream of numbers to rank: ln(P99 canary / P99 stable), read log-log off what a few
 * ticks add up to. Single numbers are rough; whether they are unusual is for history to say.
 */
import type { PodLatency } from './samples.ts'
import { addPods, logQuantile } from './survival.ts'

export const QUANTILE = 0.99
/** Requests of the canary in a block, at least: half of such blocks have a request beyond the true P99 of 70. */
const BLOCK_REQUESTS = 70

/** Takes the pods of both arms of a tick; undefined until a block is full, and where the tail lies beyond the bounds. */
export type LatencyShifts = (canary: readonly PodLatency[], stable: readonly PodLatency[]) => number | undefined

export function createLatencyShifts(bounds: readonly number[]): LatencyShifts {
  let [canary, stable] = [emptyArm(bounds), emptyArm(bounds)]
  return (canaryPods, stablePods) => {
    canary.total += addPods(canary.slower, canaryPods)
    stable.total += addPods(stable.slower, stablePods)
    if (canary.total < BLOCK_REQUESTS || stable.total < BLOCK_REQUESTS) return undefined
    const ofStable = logQuantile(QUANTILE, { bounds, ...stable })
    const ofCanary = logQuantile(QUANTILE, { bounds, ...canary }) ?? bounds.at(-1)
    canary = emptyArm(bounds)
    stable = emptyArm(bounds)
    return ofStable === undefined || ofCanary === undefined ? undefined : Math.log(ofCanary / ofStable)
  }
}

const emptyArm = (bounds: readonly number[]) => ({ slower: bounds.map(() => 0), total: 0 })
