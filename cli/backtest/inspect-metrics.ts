/**
 * Whether a metric's query can be asked about the past at all: what kind of value it gives, whether its series and labels exist, and by which label its
 * pods are told apart. A metric that cannot be replayed is named with the reason.
 */
import type { AskKind, AskRange } from './ask-past.ts'
import type { CompiledMetric } from './compile-metrics.ts'
import type { QuerySelector } from './versioned-query.ts'

export interface ReplayableMetric extends CompiledMetric {
  /** Its value is one number, and no list. */
  readonly isScalar: boolean
  /** Whose pods are dealt; undefined for a query that names no version. */
  readonly pods: PodSelector | undefined
  readonly ask: AskRange
}

export interface PodSelector {
  readonly selector: QuerySelector
  /** Undefined where no series tells pods apart: then the metric cannot be played on stable's pods. */
  readonly label: string | undefined
}

export interface InspectOrder {
  readonly metric: CompiledMetric
  /** Versions that had traffic. */
  readonly versions: readonly string[]
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** What gates call the label, if there are some. */
  readonly podLabels: readonly string[]
}

export type Inspected =
  | { readonly metric: ReplayableMetric; readonly note?: string }
  | { readonly metric?: undefined; readonly note: string }

/** So many looks at whether a series was there. */
const LOOKS = 96

export async function inspectMetric(order: InspectOrder, ask: AskRange, askKind: AskKind): Promise<Inspected> {
  const { metric, versions, from, to } = order
  const { name, query } = metric
  const [version = ''] = versions
  const refuse = (why: string): Inspected => ({ note: `metric ${name} is not replayed: ${why}` })
  const kind = await askKind(query.render({ canary: version, stable: version }), to)
  if ('problem' in kind) return refuse(kind.problem)
  if (kind.kind !== 'vector' && kind.kind !== 'scalar')
    return refuse(`its query gives a ${kind.kind}, which has no past`)
  const range = { from, to, stepMs: Math.ceil((to - from) / LOOKS) }
  for (const selector of query.selectors) {
    const missing = await findMissing(selector, versions, (text) => ask(text, range))
    if (missing !== undefined) return refuse(missing)
  }
  const replayable = { ...metric, isScalar: kind.kind === 'scalar', pods: undefined, ask }
  const pods = await findPods(order, (text) => ask(text, range))
  if (pods === undefined)
    return { metric: replayable, note: `the query of metric ${name} names no version: it sees all pods in every case` }
  if (pods.label !== undefined) return { metric: { ...replayable, pods } }
  return {
    metric: { ...replayable, pods },
    note: `metric ${name} is replayed over past releases alone: its series have no label that tells pods apart (${order.podLabels.join(', ')})`,
  }
}

type Probe = (query: string) => Promise<readonly { readonly labels: Readonly<Record<string, string>> }[]>

/** Why no series can ever match; undefined when one does, or a value of a label was just never seen. */
async function findMissing(
  selector: QuerySelector,
  versions: readonly string[],
  probe: Probe,
): Promise<string | undefined> {
  for (const version of versions)
    if ((await probe(`count(${selector.render({ canary: version, stable: version })})`)).length > 0) return undefined
  const { metric } = selector
  if (metric === undefined) return undefined
  if ((await probe(`count(${metric})`)).length === 0) return `there is no series ${metric} in that time`
  for (const label of selector.labels)
    if ((await probe(`count(${metric}{${label}!=""})`)).length === 0)
      return `no series ${metric} of that time has the label ${label}`
  return undefined
}

/** The first selector of a version whose series tell pods apart. */
async function findPods({ metric, versions, podLabels }: InspectOrder, probe: Probe): Promise<PodSelector | undefined> {
  const [version = ''] = versions
  const named = metric.query.selectors.filter(({ namesVersion }) => namesVersion)
  for (const selector of named) {
    const found = await probe(
      `group by (${podLabels.join(', ')}) (${selector.render({ canary: version, stable: version })})`,
    )
    const label = podLabels.find((one) => new Set(found.flatMap(({ labels }) => labels[one] ?? [])).size > 1)
    if (label !== undefined) return { selector, label }
  }
  const [first] = named
  return first && { selector: first, label: undefined }
}
