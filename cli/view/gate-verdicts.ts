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
  /** Why there is no newer one, when the gate could not be asked any more. */
  readonly since?: string
}

/** Of the newest run that has one, by metric: what takes the release back first, what passes last. */
export function listVerdicts({ rollout, analysisRuns }: Picture): readonly ToldVerdict[] {
  const current = rollout.status?.currentPodHash
  const runs = analysisRuns
    .filter(({ metadata }) => current !== undefined && metadata.labels?.[POD_TEMPLATE_HASH] === current)
    .toSorted((a, b) => (createdAt(a) < createdAt(b) ? -1 : 1))
  const newest = new Map<string, ToldVerdict>()
  for (const run of runs)
    for (const { name, measurements } of run.status?.metricResults ?? []) {
      const last = measurements?.at(-1)
      const judged = measurements?.findLast((measurement) => readGateVerdict(measurement) !== undefined)
      const verdict = readGateVerdict(judged)
      const since = judged === last ? undefined : last?.message
      if (verdict) newest.set(name, { run: run.metadata.name, metric: name, verdict, ...(since ? { since } : {}) })
    }
  return [...newest.values()].toSorted((a, b) => rankOf(a) - rankOf(b) || (a.metric < b.metric ? -1 : 1))
}

const URGENCY: readonly GateVerdict['outcome'][] = ['abort', 'error', 'hold', 'pass']
const rankOf = ({ verdict }: ToldVerdict): number => URGENCY.indexOf(verdict.outcome)

const createdAt = ({ metadata }: AnalysisRun): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`

/** Lines; the text of a verdict has some of its own. */
export function renderVerdict({ run, metric, verdict, since }: ToldVerdict): readonly string[] {
  const lines = verdict.text.split('\n')
  const queries = verdict.queries.filter((query) => !verdict.text.includes(query))
  const later = since === undefined ? [] : [`  since then: ${since}`]
  return [...lines, ...later, ...queries.map((query) => `  query: ${query}`), `  (${metric} of ${run})`].map(printable)
}

/** A text that quotes a verdict, up to the end of the first line; others as they are. */
export function cutTold(text: string, told: readonly Pick<ToldVerdict, 'verdict'>[]): string {
  const [first = '', second = ''] = text.split('\n')
  const isQuote = second !== '' && told.some(({ verdict }) => verdict.text.includes(second))
  return isQuote ? `${first.trimEnd()} …` : text
}
