/**
 * From the labels of several metrics to one score and what it amounts to: Kayenta's weighted sum (`analysis.md` 1.2), and the same with its holes closed.
 * It must not judge a metric.
 *
 *   situation                                        kayenta           strict
 *   a critical metric failed                         0                 0
 *   a critical metric has no data                    0                 no data, unless it must have data
 *   half of the metrics or more have no data         0                 no data
 *   a group has no data                              100 for it        no data
 *   a metric has no data, and nobody said it may     left out          no data, unless the others fail
 *   a metric could not be computed                   left out          (is no data)
 */
import type { MannWhitneyLabel } from './mann-whitney.ts'

export type ScoredLabel = MannWhitneyLabel | 'NodataFailMetric'

export interface ScoredMetric {
  readonly name: string
  readonly label: ScoredLabel
  readonly group: string
  /** Failed so badly that nothing else counts. */
  readonly isCriticalFailure: boolean
  /** Whether somebody said that it may lack data. */
  readonly mayLackData: boolean
}

export interface ScoreRule {
  readonly reading: 'strict' | 'kayenta'
  readonly groupWeights: Readonly<Record<string, number>>
  readonly pass: number
  readonly marginal: number
}

export interface CanaryScore {
  /** 0 to 100. */
  readonly score: number
  /** `NoData`: the score does not say what it seems to. */
  readonly verdict: 'Successful' | 'Inconclusive' | 'Failed' | 'NoData'
}

const isNoData = ({ label }: ScoredMetric): boolean => label === 'Nodata'

/** At least one metric. */
export function scoreCanary(metrics: readonly ScoredMetric[], rule: ScoreRule): CanaryScore {
  if (metrics.some(({ isCriticalFailure }) => isCriticalFailure)) return { score: 0, verdict: 'Failed' }
  const lacking = metrics.filter(isNoData)
  const isMostlyEmpty = lacking.length / metrics.length >= 0.5
  if (rule.reading === 'kayenta' && isMostlyEmpty) return { score: 0, verdict: 'Failed' }
  const groups = scoreGroups(metrics)
  const score = sumUp(groups, rule.groupWeights)
  const verdict = score >= rule.pass ? 'Successful' : score >= rule.marginal ? 'Inconclusive' : 'Failed'
  if (rule.reading === 'kayenta' || verdict === 'Failed') return { score, verdict }
  const isDoubtful =
    isMostlyEmpty || groups.some((group) => group.score === undefined) || lacking.some((metric) => !metric.mayLackData)
  return { score, verdict: isDoubtful ? 'NoData' : verdict }
}

interface GroupScore {
  readonly name: string
  /** Undefined without data. */
  readonly score: number | undefined
}

const COUNTED: ReadonlySet<ScoredLabel> = new Set(['Pass', 'High', 'Low', 'NodataFailMetric'])

function scoreGroups(metrics: readonly ScoredMetric[]): readonly GroupScore[] {
  const names = [...new Set(metrics.map(({ group }) => group))].sort()
  return names.map((name) => {
    const counted = metrics.filter(({ group, label }) => group === name && COUNTED.has(label))
    const passed = counted.filter(({ label }) => label === 'Pass').length
    return { name, score: counted.length === 0 ? undefined : (passed / counted.length) * 100 }
  })
}

/** A group without data counts as passed here, as in Kayenta: what that is worth is for the verdict. */
function sumUp(groups: readonly GroupScore[], weights: Readonly<Record<string, number>>): number {
  const given = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  const others = groups.filter(({ name }) => !Object.hasOwn(weights, name)).length
  const shared = others === 0 ? 0 : (100 - given) / others
  const sum = groups.reduce(
    (total, { name, score = 100 }) =>
      total + (score * (Object.hasOwn(weights, name) ? (weights[name] ?? 0) : shared)) / 100,
    0,
  )
  return Math.round(sum * 100) / 100
}
