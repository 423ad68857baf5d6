/**
 * Reads the samples of a gate into ticks, look after look: where samples are kept in a log and all pods are whole, only the scrapes that are new are read, and
 * ticks that nothing can change any more are kept as sums of each arm. Anything out of the ordinary (a lost scrape, a series that is new, a value that is no
 * count, a sample that comes late) is left to the reading of all samples. Both say the same; tests hold one against the other.
 */

import type { RawCounter } from './clean-counters.ts'
import { createPodTrack, type PodTrack, type TrackedCounter, type TrackedSlot } from './pod-track.ts'
import { beginPod, CLOCK_AHEAD_MS, renderGaps, type TickOptions, type TickReading } from './read-ticks.ts'
import type { ResumableTicks } from './resume-judge.ts'
import type { LoggedSeries, SampleLog } from './sample-log.ts'
import type { GateSeries } from './samples.ts'
import { chooseInterval } from './scrape-interval.ts'
import { countFinished, type GridTick } from './tick-grid.ts'
import type { TickShape } from './tick-shape.ts'

export interface ReadableSamples {
  readonly series: readonly GateSeries[]
  /** Of the same series in the same order. */
  readonly log?: SampleLog
}

export type ResumableReading<T> = TickReading<GridTick<T>> & ResumableTicks<GridTick<T>>

export type TickReader<T> = (samples: ReadableSamples, shape: TickShape<T>, options: TickOptions) => ResumableReading<T>

/** Ticks of which scrapes may still be missing, besides those that are not over. */
const OPEN_TICKS = 3

interface Standing<T> {
  readonly key: string
  readonly log: SampleLog
  readonly pods: readonly PodTrack[]
  readonly scrapeIntervalMs: number
  readonly tickMs: number
  readonly settled: GridTick<T>[]
  /** Of the settled ones. */
  merged: number
  /** The tick after the last one that is settled. */
  base: number
}

export function createTickReader<T>(): TickReader<T> {
  let standing: Standing<T> | undefined

  return (samples, shape, options) => {
    const before = standing
    standing = undefined
    const { log } = samples
    const key = JSON.stringify([shape.key, { ...options, now: 0 }])
    if (before !== undefined && log !== undefined && before.key === key && isSameLog(before.log, log)) {
      const reading = goOn(before, samples, shape, options)
      if (reading !== undefined) {
        standing = before
        return reading
      }
    }
    const all = shape.readAll(samples.series, options)
    if (log !== undefined && options.readyAt === undefined && isOrdinary(all))
      standing = begin(all, { series: samples.series, log }, shape, { ...options, key })
    return { ...all, settled: 0, whole: () => all.ticks }
  }
}

const isSameLog = (one: SampleLog, other: SampleLog): boolean =>
  one.length === other.length && one.every((series, index) => series === other[index])

const isOrdinary = ({ problems }: TickReading<unknown>): boolean =>
  problems.every(({ reason }) => reason === 'ScrapeGaps')

/** Undefined where all samples have to be read. */
function goOn<T>(
  standing: Standing<T>,
  samples: ReadableSamples,
  shape: TickShape<T>,
  options: TickOptions,
): ResumableReading<T> | undefined {
  const { pods, scrapeIntervalMs, tickMs, settled } = standing
  if (!pods.every((pod) => pod.follow(options.now + CLOCK_AHEAD_MS, standing.base))) return undefined
  if (options.scrapeIntervalMs === undefined && chooseInterval(stepsOf(pods)) !== scrapeIntervalMs) return undefined
  const open = emit(standing, shape, options)
  const reading = {
    scrapeIntervalMs,
    tickMs,
    ticks: [...settled, ...open.map(({ tick }) => tick)],
    problems: renderGaps({
      merged: standing.merged + open.filter(({ isMerged }) => isMerged).length,
      gaps: pods.filter(({ hasGap }) => hasGap).map(({ pod }) => pod),
    }),
    settled: settled.length,
    whole: () => shape.readAll(samples.series, options).ticks,
  }
  settle(standing, open, shape)
  return reading
}

const stepsOf = (pods: readonly PodTrack[]) => pods.map(({ arm, stepMs }) => ({ arm, stepMs: stepMs() }))

/** Undefined where a pod is not as it should be. */
function begin<T>(
  { scrapeIntervalMs, tickMs }: TickReading<unknown>,
  { series, log }: Required<ReadableSamples>,
  shape: TickShape<T>,
  options: TickOptions & { readonly key: string },
): Standing<T> | undefined {
  const byPod = groupCounters(shape.listCounters(series), new Map(series.map((one, index) => [one, log[index]])))
  if (byPod === undefined) return undefined
  const pods = [...byPod.keys()].sort().flatMap((name): PodTrack[] => {
    const counters = byPod.get(name) ?? []
    const [one] = counters
    if (one === undefined) return []
    const { arm, pod } = one.series
    const beginAt = (first: number) => beginPod({ arm, pod }, first, scrapeIntervalMs, options)
    const grid = { from: options.from, tickMs }
    return [createPodTrack(counters, { arm, pod, columns: shape.columns, grid, begin: beginAt })]
  })
  if (!pods.every((pod) => pod.follow(options.now + CLOCK_AHEAD_MS, 0))) return undefined
  const { key } = options
  const standing: Standing<T> = { key, log, pods, scrapeIntervalMs, tickMs, settled: [], merged: 0, base: 0 }
  settle(standing, emit(standing, shape, options), shape)
  return standing
}

