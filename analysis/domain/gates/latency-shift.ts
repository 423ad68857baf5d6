/**
 * How much slower one arm's tail is than the other's, as a stream of numbers to rank: ln(P99 canary / P99 stable), read log-log off what a few
 * ticks add up to. Single numbers are rough; whether they are unusual is for history to say, so they may be no rougher than history's.
 */
import type { PodLatency } from './samples.ts'
import { addPods, logQuantile } from './survival.ts'

export const QUANTILE = 0.99
/** Requests of either arm in a block, at least: half of such blocks have a request beyond the true P99 of 70. */
const BLOCK_REQUESTS = 70
/** How much larger than history's the variance of a block may be: traffic is never quite even, and waiting for one more tick costs as much again. */
const ROUGHER = 1.25

/** Requests that a block rests on. */
export interface BlockSize {
  readonly canary: number
  readonly stable: number
}

export interface ShiftBlock extends BlockSize {
  /** ln(P99/P99). */
  readonly shift: number
}

/** Takes the pods of both arms of a tick; undefined until a block is full, and where the tail lies beyond the bounds. */
export type LatencyShifts = (canary: readonly PodLatency[], stable: readonly PodLatency[]) => ShiftBlock | undefined

/** `known`: blocks that these will be ranked among. */
export function createLatencyShifts(bounds: readonly number[], known?: BlockSize): LatencyShifts {
  let [canary, stable] = [emptyArm(bounds), emptyArm(bounds)]
  return (canaryPods, stablePods) => {
    canary.total += addPods(canary.slower, canaryPods)
    stable.total += addPods(stable.slower, stablePods)
    const size = { canary: canary.total, stable: stable.total }
    if (Math.min(size.canary, size.stable) < BLOCK_REQUESTS || (known && isRougher(size, known))) return undefined
    const ofStable = logQuantile(QUANTILE, { bounds, ...stable })
    const ofCanary = logQuantile(QUANTILE, { bounds, ...canary }) ?? bounds.at(-1)
    canary = emptyArm(bounds)
    stable = emptyArm(bounds)
    return ofStable === undefined || ofCanary === undefined
      ? undefined
      : { ...size, shift: Math.log(ofCanary / ofStable) }
  }
}

/**
 * A quantile of n requests has a variance in proportion to 1/n. Ranked among blocks of slices that are larger than the canary, as those of few pods
 * are, a healthy canary's would look unusual at every block. Its own variance is asked for as well as that of the difference: few requests are skewed.
 */
function isRougher(size: BlockSize, known: BlockSize): boolean {
  const isCanaryRougher = size.canary * ROUGHER < known.canary
  return isCanaryRougher || varianceOf(size) > ROUGHER * varianceOf(known)
}

const varianceOf = ({ canary, stable }: BlockSize): number => 1 / canary + 1 / stable

const emptyArm = (bounds: readonly number[]) => ({ slower: bounds.map(() => 0), total: 0 })
