/**
 * Simulated latencies of one rollout: how many requests of each pod and scrape were slower than each bucket's edge. Latencies are lognormal with
 * stalls and moods; edges are Prometheus' defaults or those of a native histogram.
 */
import type { LatencyTick, PodLatency } from '../../../analysis/domain/gates/samples.ts'
import { START_MS } from './counts.ts'
import type { Noise } from './noise.ts'
import { type Plan, SCRAPE_SECONDS } from './plan.ts'
import { coldShare, createMood, createPods, isInIncident, type Pod, type PodSet } from './pods.ts'
import type { Random } from './random.ts'

/** `scale`: all requests take that many times as long; `tail`: only the slowest 5 % do. */
export interface Slowness {
  readonly scale: number
  readonly tail: number
}

export const bucketKinds = ['classic', 'native'] as const
export type BucketKind = (typeof bucketKinds)[number]

export interface LatencyTraffic {
  readonly rps: number
  readonly noise: Noise
  readonly buckets: BucketKind
  readonly effect: Slowness
}

/** Slower counts of one arm by scrape, all edges of a scrape side by side. */
export interface LatencySums {
  readonly slower: Float64Array
  readonly total: Float64Array
}

export interface LatencyRun {
  /** Seconds, ascending. */
  readonly edges: readonly number[]
  /** With all edges. */
  readonly ticks: readonly LatencyTick[]
  readonly born: ReadonlyMap<string, number>
  readonly canary: LatencySums
  readonly stable: LatencySums
  readonly baseline: LatencySums
}

const MEDIAN_SECONDS = 0.05
const SIGMA = 0.6
/** Where the tail begins that `tail` makes slower: its share is 5 %. */
const TAIL_STARTS = MEDIAN_SECONDS * Math.exp(1.6448536 * SIGMA)
/** An incident's requests are that many times slower. */
const INCIDENT_SLOWER = 5

const classicEdges = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Schema 3, from the median on: eight buckets to a doubling. Those below say nothing about a P99. */
const nativeEdges = Array.from({ length: 50 }, (_, index) => 2 ** (index / 8 - 4.25))

const edgesByKind: Readonly<Record<BucketKind, readonly number[]>> = { classic: classicEdges, native: nativeEdges }
export const edgesOf = (kind: BucketKind): readonly number[] => edgesByKind[kind]

/** Normal survival by table, linear between places 0.005 apart: an error below 1e-6. */
const REACH = 8
const STEPS = 200
const survivals = buildSurvivals()

function buildSurvivals(): Float64Array {
  const table = new Float64Array(2 * REACH * STEPS + 1)
  const parts = 20
  const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  for (let index = table.length - 2; index >= 0; index--) {
    const z = index / STEPS - REACH
    let area = 0
    for (let part = 0; part < parts; part++) area += density(z + (part + 0.5) / (parts * STEPS))
    table[index] = (table[index + 1] ?? 0) + area / (parts * STEPS)
  }
  return table
}

/** Chance that a standard normal is above `z`. */
export function normalSurvival(z: number): number {
  if (z <= -REACH) return 1
  if (z >= REACH) return 0
  const place = (z + REACH) * STEPS
  const index = Math.floor(place)
  const low = survivals[index] ?? 0
  return low + (place - index) * ((survivals[index + 1] ?? 0) - low)
}

const lognormalSurvival = (x: number): number => normalSurvival(Math.log(x / MEDIAN_SECONDS) / SIGMA)

/** Share of requests that take longer than `x` seconds. */
export function survivalOf(x: number, { scale, tail }: Slowness): number {
  const at = x / scale
  if (tail === 1 || at <= TAIL_STARTS) return lognormalSurvival(at)
  return at <= TAIL_STARTS * tail ? lognormalSurvival(TAIL_STARTS) : lognormalSurvival(at / tail)
}

/** What slows one pod down in one scrape: everything by `pace`, and shares of the requests by more. */
interface Slowed {
  readonly effect: Slowness
  readonly pace: number
  readonly shares: readonly (readonly [share: number, slower: number])[]
}

function mixedSurvival(x: number, { effect, pace, shares }: Slowed): number {
  let [mixed, rest] = [0, 1]
  for (const [share, slower] of shares) {
    mixed += rest * share * survivalOf(x / (pace * slower), effect)
    rest *= 1 - share
  }
  return mixed + rest * survivalOf(x / pace, effect)
}

/** One pod's scrape: each edge's count is drawn from those that were slower than the edge before. */
function drawPod(random: Random, pod: string, requests: number, edges: readonly number[], slowed: Slowed): PodLatency {
  const total = random.poisson(requests)
  const slower: number[] = []
  let [left, before] = [total, 1]
  for (const edge of edges) {
    if (left > 0) {
      const survival = mixedSurvival(edge, slowed)
      left = random.binomial(left, before > 0 ? survival / before : 0)
      before = survival
    }
    slower.push(left)
  }
  return { pod, total, slower }
}

