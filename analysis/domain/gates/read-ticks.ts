/**
 * From raw series to ticks of bad and total counts: the data contract of the gates on errors and on business events. Every look reads the whole
 * window anew, so a verdict survives restarts and can be replayed; samples that are added later change no tick that was already there.
 */
import type { PodCount, Tick } from '../stats/ticks.ts'
import { cleanCounters, type PodCounters, type RawCounter } from './clean-counters.ts'
import { computeIncrements, listScrapes } from './pod-increments.ts'
import { type DataProblem, renderNames } from './problems.ts'
import type { GateSeries } from './samples.ts'
import { computeTickMs, estimateScrapeInterval } from './scrape-interval.ts'
import { type BuildPod, type Grid, type GridTick, groupTicks, type PodRows } from './tick-grid.ts'
import { dropPartialScrapes } from './whole-scrapes.ts'

export interface TickOptions {
  /** Start of the rollout, epoch milliseconds: what was added before does not count. Samples before it are welcome as bases. */
  readonly from: number
  /** Time of this look. */
  readonly now: number
  /** Age of a pod up to which its increments are left out: cold starts are slow and fail. */
  readonly warmupMs?: number
  /** When pods became ready, where it is known. Without it a pod's age counts from its first sample. */
  readonly readyAt?: ReadonlyMap<string, number>
  /** Estimated when absent. */
  readonly scrapeIntervalMs?: number
  /** Length of a tick; from the scrape interval when absent. */
  readonly tickMs?: number
  /** Or so many scrapes as are at least so long. */
  readonly leastTickMs?: number
}

export const DEFAULT_WARMUP_MS = 60_000

export interface TickReading<T> {
  /** Ascending. Empty when a problem is an error. */
  readonly ticks: readonly T[]
  readonly problems: readonly DataProblem[]
  readonly scrapeIntervalMs: number
  readonly tickMs: number
}

const BAD = 0
const TOTAL = 1
export const COLUMNS = 2
const TOTAL_ONLY = [TOTAL]
const BAD_ONLY = [BAD]
const BAD_AND_TOTAL = [BAD, TOTAL]

/**
 * Ticks of the error-rate gate (roles `requests` and `failed`, which counts as a request as well) or of the gate on events (`requests`, `failed`
 * and `events`). Series of other roles are left out.
 */
export function readTicks(series: readonly GateSeries[], options: TickOptions): TickReading<Tick> {
  return readColumns(listCounters(series), buildCount, { columns: COLUMNS, arms: 'both' }, options)
}

/** The same of stable pods alone, for calibration: ticks without canary. `from` and `now` are the ends of the history. */
export function readStableHistory(series: readonly GateSeries[], options: TickOptions): TickReading<Tick> {
  const stable = series.filter(({ arm }) => arm === 'stable')
  return readColumns(listCounters(stable), buildCount, { columns: COLUMNS, arms: 'stable' }, options)
}

/** With events they are what is counted; without, failures are. */
export function listCounters(series: readonly GateSeries[]): RawCounter[] {
  const hasEvents = series.some(({ role }) => role === 'events')
  return series.flatMap((one): RawCounter[] => {
    const { role, values } = one
    if (role === 'requests' || (role === 'failed' && hasEvents)) return [{ series: one, values, columns: TOTAL_ONLY }]
    if (role === 'failed') return [{ series: one, values, columns: BAD_AND_TOTAL }]
    return role === 'events' ? [{ series: one, values, columns: BAD_ONLY }] : []
  })
}

export const buildCount: BuildPod<PodCount> = (pod, sums, offset) => ({
  pod,
  bad: sums[offset + BAD] ?? 0,
  total: sums[offset + TOTAL] ?? 0,
})

export interface ColumnShape {
  readonly columns: number
  readonly arms: 'both' | 'stable'
}

