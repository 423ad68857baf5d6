/**
 * What statistical gates of a run said last, in the words that people are told: the finding and the numbers below it. It must not judge; the verdict is the
 * gate's.
 */
import type { AnalysisRun, MetricResult } from '../../api/analysis.ts'
import { readGateVerdict } from '../../api/verdict.ts'

/** Whether a gate has said itself why it ended: its value is only the same once more. */
export const explainsItself = ({ measurements }: MetricResult): boolean =>
  readGateVerdict(measurements?.at(-1)) !== undefined

/** Finding, counts, evidence: what fits into a message beside others. */
const LINES_TOLD = 3

/** What has no verdict, as the subject of a sentence; undefined when no gate is the reason. */
export function describeUndecidedGates(run: AnalysisRun): string | undefined {
  const undecided = (run.status?.metricResults ?? []).filter(({ phase, dryRun }) => phase === 'Inconclusive' && !dryRun)
  const texts = undecided.flatMap((result) => readGateVerdict(result.measurements?.at(-1))?.text ?? [])
  if (texts.length === 0) return undefined
  const told = texts.map((text) => text.split('\n').slice(0, LINES_TOLD).join('\n'))
  return `an analysis is inconclusive: ${told.join('\n')}`
}
