/**
 * The same counts as a Prometheus would hold them: counters of single pods, each scraped at a moment of its own, with restarts and missing scrapes.
 * What the gate reads back from them goes through the product's own data contract.
 */
import type { Arm, GateSeries, SeriesRole } from '../../../analysis/domain/gates/samples.ts'
import type { PodCount } from '../../../analysis/domain/stats/ticks.ts'
import { type CountRun, type Signal, START_MS } from './counts.ts'
import type { Noise } from './noise.ts'
import { SCRAPE_SECONDS } from './plan.ts'
import type { Random } from './random.ts'

const SCRAPE_MS = SCRAPE_SECONDS * 1000

/** Time of the scrape that sees all of scrape interval `tick`, for a pod whose turn comes `phaseMs` later. */
const timeOf = (tick: number, phaseMs: number): number => START_MS + (tick + 1) * SCRAPE_MS + phaseMs

/** The number of the scrape interval that ends last before `at`. */
export const tickAt = (at: number): number => Math.floor((at - START_MS) / SCRAPE_MS) - 1

interface PodCounters {
  readonly arm: Arm
  readonly pod: string
  readonly phaseMs: number
  /** Restarts fall on the scrapes whose number has this remainder. */
  readonly restartAt: number
  readonly times: number[]
  readonly bad: number[]
  readonly good: number[]
}

const isMissed = (noise: Noise, tick: number): boolean => {
  if (noise.gap === undefined) return false
  const since = (tick * SCRAPE_SECONDS) % noise.gap.everySeconds
  return since >= noise.gap.everySeconds - noise.gap.seconds
}

function addScrape(counters: PodCounters, tick: number, count: PodCount, noise: Noise, random: Random): void {
  const every = (noise.restartSeconds ?? 0) / SCRAPE_SECONDS
  const isRestart = every > 0 && tick % every === counters.restartAt
  const { bad, good } = counters
  const seenBad = isRestart ? random.binomial(count.bad, 0.5) : count.bad
  const seenGood = isRestart ? random.binomial(count.total - count.bad, 0.5) : count.total - count.bad
  counters.times.push(timeOf(tick, counters.phaseMs))
  bad.push((isRestart ? 0 : (bad.at(-1) ?? 0)) + seenBad)
  good.push((isRestart ? 0 : (good.at(-1) ?? 0)) + seenGood)
}

function openCounters(arm: Arm, pod: string, noise: Noise, random: Random): PodCounters {
  const phaseMs = Math.floor(random.uniform() * SCRAPE_MS)
  const every = (noise.restartSeconds ?? 0) / SCRAPE_SECONDS
  const restartAt = Math.floor(random.uniform() * every)
  return { arm, pod, phaseMs, restartAt, times: [], bad: [], good: [] }
}

/** A scrape is kept only if it was not missed: counters go on meanwhile. */
function renderSeries(counters: PodCounters, role: SeriesRole, values: readonly number[], noise: Noise): GateSeries {
  const kept = counters.times.map((time) => !isMissed(noise, tickAt(time)))
  return {
    arm: counters.arm,
    pod: counters.pod,
    role,
    times: counters.times.filter((_, index) => kept[index]),
    values: values.filter((_, index) => kept[index]),
  }
}

/** Series of all pods of both arms, from one scrape before the rollout on. */
export function scrapeCounts(run: CountRun, noise: Noise, kind: Signal['kind'], random: Random): readonly GateSeries[] {
  const byPod = new Map<string, PodCounters>()
  const countersOf = (arm: Arm, pod: string): PodCounters => {
    const known = byPod.get(pod)
    if (known) return known
    const opened = openCounters(arm, pod, noise, random)
    byPod.set(pod, opened)
    if (run.born.has(pod)) return opened
    for (const tick of [-2, -1]) addScrape(opened, tick, { pod, bad: 0, total: 0 }, noise, random)
    return opened
  }
  run.ticks.forEach(({ canary, stable }, tick) => {
    for (const count of canary) addScrape(countersOf('canary', count.pod), tick, count, noise, random)
    for (const count of stable) addScrape(countersOf('stable', count.pod), tick, count, noise, random)
  })
  return [...byPod.values()].flatMap((counters) => {
    const all = counters.good.map((value, index) => value + (counters.bad[index] ?? 0))
    return kind === 'errors'
      ? [
          renderSeries(counters, 'requests', counters.good, noise),
          renderSeries(counters, 'failed', counters.bad, noise),
        ]
      : [renderSeries(counters, 'requests', all, noise), renderSeries(counters, 'events', counters.bad, noise)]
  })
}
