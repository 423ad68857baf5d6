/**
 * What metrics with a query would have measured in one case: the query over the time of the case, at the metric's interval, with the versions and pods of
 * the case put in; once for each set of pods that plays the canary. Between two answers the older one stands, as long as an interval.
 */
import { dealStable } from '../../analysis/domain/backtest/deal-pods.ts'
import type { PlayedMetric } from '../../analysis/domain/backtest/metric-player.ts'
import type { MetricTrack } from '../../analysis/domain/backtest/metric-run.ts'
import type { PlanStage } from '../../analysis/domain/backtest/plan.ts'
import type { Reading } from '../../analysis/domain/verdict.ts'
import type { RawSeries } from '../../analysis/providers/gate/matrix.ts'
import { formatPlain } from '../../analysis/providers/go-number.ts'
import { readLimits } from '../../controller/metric-language/analysis-metric.ts'
import { mapInOrder } from './in-order.ts'
import type { ReplayableMetric } from './inspect-metrics.ts'
import type { QueryArms } from './versioned-query.ts'

export interface MetricCase {
  /** Epoch milliseconds. */
  readonly since: number
  readonly until: number
  readonly canary: string
  /** The same as the canary's where pods are dealt. */
  readonly stable: string
  /** For dealing the pods of a pseudo-rollout; a release that happened has its arms. */
  readonly seed?: number
  readonly stages: readonly PlanStage[]
}

/** Those metrics that can be played in this case. */
export async function readMetrics(
  metrics: readonly ReplayableMetric[],
  order: MetricCase,
  parallel: number,
): Promise<readonly PlayedMetric[]> {
  const played: PlayedMetric[] = []
  for (const metric of metrics) {
    const arms = order.seed === undefined ? asReleased(order) : await dealArms(metric, order, order.seed)
    if (arms !== undefined) played.push({ metric, track: await readTrack(metric, order, arms, parallel) })
  }
  return played
}

type ArmsOfStages = readonly QueryArms[]

const asReleased = ({ canary, stable, stages }: MetricCase): ArmsOfStages => stages.map(() => ({ canary, stable }))

/** Undefined where there are too few pods to deal. */
async function dealArms(
  { pods: dealt, ask }: ReplayableMetric,
  { since, canary, stable, stages }: MetricCase,
  seed: number,
): Promise<ArmsOfStages | undefined> {
  if (dealt === undefined) return stages.map(() => ({ canary, stable }))
  const { selector, label } = dealt
  if (label === undefined) return undefined
  const found = await ask(`group by (${label}) (${selector.render({ canary, stable })})`, once(since))
  const pods = found.flatMap(({ labels }) => (labels[label] ? [{ pod: labels[label] }] : []))
  if (pods.length < 2) return undefined
  const deal = dealStable(seed)
  return stages.map(({ weightPercent }) => {
    const playing = deal({ canary: [], stable: pods }, weightPercent).canary.map(({ pod }) => pod)
    return { canary, stable, dealt: { label, canary: playing.toSorted() } }
  })
}

const once = (at: number) => ({ from: at, to: at, stepMs: 60_000 })

/** A metric without an interval is measured once; that may be at any time. */
const DEFAULT_STEP_MS = 15_000
/** More points than this are refused by Prometheus in one answer. */
const MOST_POINTS = 10_000

async function readTrack(
  { metric, watchesFrom, query, isScalar, ask }: ReplayableMetric,
  { since, until, stages }: MetricCase,
  arms: ArmsOfStages,
  parallel: number,
): Promise<MetricTrack> {
  const { intervalMs, initialDelayMs } = readLimits(metric)
  const stepMs = Math.max(intervalMs || DEFAULT_STEP_MS, Math.ceil((until - since) / MOST_POINTS))
  const before = stages.slice(0, watchesFrom ?? 0).reduce((sum, { durationMs }) => sum + durationMs, 0)
  // The grid meets the measurements of a case in which nothing is held.
  const from = since + ((before + initialDelayMs) % stepMs)
  const texts = arms.map((one) => query.render(one))
  const answers = new Map<string, ReadonlyMap<number, readonly number[]>>()
  await mapInOrder(
    [...new Set(texts)],
    parallel,
    (text) => ask(text, { from, to: until, stepMs }),
    (series, text) => void answers.set(text, groupByTime(series)),
  )
  return {
    valueAt(at, stage) {
      const time = from + Math.max(0, Math.floor((at - from) / stepMs)) * stepMs
      return toReading(answers.get(texts[stage] ?? '')?.get(time) ?? [], isScalar)
    },
  }
}

/** Series keep the server's order, as in an instant query. */
function groupByTime(series: readonly RawSeries[]): ReadonlyMap<number, readonly number[]> {
  const byTime = new Map<number, number[]>()
  for (const { times, values } of series)
    for (const [index, time] of times.entries()) {
      const known = byTime.get(time) ?? []
      byTime.set(time, known)
      known.push(values[index] ?? Number.NaN)
    }
  return byTime
}

function toReading(values: readonly number[], isScalar: boolean): Reading {
  const [first = Number.NaN] = values
  if (isScalar) return { kind: 'sample', value: first, text: formatPlain(first) }
  return { kind: 'sample', value: values, text: `[${values.map(formatPlain).join(',')}]` }
}
