/**
 * Which metrics are measured now and when to look again. Times come from the status, so that a restarted controller goes on where the
 * last one stopped; of looks that were not worth storing it takes one more, sooner. It must not judge.
 *
 *   metric                          measured
 *   completed                       never
 *   run is terminating              only to end what is unfinished, and Jobs that may be running
 *   unfinished, it runs a Job       now: to look costs no request, and the end of the Job asks for it
 *   unfinished, any other           at resumeAt, or now: a request leaves nothing behind, so it is taken again
 *   just looked at, to be resumed   at resumeAt
 *   looked at since, not stored     when that look asked for, if that is later than resumeAt
 *   just looked at, no end yet      after a while that grows with its age, at most a minute
 *   none yet                        at startedAt + initialDelay
 *   last was an Error               at finishedAt + 10 s
 *   count reached                   never (the judge decides)
 *   otherwise                       at finishedAt + interval
 */
import { isCompleted, type Measurement, type Metric, type MetricResult } from '../../controller/api/analysis.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { readLimits, runsJob } from '../../controller/metric-language/analysis-metric.ts'

export interface ScheduleInput {
  readonly metrics: readonly Metric[]
  readonly results: readonly MetricResult[]
  readonly startedAtMs: number
  readonly isTerminating: boolean
  /** Metrics that this pass has looked at without an end. */
  readonly lookedAt?: readonly string[]
  /** By metric: when to look next, as looks had it that were not stored; epoch milliseconds. */
  readonly nextLooks?: ReadonlyMap<string, number>
  /** Epoch milliseconds. */
  readonly now: number
}

export interface Schedule {
  readonly due: readonly Metric[]
  /** Epoch milliseconds of the next measurement that is not due yet; undefined when there is none. */
  readonly wakeAt: number | undefined
}

const ERROR_RETRY_MS = 10_000
const SHORTEST_LOOK_MS = 1_000
const LONGEST_LOOK_MS = 60_000

/** The metrics whose time has come, in the order of the spec. */
export function decideSchedule(input: ScheduleInput): Schedule {
  if (input.isTerminating) return { due: findUnended(input), wakeAt: undefined }
  const due: Metric[] = []
  let wakeAt: number | undefined
  for (const metric of input.metrics) {
    const result = input.results.find((candidate) => candidate.name === metric.name)
    const storedAt = nextMeasurementAt(metric, result, input.startedAtMs)
    if (storedAt === undefined) continue
    const isOpen = isUnfinished(lastOf(result))
    const at = isOpen ? Math.max(storedAt, input.nextLooks?.get(metric.name) ?? storedAt) : storedAt
    const next = at <= input.now && input.lookedAt?.includes(metric.name) ? nextLookAt(result, input.now) : at
    if (next <= input.now) due.push(metric)
    else wakeAt = Math.min(wakeAt ?? next, next)
  }
  return { due, wakeAt }
}

const lastOf = (result: MetricResult | undefined): Measurement | undefined => result?.measurements?.at(-1)
const isUnfinished = (measurement: Measurement | undefined): measurement is Measurement =>
  measurement !== undefined && !isCompleted(measurement.phase)

/** A Job may be running although no measurement says so, when the pass that created it was cut short. */
const findUnended = ({ metrics, results }: ScheduleInput): readonly Metric[] =>
  metrics.filter((metric) => {
    const result = results.find(({ name }) => name === metric.name)
    return !isCompleted(result?.phase) && (runsJob(metric) || isUnfinished(lastOf(result)))
  })

/** Argo's growing delay: what has run for long will hardly end within the next second. */
function nextLookAt(result: MetricResult | undefined, now: number): number {
  const last = lastOf(result)
  const startedAtMs = (isUnfinished(last) ? parseInstant(last.startedAt) : undefined) ?? now
  const ageSeconds = Math.max(0, now - startedAtMs) / 1000
  return now + Math.min(Math.max(Math.sqrt(2 * ageSeconds) * 1000, SHORTEST_LOOK_MS), LONGEST_LOOK_MS)
}

/** Epoch milliseconds, which may have passed; undefined when the metric is not measured again. */
export function nextMeasurementAt(
  metric: Metric,
  result: MetricResult | undefined,
  startedAtMs: number,
): number | undefined {
  const limits = readLimits(metric)
  if (isCompleted(result?.phase)) return undefined
  const last = lastOf(result)
  if (!last) return startedAtMs + limits.initialDelayMs
  if (!isCompleted(last.phase)) return (runsJob(metric) ? undefined : parseInstant(last.resumeAt)) ?? startedAtMs
  const finishedAtMs = parseInstant(last.finishedAt) ?? startedAtMs
  if (last.phase === 'Error') return finishedAtMs + ERROR_RETRY_MS
  if (limits.count !== undefined && (result?.count ?? 0) >= limits.count) return undefined
  return finishedAtMs + (limits.intervalMs ?? ERROR_RETRY_MS)
}
