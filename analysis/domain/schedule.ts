/**
 * Which metrics are measured now and when to look again. Times come from the status alone, so that a restarted controller goes on where the
 * last one stopped. It must not judge.
 *
 *   metric                          measured
 *   completed                       never
 *   run is terminating              no more
 *   unfinished measurement          at resumeAt, or now: a request leaves nothing behind, so it is taken again
 *   none yet                        at startedAt + initialDelay
 *   last was an Error               at finishedAt + 10 s
 *   count reached                   never (the judge decides)
 *   otherwise                       at finishedAt + interval
 */
import { isCompleted, type Metric, type MetricResult } from '../../controller/api/analysis.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { readLimits } from '../../controller/metric-language/analysis-metric.ts'

export interface ScheduleInput {
  readonly metrics: readonly Metric[]
  readonly results: readonly MetricResult[]
  readonly startedAtMs: number
  readonly isTerminating: boolean
  /** Epoch milliseconds. */
  readonly now: number
}

export interface Schedule {
  readonly due: readonly Metric[]
  /** Epoch milliseconds of the next measurement that is not due yet; undefined when there is none. */
  readonly wakeAt: number | undefined
}

const ERROR_RETRY_MS = 10_000

/** The metrics whose time has come, in the order of the spec. */
export function decideSchedule(input: ScheduleInput): Schedule {
  if (input.isTerminating) return { due: [], wakeAt: undefined }
  const due: Metric[] = []
  let wakeAt: number | undefined
  for (const metric of input.metrics) {
    const result = input.results.find((candidate) => candidate.name === metric.name)
    const at = nextMeasurementAt(metric, result, input.startedAtMs)
    if (at === undefined) continue
    if (at <= input.now) due.push(metric)
    else wakeAt = Math.min(wakeAt ?? at, at)
  }
  return { due, wakeAt }
}

/** Epoch milliseconds, which may have passed; undefined when the metric is not measured again. */
export function nextMeasurementAt(
  metric: Metric,
  result: MetricResult | undefined,
  startedAtMs: number,
): number | undefined {
  const limits = readLimits(metric)
  if (isCompleted(result?.phase)) return undefined
  const last = result?.measurements?.at(-1)
  if (!last) return startedAtMs + limits.initialDelayMs
  if (!isCompleted(last.phase)) return parseInstant(last.resumeAt) ?? startedAtMs
  const finishedAtMs = parseInstant(last.finishedAt) ?? startedAtMs
  if (last.phase === 'Error') return finishedAtMs + ERROR_RETRY_MS
  if (limits.count !== undefined && (result?.count ?? 0) >= limits.count) return undefined
  return finishedAtMs + (limits.intervalMs ?? ERROR_RETRY_MS)
}
