/**
 * One simulated rollout of a cell of latencies, judged by everybody. Edges are chosen from the history as the product chooses them; without one, from
 * stable's first minute in the rollout.
 */
import { createLatencyJudge } from '../../../analysis/domain/gates/judge-latency.ts'
import { calibrateLatency, type LatencyCalibration } from '../../../analysis/domain/gates/latency-calibration.ts'
import { type EdgePlan, planEdges } from '../../../analysis/domain/gates/latency-edges.ts'
import { readLatencyTicks } from '../../../analysis/domain/gates/read-latency-ticks.ts'
import type { LatencyTick, PodLatency } from '../../../analysis/domain/gates/samples.ts'
import { sumSurvival } from '../../../analysis/domain/gates/survival.ts'
import type { LatencyCell } from './cells.ts'
import { judgeLatencies, latencyRule, PENSTOCK } from './judges.ts'
import {
  edgesOf,
  type LatencyRun,
  type LatencyTraffic,
  simulateLatencies,
  simulateLatencyHistory,
} from './latencies.ts'
import { type Noise, type NoiseSet, noiseOf } from './noise.ts'
import { plans } from './plan.ts'
import type { Random } from './random.ts'
import { scrapeLatencies, tickAt } from './scrapes.ts'
import { HISTORY_SECONDS, historyNoise, isScraped, readOptions, smallestShare, type Trial } from './trial.ts'

export interface LatencyKnowledge {
  readonly plan: EdgePlan
  readonly calibration: LatencyCalibration | undefined
}

const FIRST_MINUTE_TICKS = 4

const trafficOf = ({ rps, buckets, effect }: LatencyCell, noise: Noise): LatencyTraffic => ({
  rps,
  buckets,
  effect,
  noise,
})

function planOf(cell: LatencyCell, ticks: readonly LatencyTick[]): EdgePlan {
  const plan = planEdges(sumSurvival(ticks, 'stable', edgesOf(cell.buckets)), latencyRule.toleranceRatio)
  if (plan === undefined) throw new Error(`${cell.id}: no edge that few enough requests exceed`)
  return plan
}

/** Only what the plan reads of the histograms. */
function projectTicks(ticks: readonly LatencyTick[], edges: readonly number[], { bounds }: EdgePlan): LatencyTick[] {
  const places = bounds.map((bound) => edges.indexOf(bound))
  const project = (pods: readonly PodLatency[]): PodLatency[] =>
    pods.map(({ pod, total, slower }) => ({ pod, total, slower: places.map((place) => slower[place] ?? 0) }))
  return ticks.map(({ at, canary, stable }) => ({ at, canary: project(canary), stable: project(stable) }))
}

/** What the gate knows of the service before the rollout; undefined without a history. */
export function calibrateLatencies(cell: LatencyCell, set: NoiseSet, random: Random): LatencyKnowledge | undefined {
  const seconds = HISTORY_SECONDS[cell.history]
  if (seconds === 0) return undefined
  const history = simulateLatencyHistory(trafficOf(cell, historyNoise(cell, set)), seconds, random)
  const plan = planOf(cell, history)
  const projected = projectTicks(history, edgesOf(cell.buckets), plan)
  return { plan, calibration: calibrateLatency(projected, plan, smallestShare(plans[cell.plan])) }
}

function readRun(run: LatencyRun, noise: Noise, plan: EdgePlan, random: Random): readonly LatencyTick[] {
  if (!isScraped(noise)) return projectTicks(run.ticks, run.edges, plan)
  const series = scrapeLatencies(run, run.edges, noise, random)
  const { ticks, problems } = readLatencyTicks(series, plan.bounds, readOptions(run, noise))
  const problem = problems.find(({ severity }) => severity === 'error')
  if (problem) throw new Error(`${problem.reason}: ${problem.what}`)
  return ticks
}

export function runLatencyTrial(
  cell: LatencyCell,
  set: NoiseSet,
  known: LatencyKnowledge | undefined,
  random: Random,
): Trial {
  const plan = plans[cell.plan]
  const noise = noiseOf(set, cell.noise)
  const run = simulateLatencies(trafficOf(cell, noise), plan, random)
  const edges = known?.plan ?? planOf(cell, run.ticks.slice(0, FIRST_MINUTE_TICKS))
  const judge = createLatencyJudge(edges, known?.calibration, latencyRule)
  const aborting = readRun(run, noise, edges, random).find((tick) => judge.add(tick).decision === 'abort')
  return { aborts: { ...judgeLatencies(plan, run), [PENSTOCK]: aborting && tickAt(aborting.at) } }
}
