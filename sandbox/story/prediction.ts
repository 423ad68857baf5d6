/**
 * How long each gate should take to catch its release, by the gates' own arithmetic: from what the plot says of both versions and from how many requests
 * each got, with noise that is independent, as the past of the story is. Pure. It must not know what the gates found.
 *
 *   least   the engine, fed scrape by scrape with exactly what is to be expected
 *   most    the same, when the canary's first scrape is hardly one; or, if that is later, by when four of five rollouts catch it, which is what the
 *           engine's power statement reckons with
 *
 * Both in whole scrapes. Each of them may hold a little more or less than expected: hence one sooner or later. How long the controller takes to look is no part of it, so a busy machine changes nothing.
 */

import { replayLatency } from '../../analysis/domain/gates/judge-latency.ts'
import { calibrateLatency } from '../../analysis/domain/gates/latency-calibration.ts'
import { planEdges } from '../../analysis/domain/gates/latency-edges.ts'
import type { LatencyTick, PodLatency } from '../../analysis/domain/gates/samples.ts'
import { delayUntilDetectable } from '../../analysis/domain/stats/power.ts'
import { replayCounts } from '../../analysis/domain/stats/replay.ts'
import type { Calibration, CountRule, Look, PodCount } from '../../analysis/domain/stats/ticks.ts'
import type { GateMetric } from '../../controller/api/gate.ts'
import { planGate } from '../../controller/metric-language/gate-plan.ts'
import { type Behaviour, readBehaviour, shareSlowerThan } from '../app/behaviour.ts'
import { bounds } from '../app/exposition.ts'
import type { ToldVerdict } from './cause.ts'
import { type GateMetricName, gateMetrics } from './plot.ts'

/** As the Rollout's manifest and Prometheus' configuration say. */
export const SCRAPE_SECONDS = 2

/** What a gate reckons by, a second: requests, or orders for the one on shipping. */
export interface Traffic {
  readonly canary: number
  readonly stable: number
}

/** Scrapes that show the canary's traffic. */
export interface Prediction {
  readonly least: number
  readonly most: number
}

type Env = Readonly<Record<string, string>>
type Versions = Readonly<Record<'canary' | 'stable', Behaviour>>

const STABLE_PODS = 4
const MOST_SCRAPES = 60
const STEADY: Calibration = { phi: 1, rho: 0, residuals: [], historyMs: 5_400_000, pods: STABLE_PODS }

/** What each of the shop's gates looks for, and the share of bad events; for `latency` that is up to the edge. */
const GATES: Readonly<Record<GateMetricName, { gate: GateMetric['gate']; share?: (behaviour: Behaviour) => number }>> =
  {
    'error-rate': { gate: 'errorRate', share: ({ errorRate }) => errorRate },
    'p99-latency': { gate: 'latency' },
    events: { gate: 'events', share: ({ errorRate, orderRate }) => (1 - errorRate) * orderRate },
    shipping: { gate: 'events', share: ({ hasBacklog }) => (hasBacklog ? 0 : 1) },
  }

/** Undefined for what would not be caught within two minutes. */
export function predictDelay(
  metric: GateMetricName,
  env: { readonly canary: Env; readonly stable: Env },
  traffic: Traffic,
): Prediction | undefined {
  const versions = { canary: readBehaviour(env.canary), stable: readBehaviour(env.stable) }
  const { gate, share } = GATES[metric]
  const config: GateMetric = { gate, canary: 'canary', stable: 'stable', event: 'orders_total' }
  const rule = planGate(config).plan.thresholds
  if (!share) return predictLatency(versions, traffic, rule)
  const shares = { canary: share(versions.canary), stable: share(versions.stable) }
  return predictCounts(shares, traffic, rule)
}

function predictCounts(
  shares: Readonly<Record<'canary' | 'stable', number>>,
  traffic: Traffic,
  rule: CountRule,
): Prediction | undefined {
  const count = (pod: string, perSecond: number, share: number): PodCount => ({
    pod,
    bad: perSecond * SCRAPE_SECONDS * share,
    total: perSecond * SCRAPE_SECONDS,
  })
  const looksFrom = (first: number): readonly Look[] => {
    const ticks = listTicks(first, (at, whole) => ({
      at,
      canary: [count('canary', traffic.canary * whole, shares.canary)],
      stable: listPods((pod) => count(pod, traffic.stable / STABLE_PODS, shares.stable)),
    }))
    return replayCounts(ticks, STEADY, rule)
  }
  return combine(looksFrom, shares, traffic, rule)
}

