/**
 * Reads the samples of a gate into ticks, look after look: where samples are kept in a log and all pods are whole, only the scrapes that are new are read, and
 * ticks that nothing can change any more are kept as sums of each arm. Anything out of the ordinary (a lost scrape, a series that is new, a value that is no
 * count, a sample that comes late) is left to the reading of all samples. Both say the same; tests hold one against the other.
 */

import { countRows } from '../stats/number-rows.ts'
import { createNumberReader } from '../stats/packed-numbers.ts'
import type { RawCounter } from './clean-counters.ts'
import { createOpenSlots, dropSlots } from './open-slots.ts'
import { listOpenTicks, type OpenGrid, type OpenTick } from './open-ticks.ts'
import { createPodTrack, followPod, type PodTrack, readStep, type TrackedCounter } from './pod-track.ts'
import { beginPod, CLOCK_AHEAD_MS, renderGaps, type TickOptions, type TickReading } from './read-ticks.ts'
import type { ResumableTicks } from './resume-judge.ts'
import type { LoggedSeries, SampleLog } from './sample-log.ts'
import type { GateSeries } from './samples.ts'
import { chooseInterval } from './scrape-interval.ts'
import { createSettledTicks, listSettled, type SettledTicks, settleTick } from './settled-ticks.ts'
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

interface Standing extends OpenGrid {
  readonly key: string
  readonly log: SampleLog
  readonly pods: readonly PodTrack[]
  readonly scrapeIntervalMs: number
  readonly tickMs: number
  readonly settled: SettledTicks
  /** Of the settled ones. */
  merged: number
  /** The tick after the last one that is settled. */
  base: number
}

export function createTickReader<T>(): TickReader<T> {
  let standing: Standing | undefined

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
  standing: Standing,
  samples: ReadableSamples,
  shape: TickShape<T>,
  options: TickOptions,
): ResumableReading<T> | undefined {
  const { pods, scrapeIntervalMs, tickMs, settled } = standing
  if (!follow(standing, options)) return undefined
  if (options.scrapeIntervalMs === undefined && chooseInterval(stepsOf(pods)) !== scrapeIntervalMs) return undefined
  const open = listOpen(standing, shape, options)
  const reading = {
    scrapeIntervalMs,
    tickMs,
    ticks: [...listSettled(settled, shape), ...open.map(({ tick }) => tick)],
    problems: renderGaps({
      merged: standing.merged + open.filter(({ isMerged }) => isMerged).length,
      gaps: pods.filter(({ hasGap }) => hasGap).map(({ pod }) => pod),
    }),
    settled: countRows(settled),
    whole: () => shape.readAll(samples.series, options).ticks,
  }
  settle(standing, open, shape)
  return reading
}

const stepsOf = (pods: readonly PodTrack[]) => pods.map((track) => ({ arm: track.arm, stepMs: readStep(track) }))

/** Undefined where a pod is not as it should be. */
function begin<T>(
  { scrapeIntervalMs, tickMs }: TickReading<unknown>,
  { series, log }: Required<ReadableSamples>,
  shape: TickShape<T>,
  options: TickOptions & { readonly key: string },
): Standing | undefined {
  const byPod = groupCounters(shape.listCounters(series), new Map(series.map((one, index) => [one, log[index]])))
  if (byPod === undefined) return undefined
  const pods = [...byPod]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(
      ([, counters]) => createPodTrack(counters, (pod, first) => beginPod(pod, first, scrapeIntervalMs, options)) ?? [],
    )
  const standing: Standing = {
    key: options.key,
    log,
    pods,
    slots: createOpenSlots(pods.length, shape.columns),
    scrapeIntervalMs,
    tickMs,
    settled: createSettledTicks(shape),
    merged: 0,
    base: 0,
  }
  if (!follow(standing, options)) return undefined
  settle(standing, listOpen(standing, shape, options), shape)
  return standing
}

/** Takes the scrapes that are new; false where a pod is not as it should be. */
function follow({ pods, slots, base, tickMs }: Standing, { from, now }: TickOptions): boolean {
  const common = { newest: now + CLOCK_AHEAD_MS, grid: { from, tickMs }, base, slots, read: createNumberReader() }
  return pods.every((pod, index) => followPod(pod, { ...common, index }))
}

const listOpen = <T>(standing: Standing, { build }: TickShape<T>, { from, now }: TickOptions): OpenTick<T>[] =>
  listOpenTicks(standing, build, countFinished({ from, now, tickMs: standing.tickMs }) - standing.base)

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

/** Lets go of the pods of ticks that are old enough. */
function settle<T>(standing: Standing, open: readonly OpenTick<T>[], shape: TickShape<T>): void {
  const done = open.slice(0, Math.max(0, open.length - OPEN_TICKS))
  const last = done.at(-1)
  if (last === undefined) return
  for (const { tick, isMerged } of done) {
    settleTick(standing.settled, tick, shape)
    if (isMerged) standing.merged += 1
  }
  dropSlots(standing.slots, last.place + 1)
  standing.base += last.place + 1
}
