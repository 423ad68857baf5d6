/**
 * What hours of stable pods teach the latency gate: overdispersion at each edge, and how far apart the tails of two sets of pods are that run the
 * same release. Like `stats/calibrate.ts`, on histograms.
 */
import { calibrateWhole } from '../stats/calibrate.ts'
import { createPodGroups } from '../stats/pod-groups.ts'
import { type RankHistory, rankHistory } from '../stats/rank-evidence.ts'
import { createThinning, type Thinning } from '../stats/thinning.ts'
import type { Calibration, Tick } from '../stats/ticks.ts'
import type { EdgePlan } from './latency-edges.ts'
import { type BlockSize, createLatencyShifts, type ShiftBlock } from './latency-shift.ts'
import type { LatencyTick, PodLatency } from './samples.ts'

export interface LatencyCalibration {
  /** In the order of the plan's edges. */
  readonly edges: readonly Calibration[]
  readonly shift: ShiftHistory
}

/** Of ln(P99/P99). */
export interface ShiftHistory extends RankHistory {
  /** Of a usual block; without it there is no telling which blocks may be ranked among these. */
  readonly block?: BlockSize
}

/** `history`: ticks of stable pods at the plan's bounds, ascending. `share`: the canary's share of traffic in the smallest stage, 0..1. */
export function calibrateLatency(history: readonly LatencyTick[], plan: EdgePlan, share: number): LatencyCalibration {
  const slices = listShifts(history, plan.bounds, share)
  return {
    edges: plan.edges.map(({ index }) =>
      calibrateWhole(
        history.map((tick) => atEdge(tick, index)),
        share,
      ),
    ),
    shift: {
      ...rankHistory(slices.map((blocks) => blocks.map(({ shift }) => shift))),
      block: usualBlock(slices.flat()),
    },
  }
}

/** The counts of one edge: a request slower than it is a bad event. */
export const atEdge = ({ at, canary, stable }: LatencyTick, index: number): Tick => ({
  at,
  canary: countPods(canary, index),
  stable: countPods(stable, index),
})

const countPods = (pods: readonly PodLatency[], index: number) =>
  pods.map(({ pod, total, slower }) => ({ pod, bad: slower[index] ?? 0, total }))

/** Slices that are looked at; more of them repeat the same traffic. */
const MOST_SLICES = 8
const SMALLEST_SHARE = 0.01
const LARGEST_SHARE = 0.5
/** Slices that are hardly larger than the canary stay as they are. */
const FULL = 0.9

/**
 * By slice of pods: its shifts against all the others, thinned to what the canary has of stable's traffic. A canary of a service with few pods is smaller than
 * any of them, and its P99 rougher; how far off the truth a P99 is read depends on the number of requests as well. A single pod has nothing to be held against.
 */
function listShifts(history: readonly LatencyTick[], bounds: readonly number[], share: number): ShiftBlock[][] {
  const pods = medianOf(history.map(({ stable }) => stable.length))
  if (pods < 2) return []
  const canaryShare = Math.min(Math.max(share, SMALLEST_SHARE), LARGEST_SHARE)
  const count = Math.max(2, Math.min(Math.round(1 / canaryShare), pods))
  const groups = createPodGroups(count)
  const thin = createThinning()
  const slices = Array.from({ length: Math.min(count, MOST_SLICES) }, () => createLatencyShifts(bounds))
  const blocks: ShiftBlock[][] = slices.map(() => [])
  for (const { stable } of history) {
    const groupOf = groups.deal(countPods(stable, 0))
    for (const [group, slice] of slices.entries()) {
      const own = stable.filter((_, index) => groupOf[index] === group)
      const others = stable.filter((_, index) => groupOf[index] !== group)
      const kept = (canaryShare / (1 - canaryShare)) * (others.length / own.length)
      const block = slice(kept < FULL ? own.map((pod) => thinPod(pod, kept, thin)) : own, others)
      if (block !== undefined) blocks[group]?.push(block)
    }
  }
  return blocks
}

/** Keeps each request with the same chance, the slowest first. */
function thinPod({ pod, total, slower }: PodLatency, share: number, thin: Thinning): PodLatency {
  let above = 0
  let kept = 0
  const keptSlower = slower.toReversed().map((count) => {
    kept += thin(count - above, share)
    above = count
    return kept
  })
  return { pod, total: kept + thin(total - above, share), slower: keptSlower.toReversed() }
}

const usualBlock = (blocks: readonly BlockSize[]): BlockSize => ({
  canary: medianOf(blocks.map(({ canary }) => canary)),
  stable: medianOf(blocks.map(({ stable }) => stable)),
})

const medianOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0
