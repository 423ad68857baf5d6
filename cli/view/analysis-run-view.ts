/** An AnalysisRun in short: the verdict, and for each metric how many measurements said what, with the last value. Pure. */
import type { AnalysisRun, Metric, MetricResult } from '../../controller/api/analysis.ts'
import { ROLLOUT_TYPE, STEP_INDEX } from '../../controller/api/labels.ts'
import { type GateVerdict, readGateVerdict } from '../../controller/api/verdict.ts'

export interface MetricView {
  readonly name: string
  readonly phase: string
  readonly successful: number
  readonly failed: number
  readonly inconclusive: number
  readonly error: number
  /** Measurements asked for, as the spec writes it; absent when it runs until stopped. */
  readonly count?: number | string
  readonly dryRun: boolean
  readonly lastValue?: string
  readonly message?: string
  /** What a statistical gate said last. */
  readonly verdict?: GateVerdict
}

export interface AnalysisRunView {
  readonly name: string
  readonly phase: string
  readonly message: string
  /** `Step`, `Background`, `PrePromotion` or `PostPromotion`; '' when the label is missing. */
  readonly type: string
  readonly stepIndex?: number
  readonly creationTimestamp?: string
  readonly metrics: readonly MetricView[]
}

export function viewAnalysisRun(run: AnalysisRun): AnalysisRunView {
  const stepIndex = Number.parseInt(run.metadata.labels?.[STEP_INDEX] ?? '', 10)
  return {
    name: run.metadata.name,
    phase: run.status?.phase || 'Pending',
    message: run.status?.message ?? '',
    type: run.metadata.labels?.[ROLLOUT_TYPE] ?? '',
    ...(Number.isNaN(stepIndex) ? {} : { stepIndex }),
    ...(run.metadata.creationTimestamp === undefined ? {} : { creationTimestamp: run.metadata.creationTimestamp }),
    metrics: run.spec.metrics.map((metric) =>
      viewMetric(
        metric,
        run.status?.metricResults?.find((result) => result.name === metric.name),
      ),
    ),
  }
}

function viewMetric(metric: Metric, result: MetricResult | undefined): MetricView {
  const last = result?.measurements?.at(-1)
  const message = result?.message || last?.message
  const verdict = readGateVerdict(last)
  return {
    name: metric.name,
    phase: result?.phase || 'Pending',
    successful: result?.successful ?? 0,
    failed: result?.failed ?? 0,
    inconclusive: result?.inconclusive ?? 0,
    error: result?.error ?? 0,
    ...(metric.count === undefined ? {} : { count: metric.count }),
    dryRun: result?.dryRun === true,
    ...(last?.value === undefined ? {} : { lastValue: last.value }),
    ...(message ? { message } : {}),
    ...(verdict ? { verdict } : {}),
  }
}

/** `3 of 5 taken: 2 successful, 1 failed; last 0.012`; of a gate, the first line of its verdict. */
export function describeMetric(metric: MetricView): string {
  if (metric.verdict) return `${metric.dryRun ? 'dry run; ' : ''}${metric.verdict.text.split('\n')[0] ?? ''}`
  const taken = metric.successful + metric.failed + metric.inconclusive + metric.error
  const outcomes = (['successful', 'failed', 'inconclusive', 'error'] as const)
    .filter((outcome) => metric[outcome] > 0)
    .map((outcome) => `${metric[outcome]} ${outcome}`)
  const parts = [
    `${taken}${metric.count === undefined ? '' : ` of ${metric.count}`} taken${outcomes.length ? `: ${outcomes.join(', ')}` : ''}`,
    ...(metric.lastValue === undefined ? [] : [`last ${metric.lastValue}`]),
    ...(metric.dryRun ? ['dry run'] : []),
    ...(metric.message === undefined ? [] : [metric.message]),
  ]
  return parts.join('; ')
}
