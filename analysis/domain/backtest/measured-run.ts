/**
 * The run of one metric in a backtest: measurements go in, when the next one is due and what they amount to come out. Both are decided by the schedule and
 * the measurement state machine that AnalysisRuns have; here is only the memory between two measurements.
 */
import { type AnalysisRunStatus, isCompleted, type Measurement, type Metric } from '../../../controller/api/analysis.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { computeStatus } from '../progress.ts'
import { nextMeasurementAt } from '../schedule.ts'
import type { VerdictMode } from '../verdict.ts'

export interface MeasuredRun {
  /** When the next measurement begins, epoch milliseconds; undefined once it is over. */
  readonly nextAt: () => number | undefined
  /** What the run amounts to after a measurement at a time, epoch milliseconds; undefined while it goes on. */
  readonly add: (taken: TakenMeasurement, at: number) => RunEnd | undefined
}

/** One that is Running goes on, and is taken again when its provider says; it has answered, which parts the errors before it from those after it. */
export type TakenMeasurement = Pick<Measurement, 'phase' | 'value' | 'message' | 'metadata'>

export interface RunEnd {
  readonly phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error'
  /** The metric's own: a run that ends for too many errors is Inconclusive, unless Argo's reading is asked for. */
  readonly metricPhase: RunEnd['phase']
  /** Counters, limit and last value, in the words of the run. */
  readonly message: string
  /** Where a limit asked for more than the first word. */
  readonly delay?: LimitDelay
}

/** A limit that let a release go on after the first measurement which would have ended it. */
export interface LimitDelay {
  /** As in `failureLimit (1)`. */
  readonly limit: string
  /** When the first of those measurements was taken, epoch milliseconds. */
  readonly firstAt: number
}

/** An interval of nothing would measure for ever. */
const LEAST_INTERVAL_MS = 1000

const LIMITS = { Failed: 'failureLimit', Inconclusive: 'inconclusiveLimit', Error: 'consecutiveErrorLimit' } as const
type BadPhase = keyof typeof LIMITS
const isBad = (phase: string): phase is BadPhase => Object.hasOwn(LIMITS, phase)

export function createMeasuredRun(metric: Metric, startedAt: number, mode: VerdictMode): MeasuredRun {
  let status: AnalysisRunStatus | undefined
  let next = nextMeasurementAt(metric, undefined, startedAt)
  const firstAt = new Map<BadPhase, number>()

  function describeDelay(phase: string, at: number): Pick<RunEnd, 'delay'> {
    const first = isBad(phase) ? firstAt.get(phase) : undefined
    if (!isBad(phase) || first === undefined || first >= at) return {}
    return { delay: { limit: `${LIMITS[phase]} (${metric[LIMITS[phase]] ?? 'by default'})`, firstAt: first } }
  }

  return {
    nextAt: () => next,
    add(taken, at) {
      const isOpen = !isCompleted(taken.phase)
      if (isOpen && !status?.metricResults?.[0]?.consecutiveError) return undefined
      const instant = formatInstant(at)
      const measurement = { ...taken, startedAt: instant, ...(isOpen ? {} : { finishedAt: instant }) }
      status = computeStatus({
        spec: { metrics: [metric] },
        status,
        measured: new Map([[metric.name, measurement]]),
        mode,
        now: at,
      })
      // Errors in a row count from the first of the row.
      if (taken.phase !== 'Error') firstAt.delete('Error')
      if (isBad(taken.phase) && !firstAt.has(taken.phase)) firstAt.set(taken.phase, at)
      const [result] = status.metricResults ?? []
      const due = nextMeasurementAt(metric, result, startedAt)
      // Instants in a status are whole seconds.
      next = due === undefined ? undefined : Math.max(due + (at % 1000), at + LEAST_INTERVAL_MS)
      if (!isCompleted(status.phase) || result === undefined) return undefined
      next = undefined
      return {
        phase: status.phase as RunEnd['phase'],
        metricPhase: result.phase as RunEnd['phase'],
        message: result.message ?? status.message ?? '',
        ...describeDelay(taken.phase, at),
      }
    },
  }
}
