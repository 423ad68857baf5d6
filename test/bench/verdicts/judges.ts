/** Which judges look at which gate, and what each says of one simulated rollout of counts. */
import { createCountJudge } from '../../../analysis/domain/stats/replay.ts'
import type { Calibration, CountRule, Tick } from '../../../analysis/domain/stats/ticks.ts'
import type { CellGate } from './cells.ts'
import type { CountRun } from './counts.ts'
import type { LatencyRun } from './latencies.ts'
import {
  abortAboveLatency,
  abortAboveLatencyRatio,
  abortAboveRatio,
  abortBelowRatio,
  abortBelowSuccess,
  abortByMannWhitney,
  abortOnAbsence,
  p99At,
  percentAt,
} from './peers.ts'
import type { Plan } from './plan.ts'

/** The scrape at whose end a judge aborts. */
export type Abort = number | undefined

export const PENSTOCK = 'penstock'

/** By gate, in the order of the tables' columns; ours is last. */
export const judgesOf: Readonly<Record<CellGate, readonly string[]>> = {
  errorRate: [
    'success ≥ .95 FL0',
    'success ≥ .95 FL3',
    'success ≥ .99 FL0',
    'success ≥ .99 FL3',
    'ratio ≤ 2 FL0',
    'ratio ≤ 2 FL3',
    'Mann-Whitney',
    PENSTOCK,
  ],
  latency: ['ratio ≤ 1.15 FL0', 'ratio ≤ 1.15 FL3', 'P99 ≤ 250 ms FL3', 'Mann-Whitney', PENSTOCK],
  events: ['increase > 0 FL0', 'ratio ≥ .8 FL0', 'ratio ≥ .8 FL3', 'Mann-Whitney', PENSTOCK],
}

/** As the presets have them (`analysis.md` 5.1). */
export const errorRule: CountRule = {
  direction: 'up',
  alpha: 1 / 300,
  beta: 1 / 3,
  toleranceRatio: 1.2,
  toleranceExcess: 0.001,
  minEvents: 5,
}

export const eventRule: CountRule = { ...errorRule, direction: 'down', toleranceRatio: 0.8, toleranceExcess: 0 }

export const latencyRule: CountRule = { ...errorRule, toleranceRatio: 1.15, toleranceExcess: 0 }

/** Ours, on counts: the time of the first look that aborts, epoch milliseconds. What would come later is not looked at. */
export function abortByGate(
  ticks: readonly Tick[],
  calibration: Calibration | undefined,
  rule: CountRule,
): number | undefined {
  const judge = createCountJudge(calibration, rule)
  return ticks.find((tick) => judge.add(tick).decision === 'abort')?.at
}

export function judgeErrors(plan: Plan, run: CountRun): Readonly<Record<string, Abort>> {
  return {
    'success ≥ .95 FL0': abortBelowSuccess(plan, run.canary, 0.95, 0),
    'success ≥ .95 FL3': abortBelowSuccess(plan, run.canary, 0.95, 3),
    'success ≥ .99 FL0': abortBelowSuccess(plan, run.canary, 0.99, 0),
    'success ≥ .99 FL3': abortBelowSuccess(plan, run.canary, 0.99, 3),
    'ratio ≤ 2 FL0': abortAboveRatio(plan, run, 2, 0),
    'ratio ≤ 2 FL3': abortAboveRatio(plan, run, 2, 3),
    'Mann-Whitney': abortByMannWhitney(
      plan,
      { canary: percentAt(run.canary), baseline: percentAt(run.baseline) },
      { direction: 'increase' },
    ),
  }
}

export function judgeEvents(plan: Plan, run: CountRun): Readonly<Record<string, Abort>> {
  return {
    'increase > 0 FL0': abortOnAbsence(plan, run.canary),
    'ratio ≥ .8 FL0': abortBelowRatio(plan, run, 0.8, 0),
    'ratio ≥ .8 FL3': abortBelowRatio(plan, run, 0.8, 3),
    'Mann-Whitney': abortByMannWhitney(
      plan,
      { canary: percentAt(run.canary), baseline: percentAt(run.baseline) },
      { direction: 'decrease', allowedDecrease: 0.8 },
    ),
  }
}

export function judgeLatencies(plan: Plan, run: LatencyRun): Readonly<Record<string, Abort>> {
  return {
    'ratio ≤ 1.15 FL0': abortAboveLatencyRatio(plan, run, 1.15, 0),
    'ratio ≤ 1.15 FL3': abortAboveLatencyRatio(plan, run, 1.15, 3),
    'P99 ≤ 250 ms FL3': abortAboveLatency(plan, run, 0.25, 3),
    'Mann-Whitney': abortByMannWhitney(
      plan,
      { canary: p99At(run.canary, run.edges), baseline: p99At(run.baseline, run.edges) },
      { direction: 'increase', allowedIncrease: 1.15 },
    ),
  }
}
