/**
 * The status of a run after a pass: measurements added, every metric assessed, the run concluded or not. The only writer of an AnalysisRun's
 * status. Equal input gives an equal status, so that a pass that brought nothing writes nothing.
 */
import {
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  isCompleted,
  type Measurement,
  type MetricResult,
} from '../../controller/api/analysis.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { readLimits } from '../../controller/metric-language/analysis-metric.ts'
import { compilePattern } from '../../controller/metric-language/expression/pattern.ts'
import { addMeasurement, DEFAULT_RETENTION, summarizeResults } from './counters.ts'
import { type AssessedMetric, assessMetric, assessRun, endsTheRun } from './judge.ts'
import type { VerdictMode } from './verdict.ts'

export interface PassInput {
  /** Validated, arguments substituted; secrets may be in it, so nothing of its text may reach the status. */
  readonly spec: AnalysisRunSpec
  readonly status: AnalysisRunStatus | undefined
  /** By metric name: what this pass measured. */
  readonly measured: ReadonlyMap<string, Measurement>
  /** By metric name: what is known of the metric itself, such as its resolved query. */
  readonly metadata?: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly mode: VerdictMode
  readonly now: number
}

/** The status to be stored. */
export function computeStatus(input: PassInput): AnalysisRunStatus {
  const { spec, status, mode, now } = input
  const results = spec.metrics.map((metric) => collectResult(metric.name, input))
  const isTerminated = spec.terminate === true
  const assessAll = (isTerminating: boolean): readonly AssessedMetric[] =>
    spec.metrics.map((metric, index) =>
      assess(results[index] ?? newResult(metric.name, false), readLimits(metric), isTerminating, mode),
    )
  const firstLook = assessAll(isTerminated)
  const assessed = firstLook.some(endsTheRun) ? assessAll(true) : firstLook
  const concluded = results.map((result, index) => withAssessment(result, assessed[index], mode))
  const run = assessRun(assessed, isTerminated, mode)
  const isDry = (result: MetricResult): boolean => result.dryRun === true
  const dry = concluded.filter(isDry)
  const { message: _replaced, ...kept } = status ?? {}
  return {
    ...kept,
    phase: run.phase,
    ...(run.message === undefined ? {} : { message: run.message }),
    startedAt: status?.startedAt ?? formatInstant(now),
    metricResults: mode === 'argo' ? concluded.filter((result) => result.measurements) : concluded,
    runSummary: summarizeResults(concluded.filter((result) => !isDry(result))),
    ...(dry.length === 0 ? {} : { dryRunSummary: summarizeResults(dry) }),
    ...(isCompleted(run.phase) ? { completedAt: formatInstant(now) } : {}),
  }
}

/** Whether a run takes no new measurements: it was told to end, or a metric that counts has ended badly. */
export const endsRun = (spec: AnalysisRunSpec, status: AnalysisRunStatus | undefined): boolean =>
  spec.terminate === true ||
  (status?.metricResults ?? []).some(
    (result) => !result.dryRun && isCompleted(result.phase) && result.phase !== 'Successful',
  )

/** The status of a run that cannot be measured at all. */
export const computeInvalidStatus = (
  status: AnalysisRunStatus | undefined,
  message: string,
  now: number,
): AnalysisRunStatus => ({
  ...status,
  phase: 'Error',
  message,
  startedAt: status?.startedAt ?? formatInstant(now),
  completedAt: formatInstant(now),
})

const newResult = (name: string, isDryRun: boolean): MetricResult => ({
  name,
  phase: 'Pending',
  ...(isDryRun ? { dryRun: true } : {}),
})

function collectResult(name: string, { spec, status, measured, metadata }: PassInput): MetricResult {
  const isDryRun = spec.dryRun?.some((rule) => matches(rule.metricName, name)) ?? false
  const known = status?.metricResults?.find((result) => result.name === name) ?? newResult(name, isDryRun)
  const measurement = measured.get(name)
  if (!measurement) return known
  const about = metadata?.get(name)
  const result = about && Object.keys(about).length > 0 ? { ...known, metadata: { ...about } } : known
  return addMeasurement(result, measurement, readRetention(spec, name))
}

/** How many measurements of a metric are kept; of several rules the last one counts, as in Argo. */
export function readRetention(spec: Pick<AnalysisRunSpec, 'measurementRetention'>, name: string): number {
  const limit = spec.measurementRetention?.findLast((rule) => matches(rule.metricName, name))?.limit ?? 0
  return limit > 0 ? limit : DEFAULT_RETENTION
}

/** The patterns of rules were validated; they match anywhere in the name, as Argo's do. */
const matches = (pattern: string, name: string): boolean => compilePattern(pattern, 0).isFoundIn(name)

function assess(
  result: MetricResult,
  limits: ReturnType<typeof readLimits>,
  isTerminating: boolean,
  mode: VerdictMode,
): AssessedMetric {
  return {
    name: result.name,
    isDryRun: result.dryRun ?? false,
    assessment: assessMetric(result, limits, isTerminating, mode),
    lastMeasurement: result.measurements?.at(-1),
  }
}

/** Why the metric ended is kept on it with the last value; a provider's own words stand before ours. Argo keeps those alone, but for dry runs. */
function withAssessment(result: MetricResult, assessed: AssessedMetric | undefined, mode: VerdictMode): MetricResult {
  if (!assessed || isCompleted(result.phase)) return result
  const { assessment, lastMeasurement, isDryRun } = assessed
  if (!isCompleted(assessment.phase)) return { ...result, phase: assessment.phase }
  const value = lastMeasurement?.value ? `last value ${lastMeasurement.value}` : undefined
  const why = [assessment.why, value].filter((part) => part !== undefined).join(', ')
  const ours = assessment.phase === 'Successful' || mode === 'argo' ? '' : why
  const dry = isDryRun && assessment.why ? `Metric assessed ${assessment.phase} due to ${assessment.why}` : undefined
  const message = dry ?? lastMeasurement?.message ?? ours
  return { ...result, phase: assessment.phase, ...(message === '' ? {} : { message }) }
}
