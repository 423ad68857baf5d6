/**
 * The peers' judges, each as it is commonly set up: Argo Rollouts with a threshold or a ratio over a one-minute window, measured every 60 s, five
 * times in each stage; and Kayenta's Mann-Whitney judge at the end of each stage against a fresh baseline. All of them see exact counts, which is
 * kinder than PromQL's extrapolation. Each answers with the scrape at whose end it aborts, or undefined.
 */
import { judgeMannWhitney, kayentaRule, type MannWhitneyRule } from '../../../analysis/domain/stats/mann-whitney.ts'
import type { ArmSums } from './counts.ts'
import type { LatencySums } from './latencies.ts'
import { type Plan, SCRAPE_SECONDS } from './plan.ts'
import { promqlQuantile } from './promql-quantile.ts'

const MINUTE_TICKS = 60 / SCRAPE_SECONDS
const MEASUREMENTS = 5

/** `isFailed` sees the first and the last scrape of a window. */
export function abortByLimit(
  plan: Plan,
  failureLimit: number,
  isFailed: (first: number, last: number) => boolean,
): number | undefined {
  for (const [stage, start] of plan.stageStarts.entries()) {
    const end = plan.stageStarts[stage + 1] ?? plan.weights.length
    let failures = 0
    for (let measured = 1; measured <= MEASUREMENTS; measured++) {
      const last = start + measured * MINUTE_TICKS - 1
      if (last >= end) break
      if (isFailed(last - MINUTE_TICKS + 1, last) && ++failures > failureLimit) return last
    }
  }
  return undefined
}

function sumOf(values: Float64Array, first: number, last: number): number {
  let sum = 0
  for (let tick = first; tick <= last; tick++) sum += values[tick] ?? 0
  return sum
}

/** NaN without a request. */
const rateOf = ({ bad, total }: ArmSums, first: number, last: number): number =>
  sumOf(bad, first, last) / sumOf(total, first, last)

/** `success rate < least`. */
export const abortBelowSuccess = (plan: Plan, canary: ArmSums, least: number, failureLimit: number) =>
  abortByLimit(plan, failureLimit, (first, last) => 1 - rateOf(canary, first, last) < least)

/** `canary rate / stable rate > most`; NaN (none in both) is no failure. */
export const abortAboveRatio = (
  plan: Plan,
  { canary, stable }: { readonly canary: ArmSums; readonly stable: ArmSums },
  most: number,
  failureLimit: number,
) => abortByLimit(plan, failureLimit, (first, last) => rateOf(canary, first, last) / rateOf(stable, first, last) > most)

/** `canary events per request / stable's < least`. */
export const abortBelowRatio = (
  plan: Plan,
  { canary, stable }: { readonly canary: ArmSums; readonly stable: ArmSums },
  least: number,
  failureLimit: number,
) =>
  abortByLimit(plan, failureLimit, (first, last) => rateOf(canary, first, last) / rateOf(stable, first, last) < least)

/** `increase(events[1m]) > 0` must hold. */
export const abortOnAbsence = (plan: Plan, canary: ArmSums) =>
  abortByLimit(plan, 0, (first, last) => sumOf(canary.bad, first, last) === 0)

/** P99 of a window in seconds, as PromQL has it. */
export function p99Of(sums: LatencySums, edges: readonly number[], window: readonly [number, number]): number {
  const [first, last] = window
  const cumulative = edges.map((_, edge) => {
    let slower = 0
    for (let tick = first; tick <= last; tick++) slower += sums.slower[tick * edges.length + edge] ?? 0
    return sumOf(sums.total, first, last) - slower
  })
  return promqlQuantile(0.99, edges, cumulative, sumOf(sums.total, first, last))
}

interface LatencyArms {
  readonly edges: readonly number[]
  readonly canary: LatencySums
  readonly stable: LatencySums
}

export const abortAboveLatencyRatio = (plan: Plan, run: LatencyArms, most: number, failureLimit: number) =>
  abortByLimit(
    plan,
    failureLimit,
    (first, last) => p99Of(run.canary, run.edges, [first, last]) / p99Of(run.stable, run.edges, [first, last]) > most,
  )

export const abortAboveLatency = (plan: Plan, run: LatencyArms, mostSeconds: number, failureLimit: number) =>
  abortByLimit(plan, failureLimit, (first, last) => p99Of(run.canary, run.edges, [first, last]) > mostSeconds)

/** What Kayenta would be given: one value a scrape, NaN where there is none. */
export type ValueAt = (tick: number) => number

/** At the end of each stage, over that stage's values. */
export function abortByMannWhitney(
  plan: Plan,
  values: { readonly canary: ValueAt; readonly baseline: ValueAt },
  rule: Partial<MannWhitneyRule>,
): number | undefined {
  for (const [stage, start] of plan.stageStarts.entries()) {
    const end = plan.stageStarts[stage + 1] ?? plan.weights.length
    const ticks = Array.from({ length: end - start }, (_, index) => start + index)
    const verdict = judgeMannWhitney(ticks.map(values.baseline), ticks.map(values.canary), { ...kayentaRule, ...rule })
    if (verdict.label === 'High' || verdict.label === 'Low') return end - 1
  }
  return undefined
}

/** In percent: Kayenta's root finder stops 1e-4 apart in whatever unit the values have. */
export const percentAt =
  ({ bad, total }: ArmSums): ValueAt =>
  (tick) =>
    (100 * (bad[tick] ?? 0)) / (total[tick] ?? 0)

/** In milliseconds. */
export const p99At =
  (sums: LatencySums, edges: readonly number[]): ValueAt =>
  (tick) =>
    1000 * p99Of(sums, edges, [tick, tick])
