/**
 * How long an AnalysisRun takes when every measurement is good: its own schedule, played with the controller's code over a clock that stands still
 * while it measures. Gates take their stage, and up to the longest hold; of what runs elsewhere (a Job, say) nobody knows.
 */

import { decide } from '../../analysis/domain/decide.ts'
import { computeStatus } from '../../analysis/domain/progress.ts'
import { decideSchedule } from '../../analysis/domain/schedule.ts'
import { stageOf } from '../../analysis/providers/gate/stage.ts'
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  isCompleted,
  type Measurement,
  type Metric,
} from '../../controller/api/analysis.ts'
import { gateMetricSchema } from '../../controller/api/gate.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import type { Compat } from '../../controller/domain/world.ts'
import {
  chooseProvider,
  isLongProvider,
  readLimits,
  runsJob,
} from '../../controller/metric-language/analysis-metric.ts'
import { planGate } from '../../controller/metric-language/gate-plan.ts'

export interface RunLength {
  readonly shortestMs: number
  /** Undefined: nobody knows. */
  readonly longestMs: number | undefined
}

/** A run that measures more often than this is not played to its end. */
const MOST_PASSES = 20_000
/** A gate that may pass early needs so many ticks after the warm-up, and a tick is so long where nothing else is said. */
const FEWEST_TICKS = 3
const TICK_MS = 15_000

/** Undefined: it goes on until it is ended. `problem`: it would not be measured at all. */
export function computeRunLength(run: AnalysisRun, mode: Compat): RunLength | { readonly problem: string } | undefined {
  const plan = decide({ run, mode, now: 0 })
  if (plan.do === 'refuse') return { problem: plan.message }
  if (plan.do !== 'measure') return { shortestMs: 0, longestMs: 0 }
  const { spec } = plan
  const shortestMs = play(spec, mode, (metric) => lengthOfMeasurement(run, metric).shortestMs)
  if (shortestMs === undefined) return undefined
  const isKnown = spec.metrics.every((metric) => lengthOfMeasurement(run, metric).longestMs !== undefined)
  const longestMs = isKnown ? play(spec, mode, (metric) => lengthOfMeasurement(run, metric).longestMs ?? 0) : undefined
  return { shortestMs, longestMs }
}

function lengthOfMeasurement({ metadata }: AnalysisRun, metric: Metric): RunLength {
  const choice = chooseProvider(metric)
  if ('problem' in choice || (!isLongProvider(choice.id) && !runsJob(metric))) return { shortestMs: 0, longestMs: 0 }
  const gate = choice.id === 'penstock/gate' ? gateMetricSchema.safeParse(choice.config) : undefined
  if (!gate?.success) return { shortestMs: 0, longestMs: undefined }
  const { plan } = planGate(gate.data)
  if (plan.isNotAskedFor) return { shortestMs: 0, longestMs: 0 }
  const { initialDelayMs } = readLimits(metric)
  const order = { name: metadata.name, namespace: '', uid: '', labels: metadata.labels ?? {}, annotations: {} }
  const stage = stageOf({ run: { ...order, createdAt: 0, startedAt: 0 }, metric }, plan, {})
  if (stage.endsAt === undefined) return { shortestMs: Number.POSITIVE_INFINITY, longestMs: Number.POSITIVE_INFINITY }
  const wholeMs = stage.endsAt - initialDelayMs
  const { earlyPass, warmupMs, leastTickMs = TICK_MS } = plan.thresholds
  const shortestMs = earlyPass ? Math.min(wholeMs, warmupMs + FEWEST_TICKS * leastTickMs) : wholeMs
  return { shortestMs, longestMs: wholeMs + stage.maxHoldMs }
}

/** Milliseconds until the run is completed; undefined when it never is. */
function play(spec: AnalysisRunSpec, mode: Compat, lengthOf: (metric: Metric) => number): number | undefined {
  let status: AnalysisRunStatus | undefined
  let now = 0
  /** Measurements that take time, by metric: when each ends. */
  const open = new Map<string, number>()
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const { due, wakeAt } = decideSchedule({
      metrics: spec.metrics,
      results: status?.metricResults ?? [],
      startedAtMs: 0,
      isTerminating: false,
      now,
    })
    for (const metric of due) if (!open.has(metric.name)) open.set(metric.name, now + lengthOf(metric))
    const ended = [...open].filter(([, endsAt]) => endsAt <= now).map(([name]) => name)
    for (const name of ended) open.delete(name)
    const measured = new Map(ended.map((name) => [name, goodMeasurement(now)]))
    status = computeStatus({ spec, status, measured, mode, now })
    if (isCompleted(status.phase)) return now
    const next = Math.min(wakeAt ?? Number.POSITIVE_INFINITY, ...open.values())
    if (ended.length > 0 && next > now) continue
    if (!Number.isFinite(next)) return undefined
    now = Math.max(next, now)
  }
  return undefined
}

function goodMeasurement(now: number): Measurement {
  const at = formatInstant(now)
  return { phase: 'Successful', value: 'good', startedAt: at, finishedAt: at }
}