function predictLatency(versions: Versions, traffic: Traffic, rule: CountRule): Prediction | undefined {
  const latencies = (pod: string, perSecond: number, behaviour: Behaviour): PodLatency => ({
    pod,
    total: perSecond * SCRAPE_SECONDS,
    slower: bounds.map((bound) => perSecond * SCRAPE_SECONDS * shareSlowerThan(1000 * bound, behaviour.latencyMs)),
  })
  const ofStable = latencies('stable', 1_000_000, versions.stable)
  const plan = planEdges({ bounds, slower: ofStable.slower, total: ofStable.total }, rule.toleranceRatio)
  const [edge] = plan?.edges ?? []
  if (!plan || !edge) return undefined
  const atBounds = (pod: PodLatency): PodLatency => ({
    ...pod,
    slower: plan.bounds.map((bound) => pod.slower[bounds.indexOf(bound)] ?? 0),
  })
  const shares = {
    canary: shareSlowerThan(1000 * edge.bound, versions.canary.latencyMs),
    stable: shareSlowerThan(1000 * edge.bound, versions.stable.latencyMs),
  }
  const calibration = { ...calibrateLatency([], plan, 0), edges: plan.edges.map(() => STEADY) }
  // What counts is what this edge adds to the evidence.
  const ofEdge = { ...rule, toleranceRatio: edge.toleranceRatio, alpha: rule.alpha * edge.weight }
  const looksFrom = (first: number): readonly Look[] => {
    const ticks = listTicks(
      first,
      (at, whole): LatencyTick => ({
        at,
        canary: [atBounds(latencies('canary', traffic.canary * whole, versions.canary))],
        stable: listPods((pod) => atBounds(latencies(pod, traffic.stable / STABLE_PODS, versions.stable))),
      }),
    )
    return replayLatency(ticks, plan, calibration, rule)
  }
  return combine(looksFrom, shares, traffic, ofEdge)
}

/** `first`: how much of the canary's first scrape there is. */
const listTicks = <T>(first: number, build: (at: number, whole: number) => T): T[] =>
  Array.from({ length: MOST_SCRAPES }, (_, tick) => build((tick + 1) * SCRAPE_SECONDS * 1000, tick === 0 ? first : 1))

const listPods = <T>(build: (pod: string) => T): T[] =>
  Array.from({ length: STABLE_PODS }, (_, pod) => build(`stable-${pod}`))

const HARDLY = 0.01

function combine(
  looksFrom: (first: number) => readonly Look[],
  shares: Readonly<Record<'canary' | 'stable', number>>,
  traffic: Traffic,
  rule: CountRule,
): Prediction | undefined {
  const countFrom = (first: number): number => looksFrom(first).findIndex(({ decision }) => decision === 'abort') + 1
  const [ticks, late] = [countFrom(1), countFrom(HARDLY)]
  const exposure = {
    canaryTotal: traffic.canary * SCRAPE_SECONDS,
    stableTotal: traffic.stable * SCRAPE_SECONDS,
    stableBad: traffic.stable * SCRAPE_SECONDS * shares.stable,
  }
  // A total loss, as a ratio that logarithms can take.
  const ratio = Math.max(shares.canary / shares.stable, 0.001)
  const intervalMs = SCRAPE_SECONDS * 1000
  const ask = { ratio, rule, phi: 1, mostMs: MOST_SCRAPES * intervalMs }
  const mostMs = delayUntilDetectable([], { exposure, intervalMs }, ask)
  if (ticks === 0 || mostMs === undefined) return undefined
  return { least: ticks, most: Math.max(ticks, late, mostMs / intervalMs) }
}

/** When a gate found what it found, beside when it should have. */
export interface Catch {
  readonly gate: GateMetricName
  /** Scrapes of both versions that the verdict rests on. */
  readonly scrapes: number
  readonly predicted: Prediction
  /** Whether that is as predicted, give or take a scrape. */
  readonly isInTime: boolean
  /** From the canary's first request, or up to a scrape before it, to the last of these scrapes. */
  readonly seconds: number
  /** And to the look that found it: the phase of looks, queries and the machine come on top. */
  readonly toldAfterSeconds: number
}

/** Undefined where the verdict or the prediction says nothing. */
export function compareDelay(
  { metric, verdict }: ToldVerdict,
  env: { readonly canary: Env; readonly stable: Env },
): Catch | undefined {
  const { exposedSeconds, ticks: scrapes, canary, stable, at, lookedAt } = verdict
  const gate = gateMetrics.find((name) => name === metric)
  if (gate === undefined || exposedSeconds === undefined || at === undefined || scrapes === 0) return undefined
  // What the machine let through, which on a busy one is less than was meant.
  const counted = scrapes * SCRAPE_SECONDS
  const predicted = predictDelay(gate, env, { canary: canary.total / counted, stable: stable.total / counted })
  if (predicted === undefined) return undefined
  return {
    gate,
    scrapes,
    predicted,
    isInTime: scrapes >= predicted.least - 1 && scrapes <= predicted.most + 1,
    seconds: Math.round(exposedSeconds),
    toldAfterSeconds: Math.round(exposedSeconds + (Date.parse(lookedAt) - Date.parse(at)) / 1000),
  }
}
