/**
 * The same counts as a Prometheus would hold them: counters of single pods, each scraped at a moment of its own, with restarts and missing scrapes.
 * What the gate reads back from them goes through the product's own data contract.
 */
import type { Arm, GateSeries, LatencyTick, SeriesRole } from '../../../analysis/domain/gates/samples.ts'
import type { Tick } from '../../../analysis/domain/stats/ticks.ts'
import { type Signal, START_MS } from './counts.ts'
import type { Noise } from './noise.ts'
import { SCRAPE_SECONDS } from './plan.ts'
import type { Random } from './random.ts'

const SCRAPE_MS = SCRAPE_SECONDS * 1000

/** Time of the scrape that sees all of scrape interval `tick`, for a pod whose turn comes `phaseMs` later. */
const timeOf = (tick: number, phaseMs: number): number => START_MS + (tick + 1) * SCRAPE_MS + phaseMs

/** The number of the scrape interval that ends last before `at`. */
export const tickAt = (at: number): number => Math.floor((at - START_MS) / SCRAPE_MS) - 1

/** One pod's counters: what never falls into two of them is counted once, so that a restart loses of all alike. */
interface PodCounters {
  readonly arm: Arm
  readonly pod: string
  readonly phaseMs: number
  /** Restarts fall on the scrapes whose number has this remainder. */
  readonly restartAt: number
  readonly times: number[]
  /** By scrape, the standing of each counter. */
  readonly standings: (readonly number[])[]
}

/** Pods of one scrape with what each adds to its counters. */
interface Scrape {
  readonly arm: Arm
  readonly pods: readonly { readonly pod: string; readonly added: readonly number[] }[]
}

function isMissed(noise: Noise, tick: number): boolean {
  if (noise.gap === undefined) return false
  const since = (tick * SCRAPE_SECONDS) % noise.gap.everySeconds
  return since >= noise.gap.everySeconds - noise.gap.seconds
}

const scrapesBetweenRestarts = ({ restartSeconds }: Noise): number => (restartSeconds ?? 0) / SCRAPE_SECONDS

function addScrape(counters: PodCounters, tick: number, added: readonly number[], noise: Noise, random: Random): void {
  const every = scrapesBetweenRestarts(noise)
  const isRestart = every > 0 && tick % every === counters.restartAt
  const before = isRestart ? undefined : counters.standings.at(-1)
  const seen = isRestart ? added.map((count) => random.binomial(count, 0.5)) : added
  counters.times.push(timeOf(tick, counters.phaseMs))
  counters.standings.push(seen.map((count, column) => (before?.[column] ?? 0) + count))
}

function openCounters(arm: Arm, pod: string, noise: Noise, random: Random): PodCounters {
  const phaseMs = Math.floor(random.uniform() * SCRAPE_MS)
  const restartAt = Math.floor(random.uniform() * scrapesBetweenRestarts(noise))
  return { arm, pod, phaseMs, restartAt, times: [], standings: [] }
}

/** By pod, from one scrape before the rollout on. `born`: pods that come with it. */
function scrapeAll(
  scrapes: readonly (readonly Scrape[])[],
  born: ReadonlyMap<string, number>,
  noise: Noise,
  random: Random,
): readonly PodCounters[] {
  const byPod = new Map<string, PodCounters>()
  const countersOf = (arm: Arm, pod: string, columns: number): PodCounters => {
    const known = byPod.get(pod)
    if (known) return known
    const opened = openCounters(arm, pod, noise, random)
    byPod.set(pod, opened)
    if (born.has(pod)) return opened
    for (const tick of [-2, -1])
      addScrape(
        opened,
        tick,
        Array.from({ length: columns }, () => 0),
        noise,
        random,
      )
    return opened
  }
  scrapes.forEach((arms, tick) => {
    for (const { arm, pods } of arms)
      for (const { pod, added } of pods) addScrape(countersOf(arm, pod, added.length), tick, added, noise, random)
  })
  return [...byPod.values()]
}

/** The scrapes that were not missed: counters go on meanwhile. */
function renderSeries(
  { arm, pod, times, standings }: PodCounters,
  noise: Noise,
  counter: { readonly role: SeriesRole; readonly le?: number },
  read: (standing: readonly number[]) => number,
): GateSeries {
  const kept = times.flatMap((time, index) => (isMissed(noise, tickAt(time)) ? [] : [index]))
  return {
    arm,
    pod,
    ...counter,
    times: kept.map((index) => times[index] ?? 0),
    values: kept.map((index) => read(standings[index] ?? [])),
  }
}

/** Series of requests with failures or business events. */
export function scrapeCounts(
  run: { readonly ticks: readonly Tick[]; readonly born: ReadonlyMap<string, number> },
  noise: Noise,
  kind: Signal['kind'],
  random: Random,
): readonly GateSeries[] {
  const scrapes = run.ticks.map(({ canary, stable }) =>
    (
      [
        ['canary', canary],
        ['stable', stable],
      ] as const
    ).map(([arm, pods]) => ({
      arm,
      pods: pods.map(({ pod, bad, total }) => ({ pod, added: [total - bad, bad] })),
    })),
  )
  const good = ([count = 0]: readonly number[]): number => count
  const bad = ([, count = 0]: readonly number[]): number => count
  return scrapeAll(scrapes, run.born, noise, random).flatMap((counters) =>
    kind === 'errors'
      ? [
          renderSeries(counters, noise, { role: 'requests' }, good),
          renderSeries(counters, noise, { role: 'failed' }, bad),
        ]
      : [
          renderSeries(counters, noise, { role: 'requests' }, (standing) => good(standing) + bad(standing)),
          renderSeries(counters, noise, { role: 'events' }, bad),
        ],
  )
}

/** Classic histograms at these edges (seconds, ascending), which are those of the ticks. */
export function scrapeLatencies(
  run: { readonly ticks: readonly LatencyTick[]; readonly born: ReadonlyMap<string, number> },
  edges: readonly number[],
  noise: Noise,
  random: Random,
): readonly GateSeries[] {
  const scrapes = run.ticks.map(({ canary, stable }) =>
    (
      [
        ['canary', canary],
        ['stable', stable],
      ] as const
    ).map(([arm, pods]) => ({
      arm,
      pods: pods.map(({ pod, total, slower }) => ({
        pod,
        added: [total, ...slower].map((count, edge) => count - (slower[edge] ?? 0)),
      })),
    })),
  )
  const upTo = (edge: number) => (standing: readonly number[]) =>
    standing.reduce((sum, count, column) => (column <= edge ? sum + count : sum), 0)
  return scrapeAll(scrapes, run.born, noise, random).flatMap((counters) =>
    [...edges, Number.POSITIVE_INFINITY].map((le, edge) =>
      renderSeries(counters, noise, { role: 'bucket', le }, upTo(edge)),
    ),
  )
}