function slownessOf({ noise }: LatencyTraffic, pod: Pod, tick: number, random: Random): Slowed['shares'] {
  const shares: (readonly [number, number])[] = []
  const cold = coldShare(noise, pod, tick)
  if (cold > 0) shares.push([cold, noise.cold?.slower ?? 1])
  const { chance, share, slower } = noise.stall
  if (chance > 0 && random.uniform() < chance) shares.push([share, slower])
  return shares
}

const sumsOf = (length: number, edges: number): LatencySums => ({
  slower: new Float64Array(length * edges),
  total: new Float64Array(length),
})

function addTo(sums: LatencySums, tick: number, pods: readonly PodLatency[]): void {
  for (const { slower, total } of pods) {
    sums.total[tick] = (sums.total[tick] ?? 0) + total
    for (let edge = 0; edge < slower.length; edge++) {
      const place = tick * slower.length + edge
      sums.slower[place] = (sums.slower[place] ?? 0) + (slower[edge] ?? 0)
    }
  }
}

interface Moment {
  readonly tick: number
  readonly requests: number
  readonly mood: number
  readonly effect: Slowness
  readonly isIncident: boolean
}

function drawArm(traffic: LatencyTraffic, random: Random, pods: readonly Pod[], moment: Moment): PodLatency[] {
  const { noise, buckets } = traffic
  const { tick, requests, mood, effect, isIncident } = moment
  return pods.map((pod, index) => {
    const sick = index === 0 && noise.sickFactor !== undefined && pod.name.startsWith('stable') ? 2 : 1
    const pace = Math.exp(noise.pace.sharedSd * mood + noise.pace.podSd * pod.mood) * sick
    const shares = slownessOf(traffic, pod, tick, random)
    const all = isIncident ? [...shares, [noise.incident?.rate ?? 0, INCIDENT_SLOWER] as const] : shares
    return drawPod(random, pod.name, requests / pods.length, edgesOf(buckets), { effect, pace, shares: all })
  })
}

const healthy: Slowness = { scale: 1, tail: 1 }

/** One rollout. Equal arguments and an equal state of the generator give equal counts. */
export function simulateLatencies(traffic: LatencyTraffic, plan: Plan, random: Random): LatencyRun {
  const { noise, rps, buckets } = traffic
  const edges = edgesOf(buckets)
  const length = plan.weights.length
  const mood = createMood(noise.shared.rho, random)
  const canaryPods = createPods('canary', noise, random, true)
  const baselinePods = createPods('baseline', noise, random, true)
  const stablePods = createPods('stable', noise, random, false)
  const incident = Math.floor(random.uniform() * (length - 8)) + 2
  const [canary, stable, baseline] = [canaryPods, stablePods, baselinePods].map(() => sumsOf(length, edges.length))
  if (!canary || !stable || !baseline) throw new Error('three arms')
  const born = new Map<string, number>()
  const ticks = plan.weights.map((weight, tick): LatencyTick => {
    const shared = mood()
    const draw = (pods: PodSet, share: number, isCanary: boolean, effect: Slowness): PodLatency[] => {
      const serving = pods.at(tick, isCanary ? weight : 1)
      for (const pod of serving) if (pod.born >= 0) born.set(pod.name, pod.born)
      const isIncident = isInIncident(noise, incident, tick, isCanary)
      return drawArm(traffic, random, serving, {
        tick,
        requests: rps * share * SCRAPE_SECONDS,
        mood: shared,
        effect,
        isIncident,
      })
    }
    const ofCanary = draw(canaryPods, weight, true, tick >= plan.onset ? traffic.effect : healthy)
    const ofStable = draw(stablePods, 1 - weight, false, healthy)
    addTo(canary, tick, ofCanary)
    addTo(stable, tick, ofStable)
    addTo(baseline, tick, draw(baselinePods, weight, true, healthy))
    return { at: START_MS + (tick + 1) * SCRAPE_SECONDS * 1000, canary: ofCanary, stable: ofStable }
  })
  return { edges, ticks, born, canary, stable, baseline }
}

/** Stable pods alone, for `seconds` before the rollout. */
export function simulateLatencyHistory(
  traffic: LatencyTraffic,
  seconds: number,
  random: Random,
): readonly LatencyTick[] {
  const { noise, rps } = traffic
  const length = Math.round(seconds / SCRAPE_SECONDS)
  const mood = createMood(noise.shared.rho, random)
  const { doublingAtSeconds: _, ...steady } = noise
  const pods = createPods('stable', steady, random, false)
  return Array.from({ length }, (_, tick): LatencyTick => {
    const moment: Moment = {
      tick,
      requests: rps * SCRAPE_SECONDS,
      mood: mood(),
      effect: healthy,
      isIncident: false,
    }
    const stable = drawArm(traffic, random, pods.at(tick, 1), moment)
    return { at: START_MS - (length - tick) * SCRAPE_SECONDS * 1000, canary: [], stable }
  })
}
