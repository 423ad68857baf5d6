/** What statistical gates said last about the current revision, in full: the finding, its numbers, and the queries to look at. Pure. */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import { type GateVerdict, readGateVerdict } from '../../controller/api/verdict.ts'
import type { Picture } from '../cluster/picture.ts'
import { printable } from '../terminal.ts'

export interface ToldVerdict {
  /** Names of the AnalysisRun and of its metric. */
  readonly run: string
  readonly metric: string
  readonly verdict: GateVerdict
}

/** By metric, of the newest run that has one. */
export function listVerdicts({ rollout, analysisRuns }: Picture): readonly ToldVerdict[] {
  const current = rollout.status?.currentPodHash
  const runs = analysisRuns
    .filter(({ metadata }) => current !== undefined && metadata.labels?.[POD_TEMPLATE_HASH] === current)
    .toSorted((a, b) => (createdAt(a) < createdAt(b) ? -1 : 1))
  const newest = new Map<string, ToldVerdict>()
  for (const run of runs)
    for (const { name, measurements } of run.status?.metricResults ?? []) {
      const verdict = readGateVerdict(measurements?.at(-1))
      if (verdict) newest.set(name, { run: run.metadata.name, metric: name, verdict })
    }
  return [...newest.values()].toSorted((a, b) => (a.metric < b.metric ? -1 : 1))
}

const createdAt = ({ metadata }: AnalysisRun): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`

/** Lines; the text of a verdict has some of its own. */
export function renderVerdict({ run, metric, verdict }: ToldVerdict): readonly string[] {
  const lines = verdict.text.split('\n')
  const queries = verdict.queries.filter((query) => !verdict.text.includes(query))
  return [...lines, ...queries.map((query) => `  query: ${query}`), `  (${metric} of ${run})`].map(printable)
}
