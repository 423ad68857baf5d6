/** How often pods are scraped, read from their samples, and the length of a tick that follows. Pure arithmetic on times. */
import type { PodCounters } from './clean-counters.ts'

/** Of a pod with a single scrape nothing can be told; Prometheus' own default is a minute, most installations set this. */
const DEFAULT_INTERVAL_MS = 15_000
export const SAMPLES_READ = 64

/** The slower arm's: a tick must hold a scrape of both. Robust: gaps and doubled scrapes are few, and the median passes over them. */
export function estimateScrapeInterval(pods: readonly PodCounters[]): number {
  return chooseInterval(
    pods.map(({ arm, counters }) => ({ arm, stepMs: estimateStep(counters.map(({ times }) => times)) })),
  )
}

/** A pod's usual step from scrape to scrape, NaN where it cannot be told yet. It stays once there are {@link SAMPLES_READ} samples. */
export interface PodStep {
  readonly arm: PodCounters['arm']
  readonly stepMs: number
}

export const estimateStep = (times: readonly ArrayLike<number>[]): number => median(listSteps(times))

export function chooseInterval(pods: readonly PodStep[]): number {
  const ofArm = (arm: PodCounters['arm']): number =>
    median(pods.flatMap((pod) => (pod.arm === arm && !Number.isNaN(pod.stepMs) ? [pod.stepMs] : [])))
  const known = [ofArm('canary'), ofArm('stable')].filter((interval) => !Number.isNaN(interval))
  return known.length === 0 ? DEFAULT_INTERVAL_MS : snap(Math.max(...known))
}

function listSteps(counters: readonly ArrayLike<number>[]): number[] {
  const steps: number[] = []
  for (const times of counters) {
    for (let index = 1; index < Math.min(times.length, SAMPLES_READ); index += 1) {
      steps.push((times[index] ?? 0) - (times[index - 1] ?? 0))
    }
    if (steps.length > 0) break
  }
  return steps
}

/** The lower one of two middle values; NaN of nothing. */
function median(values: number[]): number {
  values.sort((one, other) => one - other)
  return values[(values.length - 1) >> 1] ?? Number.NaN
}

const SECOND_MS = 1000
const TENTH_MS = 100
const SNAP_SHARE = 0.01

/** Intervals are configured in whole seconds: jitter must not make ticks of 14.998 s, nor other ticks at the next look. */
function snap(intervalMs: number): number {
  const seconds = Math.round(intervalMs / SECOND_MS) * SECOND_MS
  if (seconds > 0 && Math.abs(seconds - intervalMs) <= SNAP_SHARE * intervalMs) return seconds
  return Math.max(TENTH_MS, Math.round(intervalMs / TENTH_MS) * TENTH_MS)
}

const SHORTEST_TICK_MS = 10_000
const SHORT_SCRAPES_TICK_MS = 15_000

/**
 * A scrape; several of them where they are so short that most would hold no event (analysis.md 5.1), or where they are shorter than `leastMs`, when that
 * is given.
 */
export function computeTickMs(scrapeIntervalMs: number, leastMs?: number): number {
  if (leastMs === undefined && scrapeIntervalMs >= SHORTEST_TICK_MS) return scrapeIntervalMs
  return scrapeIntervalMs * Math.max(1, Math.ceil((leastMs ?? SHORT_SCRAPES_TICK_MS) / scrapeIntervalMs))
}
