/**
 * Windows of history in which nothing was released, to play healthy rollouts in: stable's pods are dealt into two arms, so whatever aborts one is a false
 * abort. Windows that cannot be used are counted by reason.
 */
import { readLimits } from '../../../controller/metric-language/analysis-metric.ts'
import { canarySize } from './deal-pods.ts'
import type { PastRelease, Span } from './find-traffic.ts'
import { type BacktestPlan, lengthOfPlan, type PlanGate } from './plan.ts'

export interface PseudoRollout {
  readonly version: string
  readonly since: number
  readonly until: number
  /** Another one for each case. */
  readonly seed: number
}

export interface PseudoRollouts {
  readonly cases: readonly PseudoRollout[]
  /** Windows that a release lies in. */
  readonly withRelease: number
  /** Windows in which no version had traffic throughout. */
  readonly withoutTraffic: number
  /** Windows with fewer than two pods. */
  readonly withoutPods: number
}

export interface WindowOrder {
  readonly plan: BacktestPlan
  /** Cases begin and end within it. */
  readonly range: Span
  readonly everyMs: number
  readonly traffic: ReadonlyMap<string, readonly Span[]>
  readonly releases: readonly PastRelease[]
  readonly podsAt: (version: string, at: number) => number
}

export function listPseudoRollouts({ plan, range, everyMs, traffic, releases, podsAt }: WindowOrder): PseudoRollouts {
  const longestMs = lengthOfPlan(plan) + holdsOf(plan)
  const cases: PseudoRollout[] = []
  const left = { withRelease: 0, withoutTraffic: 0, withoutPods: 0 }
  for (let since = range.from; since + lengthOfPlan(plan) <= range.to; since += everyMs) {
    const until = Math.min(range.to, since + longestMs)
    const version = findVersion(traffic, since, since + lengthOfPlan(plan))
    if (releases.some((release) => release.since < until && release.until > since)) left.withRelease += 1
    else if (version === undefined) left.withoutTraffic += 1
    else if (podsAt(version, since) < 2) left.withoutPods += 1
    else cases.push({ version, since, until, seed: cases.length })
  }
  return { cases, ...left }
}

/** Between two looks or scrapes, at most: a stage that is held to the last ends with the first look after that. */
const LOOK_MS = 2 * 60_000

/** Of a metric without an interval. */
const RETRY_MS = 10_000

/** Stages may be held so much longer in all. */
const holdsOf = ({ stages, gates }: BacktestPlan): number =>
  stages.reduce(
    (sum, { waitsFor }) =>
      sum +
      (waitsFor.length > 0 ? LOOK_MS : 0) +
      Math.max(0, ...gates.filter(({ name }) => waitsFor.includes(name)).map(longestHoldOf)),
    0,
  )

/** Until its limits are met, a gate that has said its word is asked again. */
function longestHoldOf({ maxHoldMs, metric }: PlanGate): number {
  if (metric === undefined) return maxHoldMs
  const { count = 1, failureLimit, inconclusiveLimit, intervalMs = RETRY_MS } = readLimits(metric)
  return maxHoldMs + Math.max(count - 1, failureLimit, inconclusiveLimit, 0) * intervalMs
}

const findVersion = (traffic: WindowOrder['traffic'], from: number, to: number): string | undefined =>
  [...traffic].find(([, spans]) => spans.some((span) => span.from <= from && span.to >= to - LOOK_MS))?.[0]

/** The weight that so many pods can play, percent, for each stage. */
export const possibleWeights = (plan: BacktestPlan, pods: number): readonly number[] =>
  plan.stages.map(({ weightPercent }) => (100 * canarySize(pods, weightPercent)) / Math.max(1, pods))
