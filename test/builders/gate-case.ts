/**
 * Cases of gates as a service would scrape them: pods with counters, seeded, so that each case is the same in every run. Rates are per second;
 * failures are independent, or clumped where a test asks for noise.
 */
import type { GateCase, GateRule } from '../../analysis/domain/gates/gate-case.ts'
import type { GateSeries } from '../../analysis/domain/gates/samples.ts'
import type { Calibration } from '../../analysis/domain/stats/ticks.ts'

export const CASE_START = Date.parse('2026-03-02T10:00:00Z')
const SCRAPE_MS = 15_000

export interface TrafficOptions {
  /** Requests of both arms together, per second. */
  readonly rps?: number
  readonly weightPercent?: number
  readonly stableRate?: number
  readonly canaryRate?: number
  readonly minutes?: number
  readonly stablePods?: number
  readonly canaryPods?: number
  readonly seed?: number
  readonly role?: 'failed' | 'events'
}

export const errorRule: GateRule = {
  direction: 'up',
  alpha: 1 / 300,
  beta: 1 / 3,
  toleranceRatio: 1.2,
  toleranceExcess: 0.001,
  minEvents: 5,
  target: 3,
  earlyPass: false,
  warmupMs: 60_000,
}

export const eventsRule: GateRule = {
  ...errorRule,
  direction: 'down',
  toleranceRatio: 0.8,
  toleranceExcess: 0,
  target: 0,
  noun: { one: 'order', many: 'orders' },
}

export const latencyRule: GateRule = { ...errorRule, toleranceRatio: 1.15, toleranceExcess: 0, target: 1.5 }

export const calibrated: Calibration = { phi: 1.4, rho: 0, residuals: [], historyMs: 4 * 3_600_000 }

/** Scrapes of a release that began at {@link CASE_START}; canary pods appear one scrape later. */
export function gateSeries(options: TrafficOptions = {}): GateSeries[] {
  const { rps = 100, weightPercent = 10, stableRate = 0.005, canaryRate = stableRate, minutes = 5 } = options
  const { stablePods = 4, canaryPods = 1, seed = 1, role = 'failed' } = options
  const random = createRandom(seed)
  const scrapes = Math.floor((minutes * 60_000) / SCRAPE_MS) + 1
  const arm = (name: 'canary' | 'stable', pods: number, share: number, rate: number): GateSeries[] =>
    Array.from({ length: pods }, (_, pod) => {
      const first = name === 'canary' ? 1 : 0
      const requests = (rps * share * SCRAPE_MS) / 1000 / pods
      const counters = { at: [] as number[], requests: [] as number[], bad: [] as number[] }
      let [all, bad] = name === 'canary' ? [0, 0] : [50_000, 250]
      for (let scrape = first; scrape < scrapes; scrape++) {
        const asked = poisson(requests, random)
        all += asked
        bad += poisson(asked * rate, random)
        counters.at.push(CASE_START + scrape * SCRAPE_MS + pod * 700)
        counters.requests.push(all)
        counters.bad.push(bad)
      }
      const of = { arm: name, pod: `web-${name}-${pod}`, times: counters.at }
      return [
        {
          ...of,
          role: 'requests' as const,
          values: counters.requests.map((n, i) => (role === 'failed' ? n - (counters.bad[i] ?? 0) : n)),
        },
        { ...of, role, values: counters.bad, ...(role === 'failed' ? { detail: '503 POST /checkout' } : {}) },
      ]
    }).flat()
  return [
    ...arm('canary', canaryPods, weightPercent / 100, canaryRate),
    ...arm('stable', stablePods, 1 - weightPercent / 100, stableRate),
  ]
}

/** Client libraries' default buckets, seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface LatencyOptions extends Omit<TrafficOptions, 'stableRate' | 'canaryRate' | 'role'> {
  /** How many times as long the canary takes. */
  readonly slower?: number
  readonly bounds?: readonly number[]
}

/** Classic histograms of lognormal latencies: median 50 ms, sigma 0.6, P99 202 ms (analysis.md 3.3). */
export function latencySeries(options: LatencyOptions = {}): GateSeries[] {
  const { rps = 100, weightPercent = 10, minutes = 5, slower = 1, bounds = BUCKETS } = options
  const { stablePods = 4, canaryPods = 1, seed = 1 } = options
  const random = createRandom(seed)
  const scrapes = Math.floor((minutes * 60_000) / SCRAPE_MS) + 1
  const les = [...bounds, Number.POSITIVE_INFINITY]
  const pod = (arm: 'canary' | 'stable', index: number, requests: number, scale: number): GateSeries[] => {
    const counts = les.map((_, at) => (arm === 'canary' ? 0 : 1000 * (at + 1)))
    const times: number[] = []
    const values: number[][] = les.map(() => [])
    for (let scrape = arm === 'canary' ? 1 : 0; scrape < scrapes; scrape++) {
      for (let asked = poisson(requests, random); asked > 0; asked--) {
        const seconds = 0.05 * scale * Math.exp(0.6 * normal(random))
        for (const [at, le] of les.entries()) if (seconds <= le) counts[at] = (counts[at] ?? 0) + 1
      }
      times.push(CASE_START + scrape * SCRAPE_MS + index * 700)
      for (const [at, count] of counts.entries()) values[at]?.push(count)
    }
    return les.map((le, at) => ({
      arm,
      pod: `web-${arm}-${index}`,
      role: 'bucket',
      le,
      times,
      values: values[at] ?? [],
    }))
  }
  const share = weightPercent / 100
  const perPod = (part: number, pods: number): number => (rps * part * SCRAPE_MS) / 1000 / pods
  return [
    ...Array.from({ length: canaryPods }, (_, i) => pod('canary', i, perPod(share, canaryPods), slower)).flat(),
    ...Array.from({ length: stablePods }, (_, i) => pod('stable', i, perPod(1 - share, stablePods), 1)).flat(),
  ]
}

export function latencyCase(options: LatencyOptions = {}, overrides: Partial<GateCase> = {}): GateCase {
  const { minutes = 5, weightPercent = 10 } = options
  const { before: _counts, ...common } = gateCase({ minutes, weightPercent })
  return {
    ...common,
    gate: 'latency',
    rule: latencyRule,
    series: latencySeries(options),
    calibration: undefined,
    queries: ['histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{app="checkout"}[1m])))'],
    ...overrides,
  }
}

export function gateCase(options: TrafficOptions = {}, overrides: Partial<GateCase> = {}): GateCase {
  const { minutes = 5, weightPercent = 10, role = 'failed' } = options
  return {
    gate: role === 'failed' ? 'errorRate' : 'events',
    rule: role === 'failed' ? errorRule : eventsRule,
    series: gateSeries(options),
    calibration: calibrated,
    before: role === 'failed' ? { bad: 5100, total: 1_000_000 } : { bad: 20_000, total: 1_000_000 },
    since: CASE_START,
    now: CASE_START + minutes * 60_000 + 3_000,
    stage: {
      index: 1,
      count: 5,
      weightPercent,
      nextWeightPercent: 25,
      endsAt: CASE_START + 300_000,
      maxHoldMs: 300_000,
    },
    onUndecided: 'pause',
    queries: ['sum by (code) (rate(http_requests_total{app="checkout",rollouts_pod_template_hash="bbb"}[1m]))'],
    ...overrides,
  }
}

/** Mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function poisson(mean: number, random: () => number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = random(); product > limit; product *= random()) count++
  return count
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
