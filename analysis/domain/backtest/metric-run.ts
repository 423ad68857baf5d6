/** One metric with a query and conditions on its way through one case: each reading becomes a measurement of its run. */
import type { Metric } from '../../../controller/api/analysis.ts'
import { judgeReading, type Reading, type VerdictMode } from '../verdict.ts'
import { createMeasuredRun, type MeasuredRun, type RunEnd, type TakenMeasurement } from './measured-run.ts'

/** What the query said over the time of a case. */
export interface MetricTrack {
  /** Its value as it was at a time (epoch milliseconds), with the pods that play the canary in a stage (zero-based). */
  valueAt(at: number, stage: number): Reading
}

export interface MetricRun extends Pick<MeasuredRun, 'nextAt'> {
  /** What the run amounts to after a measurement; undefined while it goes on. */
  readonly measure: (reading: Reading) => RunEnd | undefined
}

export function createMetricRun(metric: Metric, startedAt: number, mode: VerdictMode): MetricRun {
  const run = createMeasuredRun(metric, startedAt, mode)
  return {
    nextAt: run.nextAt,
    measure: (reading) => run.add(takeMeasurement(reading, metric, mode), run.nextAt() ?? startedAt),
  }
}

function takeMeasurement(reading: Reading, metric: Metric, mode: VerdictMode): TakenMeasurement {
  const { phase, message, isNoData } = judgeReading(reading, metric, mode)
  return {
    phase,
    ...(reading.kind === 'sample' ? { value: reading.text } : {}),
    ...(message === undefined ? {} : { message }),
    ...(isNoData ? { metadata: { verdict: 'NoData' } } : {}),
  }
}
