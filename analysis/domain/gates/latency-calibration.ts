/**
 * What hours of stable pods teach the latency gate: overdispersion at each edge, and how far apart the tails of two sets of pods are that run the
 * same release. Like `stats/calibrate.ts`, on histograms.
 */
import { calibrateWhole } from '../stats/calibrate.ts'
import { createPodGroups } from '../stats/pod-groups.ts'
import { type RankHistory, rankHistory } from '../stats/rank-evidence.ts'
import type { Calibration, Tick } from '../stats/ticks.ts'
import type { EdgePlan } from './latency-edges.ts'
import { createLatencyShifts } from './latency-shift.ts'
import type { LatencyTick, PodLatency } from './samples.ts'

export interface LatencyCalibration {
  /** In the order of the plan's edges. */
  readonly edges: readonly Calibration[]
  /** Of ln(P99/P99). */
  readonly shift: RankHistory
}

/** `history`: ticks of stable pods at the plan's bounds, ascending. `share`: the canary's share of traffic in the smallest stage, 0..1. */
export function calibrateLatency(history: readonly LatencyTick[], plan: EdgePlan, share: number): LatencyCalibration {
  return {
    edges: plan.edges.map(({ index }) =>
      calibrateWhole(
        history.map((tick) => atEdge(tick, index)),
        share,
      ),
    ),
    shift: rankHistory(listShifts(history, plan.bounds, share)),
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

/** By slice of pods, as large as the canary: its shifts against all the others. A single pod has nothing to be held against. */
function listShifts(history: readonly LatencyTick[], bounds: readonly number[], share: number): number[][] {
  const pods = medianPods(history)
  if (pods < 2) return []
  const wanted = Math.round(1 / Math.min(Math.max(share, SMALLEST_SHARE), LARGEST_SHARE))
  const count = Math.max(2, Math.min(wanted, pods))
  const groups = createPodGroups(count)
  const slices = Array.from({ length: Math.min(count, MOST_SLICES) }, () => createLatencyShifts(bounds))
  const shifts: number[][] = slices.map(() => [])
  for (const { stable } of history) {
    const groupOf = groups.deal(countPods(stable, 0))
    for (const [group, slice] of slices.entries()) {
      const shift = slice(
        stable.filter((_, index) => groupOf[index] === group),
        stable.filter((_, index) => groupOf[index] !== group),
      )
      if (shift !== undefined) shifts[group]?.push(shift)
    }
  }
  return shifts
}

function medianPods(history: readonly LatencyTick[]): number {
  const counts = history.map(({ stable }) => stable.length).sort((one, other) => one - other)
  return counts[counts.length >> 1] ?? 0
}
