/**
 * Simulated counts of one rollout, for gates of errors and of business events: what every pod adds within a scrape, of the canary, of stable, and of
 * a fresh baseline as large as the canary, which only Kayenta's judge looks at. Also hours of stable pods before it.
 */
import type { PodCount, Tick } from '../../../analysis/domain/stats/ticks.ts'
import { type Noise, PARETO_MOST, PARETO_SHAPE } from './noise.ts'
import { type Plan, SCRAPE_SECONDS } from './plan.ts'
import { coldShare, createMood, createPods, isInIncident, moodFactor, type Pod, type PodSet } from './pods.ts'
import type { Random } from './random.ts'

/** What is counted: `base` per request on stable, `effect` times as much on the canary of a bad release. */
export interface Signal {
  readonly kind: 'errors' | 'events'
  readonly base: number
  readonly effect: number
}

export interface Traffic {
  /** Requests per second of both arms together. */
  readonly rps: number
  readonly noise: Noise
  readonly signal: Signal
}

/** Sums of one arm by scrape. */
export interface ArmSums {
  readonly bad: Float64Array
  readonly total: Float64Array
}

export interface CountRun {
  readonly ticks: readonly Tick[]
  /** When each pod got ready, as a scrape's number; absent for those that have always been there. */
  readonly born: ReadonlyMap<string, number>
  readonly canary: ArmSums
  readonly stable: ArmSums
  readonly baseline: ArmSums
}

/** Epoch milliseconds of the end of scrape -1. */
export const START_MS = Date.UTC(2026, 0, 5)

const sumsOf = (length: number): ArmSums => ({ bad: new Float64Array(length), total: new Float64Array(length) })

function addTo(sums: ArmSums, tick: number, pods: readonly PodCount[]): void {
  for (const { bad, total } of pods) {
    sums.bad[tick] = (sums.bad[tick] ?? 0) + bad
    sums.total[tick] = (sums.total[tick] ?? 0) + total
  }
}

/** How many of `n` requests, at `rate` each, in clumps; an event per request at most. */
export function drawBad(random: Random, n: number, rate: number, clump: Noise['clump']): number {
  if (clump.mean === 1) return random.binomial(n, Math.min(rate, 1))
  const clumps = random.poisson((n * rate) / clump.mean)
  let bad = 0
  for (let k = 0; k < clumps && bad < n; k++)
    bad += clump.kind === 'pareto' ? random.pareto(PARETO_SHAPE, PARETO_MOST) : random.geometric(clump.mean)
  return Math.min(bad, n)
}

interface Moment {
  readonly tick: number
  /** Rate of this scrape without what is the pod's own. */
  readonly rate: number
  /** Requests that the arm gets on average. */
  readonly requests: number
}

function drawArm({ noise }: Traffic, random: Random, pods: readonly Pod[], { tick, rate, requests }: Moment) {
  return pods.map((pod, index): PodCount => {
    const total = random.poisson(requests / pods.length)
    const cold = coldShare(noise, pod, tick)
    const sick = index === 0 && pod.name.startsWith('stable') ? (noise.sickFactor ?? 1) : 1
    const own = moodFactor(pod.mood, noise.pod.sd) * sick * (1 + cold * ((noise.cold?.factor ?? 1) - 1))
    return { pod: pod.name, bad: drawBad(random, total, rate * own, noise.clump), total }
  })
}

/** In an incident errors are added, and business events go missing. */
function rateIn({ noise, signal }: Traffic, rate: number): number {
  const lost = noise.incident?.rate ?? 0
  return signal.kind === 'errors' ? rate + lost : rate * (1 - Math.min(1, 5 * lost))
}

/** One rollout. Equal arguments and an equal state of the generator give equal counts. */
export function simulateCounts(traffic: Traffic, plan: Plan, random: Random): CountRun {
  const { noise, signal, rps } = traffic
  const length = plan.weights.length
  const mood = createMood(noise.shared.rho, random)
  const canaryPods = createPods('canary', noise, random, true)
  const baselinePods = createPods('baseline', noise, random, true)
  const stablePods = createPods('stable', noise, random, false)
  const incident = Math.floor(random.uniform() * (length - 8)) + 2
  const [canary, stable, baseline] = [sumsOf(length), sumsOf(length), sumsOf(length)]
  const born = new Map<string, number>()
  const ticks = plan.weights.map((weight, tick): Tick => {
    const shared = signal.base * moodFactor(mood(), noise.shared.sd)
    const draw = (pods: PodSet, share: number, isCanary: boolean, effect: number): PodCount[] => {
      const rate = isInIncident(noise, incident, tick, isCanary) ? rateIn(traffic, shared * effect) : shared * effect
      const serving = pods.at(tick, isCanary ? weight : 1)
      for (const pod of serving) if (pod.born >= 0) born.set(pod.name, pod.born)
      return drawArm(traffic, random, serving, { tick, rate, requests: rps * share * SCRAPE_SECONDS })
    }
    const ofCanary = draw(canaryPods, weight, true, tick >= plan.onset ? signal.effect : 1)
    const ofStable = draw(stablePods, 1 - weight, false, 1)
    addTo(canary, tick, ofCanary)
    addTo(stable, tick, ofStable)
    addTo(baseline, tick, draw(baselinePods, weight, true, 1))
    return { at: START_MS + (tick + 1) * SCRAPE_SECONDS * 1000, canary: ofCanary, stable: ofStable }
  })
  return { ticks, born, canary, stable, baseline }
}

/** Stable pods alone, for `seconds` before the rollout; no incident, nobody cold. */
export function simulateHistory(traffic: Traffic, seconds: number, random: Random): readonly Tick[] {
  const { noise, signal, rps } = traffic
  const length = Math.round(seconds / SCRAPE_SECONDS)
  const mood = createMood(noise.shared.rho, random)
  const { doublingAtSeconds: _, ...steady } = noise
  const pods = createPods('stable', steady, random, false)
  return Array.from({ length }, (_, tick): Tick => {
    const rate = signal.base * moodFactor(mood(), noise.shared.sd)
    const stable = drawArm(traffic, random, pods.at(tick, 1), { tick, rate, requests: rps * SCRAPE_SECONDS })
    return { at: START_MS - (length - tick) * SCRAPE_SECONDS * 1000, canary: [], stable }
  })
}