/** Increments by column and tick: what all gates have in common. */
export function readColumns<T>(
  raw: readonly RawCounter[],
  build: BuildPod<T>,
  shape: ColumnShape,
  options: TickOptions,
): TickReading<GridTick<T>> {
  const { pods, problems } = cleanCounters(raw, options.now + CLOCK_AHEAD_MS)
  const scrapeIntervalMs = options.scrapeIntervalMs ?? estimateScrapeInterval(pods)
  const tickMs = options.tickMs ?? computeTickMs(scrapeIntervalMs, options.leastTickMs)
  const reading = { scrapeIntervalMs, tickMs }
  if (problems.some(({ severity }) => severity === 'error')) return { ...reading, ticks: [], problems }
  const whole = pods.map(dropPartialScrapes)
  const rows = whole.map((pod) => readPod(pod, shape.columns, scrapeIntervalMs, options))
  const grid = groupTicks(rows, build, { ...reading, ...shape, from: options.from, now: options.now })
  return { ...reading, ticks: grid.ticks, problems: [...problems, ...renderPartial(pods, whole), ...renderGaps(grid)] }
}

/** Age in scrape intervals up to which a sample speaks of now (analysis.md 2.0). */
export const FRESH_INTERVALS = 1.5
/** How far a clock may be ahead of the look's. */
export const CLOCK_AHEAD_MS = 15_000

/**
 *   pod                                      is new (counts from 0)        warms up from
 *   ready time known                         ready since the rollout began  its ready time
 *   canary, absent at the first scrapes      yes                            its first sample
 *   canary, there from the first scrape on   no                             its first sample
 *   stable, absent at the first scrapes      no (it may have been a gap)    its first sample: arms compare pods of one age
 *   stable, there from the first scrape on   no                             it is warm
 */
export function beginPod(
  pod: Pick<PodCounters, 'arm' | 'pod'>,
  first: number,
  scrapeIntervalMs: number,
  options: TickOptions,
): PodBegin {
  const { from, warmupMs = DEFAULT_WARMUP_MS, readyAt } = options
  const ready = readyAt?.get(pod.pod)
  const cameLater = first > from + FRESH_INTERVALS * scrapeIntervalMs
  const isNew = ready === undefined ? pod.arm === 'canary' && cameLater : ready >= from
  const isWarm = pod.arm === 'stable' && !cameLater
  const warmAt = ready === undefined && isWarm ? from : (ready ?? first) + warmupMs
  return { isNew, countsFrom: Math.max(from, warmAt), firstCounts: isNew && warmupMs === 0 }
}

export interface PodBegin extends Pick<PodRows, 'countsFrom' | 'firstCounts'> {
  /** Its counters were at 0 when it was first seen. */
  readonly isNew: boolean
}

function readPod(pod: PodCounters, columns: number, scrapeIntervalMs: number, options: TickOptions): PodRows {
  const times = listScrapes(pod.counters)
  const { isNew, ...counted } = beginPod(pod, times[0] ?? options.from, scrapeIntervalMs, options)
  const increments = computeIncrements(pod, times, { columns, isNew, scrapeIntervalMs })
  return { arm: pod.arm, pod: pod.pod, ...increments, ...counted }
}

function renderPartial(pods: readonly PodCounters[], whole: readonly PodCounters[]): DataProblem[] {
  const partial = pods.filter((pod, index) => pod !== whole[index]).map(({ pod }) => pod)
  if (partial.length === 0) return []
  return [
    {
      reason: 'PartialScrapes',
      severity: 'note',
      what: `some series of a pod are missing while others go on, and such scrapes were left out: ${renderNames(partial)}`,
      fix: 'look for a store or a remote write that loses samples',
    },
  ]
}

export function renderGaps({ merged, gaps }: Pick<Grid<unknown>, 'merged' | 'gaps'>): DataProblem[] {
  if (gaps.length === 0) return []
  const covered = merged > 0 ? `; ${merged} ticks cover a gap of a whole arm` : ''
  return [
    {
      reason: 'ScrapeGaps',
      severity: 'note',
      what: `scrapes are missing: ${renderNames(gaps)}${covered}`,
      fix: 'look at up and scrape_duration_seconds of these pods',
    },
  ]
}