/** By arm and pod. Undefined where a counter is not a series of the log as it is. */
function groupCounters(
  counters: readonly RawCounter[],
  logged: ReadonlyMap<GateSeries, LoggedSeries | undefined>,
): ReadonlyMap<string, TrackedCounter[]> | undefined {
  const byPod = new Map<string, TrackedCounter[]>()
  for (const { series, values, columns } of counters) {
    const own = logged.get(series)
    if (own === undefined || values !== series.values || values.length === 0) return undefined
    const key = `${series.arm}/${series.pod}`
    const known = byPod.get(key) ?? []
    known.push({ series: own, columns })
    byPod.set(key, known)
  }
  return byPod
}

interface OpenTick<T> {
  readonly slot: number
  readonly tick: GridTick<T>
  /** It covers a gap of an arm. */
  readonly isMerged: boolean
}

/** The ticks from the base on, by the rules of `tick-grid.ts`. Changes nothing. */
function emit<T>(
  { pods, base, tickMs }: Standing<T>,
  { build, columns }: TickShape<T>,
  { from, now }: TickOptions,
): OpenTick<T>[] {
  const end = countFinished({ from, now, tickMs }) - base
  const canary = pods.filter(({ arm }) => arm === 'canary')
  const stable = pods.filter(({ arm }) => arm === 'stable')
  const open: OpenTick<T>[] = []
  let waitingSince = 0
  for (let place = 0; place < end; place += 1) {
    if (!isScraped(canary, place) || !isScraped(stable, place)) continue
    const covers = [canary, stable].map((arm) => findCover(arm, waitingSince, place, base))
    const start = Math.max(...covers)
    const read = (arm: readonly PodTrack[]) =>
      arm.flatMap(({ pod, slots }) => merge(pod, slots.slice(start, place + 1)))
    const [canaryPods, stablePods] = [read(canary), read(stable)]
    const at = Math.max(...[...canaryPods, ...stablePods].map(({ newestAt }) => newestAt))
    const make = (found: readonly MergedSlot[]): T[] => found.map(({ pod, sums }) => build(pod, sums, 0))
    open.push({
      slot: base + place,
      tick: { at, canary: make(canaryPods), stable: make(stablePods) },
      isMerged: start < place,
    })
    waitingSince = place + 1
  }
  return open

  function merge(pod: string, slots: readonly (TrackedSlot | undefined)[]): MergedSlot[] {
    const scraped = slots.filter((slot) => slot !== undefined)
    const [only] = scraped
    if (only === undefined) return []
    if (scraped.length === 1) return [{ pod, sums: only.sums, newestAt: only.newestAt }]
    const sums = Array.from({ length: columns }, (_, column) => {
      let sum = 0
      for (const slot of scraped) sum += slot.sums[column] ?? 0
      return sum
    })
    return [{ pod, sums, newestAt: Math.max(...scraped.map(({ newestAt }) => newestAt)) }]
  }
}

interface MergedSlot {
  readonly pod: string
  readonly sums: readonly number[]
  readonly newestAt: number
}

const isScraped = (arm: readonly PodTrack[], place: number): boolean =>
  arm.some(({ slots }) => slots[place] !== undefined)

/** Where the time begins, not before `since`, that an arm's increments up to `place` cover; all from the base on. */
function findCover(arm: readonly PodTrack[], since: number, place: number, base: number): number {
  let start = place
  for (const { slots } of arm)
    for (let at = since; at <= place; at += 1) start = Math.min(start, (slots[at]?.cover ?? base + place) - base)
  return Math.max(start, since)
}

/** Lets go of the pods of ticks that are old enough. */
function settle<T>(standing: Standing<T>, open: readonly OpenTick<T>[], { sum }: TickShape<T>): void {
  const done = open.slice(0, Math.max(0, open.length - OPEN_TICKS))
  const last = done.at(-1)
  if (last === undefined) return
  for (const { tick, isMerged } of done) {
    standing.settled.push({ at: tick.at, canary: [sum(tick.canary)], stable: [sum(tick.stable)] })
    if (isMerged) standing.merged += 1
  }
  for (const { slots } of standing.pods) slots.splice(0, last.slot + 1 - standing.base)
  standing.base = last.slot + 1
}
