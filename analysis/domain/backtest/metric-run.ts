/**
 * One metric with a query and conditions on its way through one case: when it is measured, and what its run amounts to. Both are decided by the schedule
 * and the measurement state machine that AnalysisRuns have; here is only the memory between two measurements.
 */
import { type AnalysisRunStatus, isCompleted, type Measurement, type Metric } from '../../../controller/api/analysis.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { computeStatus } from '../progress.ts'
import { nextMeasurementAt } from '../schedule.ts'
import { judgeReading, type Reading, type VerdictMode } from '../verdict.ts'

/** What the query said over the time of a case. */
export interface MetricTrack {
  /** Its value as it was at a time (epoch milliseconds), with the pods that play the canary in a stage (zero-based). */
  valueAt(at: number, stage: number): Reading
}

export interface MetricRun {
  /** Epoch milliseconds; undefined once it is over. */
  readonly nextAt: () => number | undefined
  /** What the run amounts to after a measurement; undefined while it goes on. */
  readonly measure: (reading: Reading) => MetricEnd | undefined
}

export interface MetricEnd {
  readonly phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error'
  /** Counters, limit and last value, in the words of the run. */
  readonly message: string
}

/** An interval of nothing would measure for ever. */
const LEAST_INTERVAL_MS = 1000

export function createMetricRun(metric: Metric, startedAt: number, mode: VerdictMode): MetricRun {
  let status: AnalysisRunStatus | undefined
  let at = nextMeasurementAt(metric, undefined, startedAt)
  return {
    nextAt: () => at,
    measure(reading) {
      const now = at ?? startedAt
      const measured = new Map([[metric.name, takeMeasurement(reading, metric, mode, now)]])
      status = computeStatus({ spec: { metrics: [metric] }, status, measured, mode, now })
      const [result] = status.metricResults ?? []
      const next = nextMeasurementAt(metric, result, startedAt)
      // Instants in a status are whole seconds.
      at = next === undefined ? undefined : Math.max(next + (now % 1000), now + LEAST_INTERVAL_MS)
      if (!isCompleted(status.phase)) return undefined
      at = undefined
      return { phase: status.phase as MetricEnd['phase'], message: result?.message ?? status.message ?? '' }
    },
  }
}

function takeMeasurement(reading: Reading, metric: Metric, mode: VerdictMode, now: number): Measurement {
  const { phase, message, isNoData } = judgeReading(reading, metric, mode)
  const instant = formatInstant(now)
  return {
    phase,
    startedAt: instant,
    finishedAt: instant,
    ...(reading.kind === 'sample' ? { value: reading.text } : {}),
    ...(message === undefined ? {} : { message }),
    ...(isNoData ? { metadata: { verdict: 'NoData' } } : {}),
  }
}
