/**
 * From a metric's counters to its phase, and from all metrics to the phase of the run. Two readings: `argo` is Argo Rollouts' to the letter,
 * `strict` never passes without evidence and never aborts because a provider is down. See docs/adr/0005-strict-verdicts.md.
 *
 *   metric, first row that holds           strict                               argo
 *   no measurement, terminating            Inconclusive (Terminated)            Successful
 *   no measurement                         Pending                              Pending
 *   last measurement unfinished            Running                              Running
 *   failed > failureLimit >= 0             Failed                               Failed, unless the errors row holds
 *   consecutiveError > its limit           Error                                Error (checked last, overrides)
 *   inconclusive > its limit               Inconclusive (NoData if the last is) Inconclusive, unless the errors row holds
 *   consecutiveSuccess >= its limit > 0    Successful                           Successful
 *   count reached, no success limit        Successful if successful >= 1,       Successful
 *                                          else Inconclusive (NoEvidence)
 *   count reached, success limit only      Failed                               Failed
 *   count reached, both limits             Inconclusive                         Inconclusive
 *   terminating, endless metric            Successful if the last that was not  Successful
 *                                          cut short was, else Inconclusive
 *                                          (Terminated)
 *   terminating, count not reached         Inconclusive (Terminated)            Successful
 *   otherwise                              Running                              Running
 */
import { type AnalysisPhase, isCompleted, type Measurement, type MetricResult } from '../../controller/api/analysis.ts'
import type { MetricLimits } from '../../controller/metric-language/analysis-metric.ts'
import { wasTerminated } from './counters.ts'
import { NO_DATA_PREFIX, type VerdictMode } from './verdict.ts'

export interface Assessment {
  readonly phase: AnalysisPhase
  /** Why, once the phase is one that ends; Argo's words where Argo has some. */
  readonly why?: string
  /** Why an Inconclusive is one, for the reason at the start of the run's message. */
  readonly cause?: InconclusiveCause
}
export type InconclusiveCause = 'NoData' | 'NoEvidence' | 'ProviderError' | 'Terminated'

export const isNoData = (measurement: Measurement | undefined): boolean => measurement?.metadata?.verdict === 'NoData'

const terminated: Assessment = {
  phase: 'Inconclusive',
  cause: 'Terminated',
  why: 'it was terminated before it could be decided',
}

/** The phase of one metric. A completed one keeps its phase. */
export function assessMetric(
  result: MetricResult,
  limits: MetricLimits,
  isTerminating: boolean,
  mode: VerdictMode,
): Assessment {
  if (isCompleted(result.phase)) return { phase: result.phase === '' ? 'Pending' : result.phase }
  const last = result.measurements?.at(-1)
  if (!last) {
    if (!isTerminating) return { phase: 'Pending' }
    return mode === 'argo' ? { phase: 'Successful' } : terminated
  }
  if (!isCompleted(last.phase)) return { phase: 'Running' }
  return (
    assessLimits(result, limits, mode) ??
    assessCount(result, limits, mode) ??
    (isTerminating ? assessTermination(result, limits, mode) : { phase: 'Running' })
  )
}

function assessLimits(result: MetricResult, limits: MetricLimits, mode: VerdictMode): Assessment | undefined {
  const failed = result.failed ?? 0
  const inconclusive = result.inconclusive ?? 0
  const errors = result.consecutiveError ?? 0
  const failure: Assessment | undefined =
    limits.failureLimit >= 0 && failed > limits.failureLimit
      ? { phase: 'Failed', why: `failed (${failed}) > failureLimit (${limits.failureLimit})` }
      : undefined
  const error: Assessment | undefined =
    errors > limits.consecutiveErrorLimit
      ? {
          phase: 'Error',
          cause: 'ProviderError',
          why: `consecutiveErrors (${errors}) > consecutiveErrorLimit (${limits.consecutiveErrorLimit})`,
        }
      : undefined
  const doubt: Assessment | undefined =
    inconclusive > limits.inconclusiveLimit
      ? {
          phase: 'Inconclusive',
          why: `inconclusive (${inconclusive}) > inconclusiveLimit (${limits.inconclusiveLimit})`,
          ...(isNoData(result.measurements?.at(-1)) ? { cause: 'NoData' as const } : {}),
        }
      : undefined
  return mode === 'argo' ? (error ?? failure ?? doubt) : (failure ?? error ?? doubt)
}

function assessCount(result: MetricResult, limits: MetricLimits, mode: VerdictMode): Assessment | undefined {
  const { count, consecutiveSuccessLimit: successLimit } = limits
  const inARow = result.consecutiveSuccess ?? 0
  if (successLimit > 0 && inARow >= successLimit) return { phase: 'Successful' }
  if (count === undefined || (result.count ?? 0) < count) return undefined
  if (successLimit > 0) {
    const phase = limits.failureLimit >= 0 ? 'Inconclusive' : 'Failed'
    if (mode === 'argo') return { phase }
    const why = `consecutiveSuccess (${inARow}) < consecutiveSuccessLimit (${successLimit}) after ${count} measurements`
    return { phase, why }
  }
  if (mode === 'argo' || (result.successful ?? 0) > 0) return { phase: 'Successful' }
  const lacksData = isNoData(result.measurements?.at(-1))
  return {
    phase: 'Inconclusive',
    cause: lacksData ? 'NoData' : 'NoEvidence',
    why: `none of its ${count} measurements was Successful`,
  }
}

