/**
 * Adds a finished measurement to a metric's result: counters as Argo keeps them (an Error is no measurement that counts), and the newest
 * measurements only. Counters live in the status because the measurements themselves are thrown away.
 */
import type { AnalysisRunStatus, Measurement, MetricResult } from '../../controller/api/analysis.ts'
import { GATE_HOURS, GATE_KNOWLEDGE, GATE_VERDICT } from '../../controller/api/verdict.ts'
import { METRIC_TERMINATED } from './verdict.ts'

export const DEFAULT_RETENTION = 10

type Counter = 'count' | 'successful' | 'failed' | 'inconclusive' | 'error' | 'consecutiveError' | 'consecutiveSuccess'
type Summary = NonNullable<AnalysisRunStatus['runSummary']>

/** Whether the end of the run cut a measurement short: it says nothing, and counts for nothing. Argo calls such a one Successful. */
export const wasTerminated = (measurement: Measurement | undefined): boolean =>
  measurement?.phase === 'Inconclusive' && measurement.message === METRIC_TERMINATED

/** An unfinished last measurement is replaced: it is this one, taken again. */
export function addMeasurement(result: MetricResult, measurement: Measurement, retention: number): MetricResult {
  const earlier = (result.measurements ?? []).filter((entry) => entry.finishedAt !== undefined)
  const isNewest = measurement.metadata?.[GATE_VERDICT] !== undefined
  const kept = [...(isNewest ? earlier.map(withoutVerdict) : earlier), measurement].slice(-Math.max(1, retention))
  const { message: _outdated, ...rest } = result
  return dropZeros({
    ...rest,
    phase: 'Running',
    measurements: kept,
    ...(wasTerminated(measurement) ? {} : countPhase(result, measurement.phase)),
    ...(hasAnswered(measurement) ? { consecutiveError: 0 } : {}),
    ...(measurement.phase === 'Error' && measurement.message ? { message: measurement.message } : {}),
  })
}

/** A verdict counts all evidence so far, and is long: the newest one replaces those before. Their messages stay. */
function withoutVerdict(measurement: Measurement): Measurement {
  if (measurement.metadata?.[GATE_VERDICT] === undefined) return measurement
  const { metadata, ...rest } = measurement
  const { [GATE_VERDICT]: _verdict, [GATE_KNOWLEDGE]: _knowledge, [GATE_HOURS]: _hours, ...others } = metadata
  return Object.keys(others).length === 0 ? rest : { ...rest, metadata: others }
}

/** A measurement that goes on for hours may fail now and then: an answer between two failures parts them, though it ends nothing. */
const hasAnswered = ({ phase, value }: Measurement): boolean => phase === 'Running' && value !== undefined

function countPhase(result: MetricResult, phase: Measurement['phase']): Partial<Record<Counter, number>> {
  const plus = (counter: Counter): number => (result[counter] ?? 0) + 1
  switch (phase) {
    case 'Successful':
      return {
        count: plus('count'),
        successful: plus('successful'),
        consecutiveSuccess: plus('consecutiveSuccess'),
        consecutiveError: 0,
      }
    case 'Failed':
      return { count: plus('count'), failed: plus('failed'), consecutiveSuccess: 0, consecutiveError: 0 }
    case 'Inconclusive':
      return { count: plus('count'), inconclusive: plus('inconclusive'), consecutiveSuccess: 0, consecutiveError: 0 }
    case 'Error':
      return { error: plus('error'), consecutiveError: plus('consecutiveError'), consecutiveSuccess: 0 }
    case '':
    case 'Pending':
    case 'Running':
      return {}
  }
}

/** Zeros are left out, as Go's encoder does: another controller's write must not look like a change. */
const dropZeros = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== 0 && value !== false)) as T

/** How many metrics ended how; `count` is all of them. */
export function summarizeResults(results: readonly MetricResult[]): Summary {
  const of = (phase: string): number => results.filter((result) => result.phase === phase).length
  return dropZeros({
    count: results.length,
    successful: of('Successful'),
    failed: of('Failed'),
    inconclusive: of('Inconclusive'),
    error: of('Error'),
  })
}