/** To be ended is the only end that a metric without a count has; it stands by what it last said. */
function assessTermination(result: MetricResult, limits: MetricLimits, mode: VerdictMode): Assessment {
  if (mode === 'argo') return { phase: 'Successful' }
  const isEndless = limits.count === undefined
  return isEndless && endedWell(result) ? { phase: 'Successful' } : terminated
}

/** Where only the measurement that was cut short is kept, the counters remember the one before. */
function endedWell({ measurements, consecutiveSuccess }: MetricResult): boolean {
  const last = measurements?.findLast((measurement) => !wasTerminated(measurement))
  return last ? last.phase === 'Successful' : (consecutiveSuccess ?? 0) > 0
}

export interface AssessedMetric {
  readonly name: string
  readonly isDryRun: boolean
  readonly assessment: Assessment
  readonly lastMeasurement: Measurement | undefined
}

/** A non-dry metric that ended badly ends the others. */
export const endsTheRun = (metric: AssessedMetric): boolean =>
  !metric.isDryRun && isCompleted(metric.assessment.phase) && metric.assessment.phase !== 'Successful'

const SEVERITY: readonly AnalysisPhase[] = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed']

export interface RunAssessment {
  readonly phase: AnalysisPhase
  readonly message?: string
}

/**
 * The phase of the run: Running until every metric is completed, then the worst of those that count.
 *
 *   worst metric   strict                                      argo
 *   Failed         Failed                                      Failed
 *   Error          Inconclusive "ProviderError: ..."           Error
 *   Inconclusive   Inconclusive "NoData: ..." and the like     Inconclusive
 *   Successful     Successful, "Run Terminated" if it was      Successful, "Run Terminated" if it was
 *   only dry ones  Successful; Inconclusive when terminated    Successful
 *   none measured  Inconclusive "Terminated: ..."              Successful "Run Terminated"
 */
export function assessRun(metrics: readonly AssessedMetric[], isTerminated: boolean, mode: VerdictMode): RunAssessment {
  if (metrics.some((metric) => !isCompleted(metric.assessment.phase))) return { phase: 'Running' }
  const worst = findWorst(metrics.filter((metric) => !metric.isDryRun))
  if (!worst) return assessDryRun(metrics, isTerminated, mode)
  const { phase, why } = worst.assessment
  if (phase === 'Successful') return ended({ phase }, isTerminated)
  if (mode === 'argo' && why === undefined) return ended({ phase }, isTerminated)
  const message = renderRunMessage(worst)
  if (mode === 'argo' || phase === 'Failed') return { phase, message }
  const cause = worst.assessment.cause
  return { phase: 'Inconclusive', message: cause === undefined ? message : `${cause}: ${message}` }
}

function assessDryRun(metrics: readonly AssessedMetric[], isTerminated: boolean, mode: VerdictMode): RunAssessment {
  const wasCutShort = metrics.some((metric) => metric.assessment.cause === 'Terminated')
  if (mode === 'strict' && isTerminated && wasCutShort)
    return { phase: 'Inconclusive', message: 'Terminated: the run was terminated before it could be decided' }
  return ended({ phase: 'Successful' }, isTerminated)
}

/** Argo's words where there are no others. */
const ended = (assessment: RunAssessment, isTerminated: boolean): RunAssessment =>
  isTerminated ? { ...assessment, message: 'Run Terminated' } : assessment

/** The first of the worst, so that the message does not change with the order of equals; one cut short by another never speaks for it. */
function findWorst(metrics: readonly AssessedMetric[]): AssessedMetric | undefined {
  const rank = (metric: AssessedMetric): number =>
    SEVERITY.indexOf(metric.assessment.phase) - (metric.assessment.cause === 'Terminated' ? 0.5 : 0)
  return metrics.reduce<AssessedMetric | undefined>(
    (worst, metric) => (worst === undefined || rank(metric) > rank(worst) ? metric : worst),
    undefined,
  )
}

function renderRunMessage({ name, assessment, lastMeasurement }: AssessedMetric): string {
  const because = assessment.why === undefined ? '' : ` due to ${assessment.why}`
  // That it was terminated has been said.
  const lastWords =
    assessment.cause === 'Terminated' && wasTerminated(lastMeasurement) ? '' : renderLastWords(lastMeasurement)
  return `Metric "${name}" assessed ${assessment.phase}${because}${lastWords}`
}

/** Argo quotes the last measurement's message; a missing-data one is ours and reads on as a sentence. */
function renderLastWords(measurement: Measurement | undefined): string {
  const message = measurement?.message
  if (!message) return ''
  return isNoData(measurement) ? `: ${message.slice(NO_DATA_PREFIX.length)}` : `: "Error Message: ${message}"`
}
