/**
 * One pod as the scrapes come in: what its counters added, in ticks, without reading again what was read before. Only for a pod of which nothing is missing
 * and nothing is wrong; as soon as that is not so any more, the track ends, and whoever follows it reads the pod anew (`read-ticks.ts`, whose rules these are).
 */

import { lengthOf, type ReadNumber, readNumbers } from '../stats/packed-numbers.ts'
import type { Counter } from './clean-counters.ts'
import { fallsLikeSawtooth, isCount } from './clean-counters.ts'
import { type OpenSlots, openSlot } from './open-slots.ts'
import type { PodBegin } from './read-ticks.ts'
import type { LoggedSeries } from './sample-log.ts'
import type { Arm } from './samples.ts'
import { estimateStep, SAMPLES_READ } from './scrape-interval.ts'
import { slotOf } from './tick-grid.ts'

export interface TrackedCounter {
  readonly series: LoggedSeries
  readonly columns: Counter['columns']
}

interface Followed extends TrackedCounter {
  /** The scrape that shows it first. */
  readonly start: number
  last: number
  falls: number
}

export interface PodTrack {
  readonly arm: Arm
  readonly pod: string
  readonly counters: readonly Followed[]
  /** One of those that have been there from the first scrape on: its times are the pod's. */
  readonly lead: LoggedSeries
  readonly begun: PodBegin
  /** How many were read. */
  scrapes: number
  first: number
  lastAt: number
  lastSlot: number
  hasGap: boolean
  /** Undefined while more samples may change it. */
  stepMs: number | undefined
}

/** `counters`: each with a sample at least. `beginAt`: for the pod's first scrape. */
export function createPodTrack(
  counters: readonly TrackedCounter[],
  beginAt: (pod: Pick<PodTrack, 'arm' | 'pod'>, first: number) => PodBegin,
): PodTrack | undefined {
  const [one] = counters
  if (one === undefined) return undefined
  const lead = counters.reduce(
    (longest, { series }) => (countOf(series) > countOf(longest) ? series : longest),
    one.series,
  )
  const first = readNumbers(lead.times)[0] ?? 0
  return {
    arm: one.series.arm,
    pod: one.series.pod,
    // Written out, as objects that are spread get a hidden class each in V8, which is larger than they are.
    counters: counters.map(({ series, columns }) => ({
      series,
      columns,
      start: countOf(lead) - countOf(series),
      last: 0,
      falls: 0,
    })),
    lead,
    begun: beginAt(one.series, first),
    scrapes: 0,
    first,
    lastAt: 0,
    lastSlot: 0,
    hasGap: false,
    stepMs: undefined,
  }
}

export interface Following {
  /** Later samples end the track, epoch milliseconds. */
  readonly newest: number
  /** Start and length of ticks, milliseconds. */
  readonly grid: { readonly from: number; readonly tickMs: number }
  /** The tick that open slots begin with. */
  readonly base: number
  readonly slots: OpenSlots
  /** The pod's place among them. */
  readonly index: number
  readonly read: ReadNumber
}

/** Takes the scrapes that are new; false when the track ends here. */
export function followPod(track: PodTrack, following: Following): boolean {
  const { counters, lead } = track
  const { read, newest } = following
  const all = lengthOf(lead.times)
  if (!areWhole(track, all, read)) return false
  for (; track.scrapes < all; track.scrapes += 1) {
    const time = read(lead.times, track.scrapes) ?? Number.NaN
    const isNext = track.scrapes === 0 || time > track.lastAt
    if (!isNext || time > newest || !takeScrape(track, time, following)) return false
  }
  return !counters.some(({ start, falls }) => fallsLikeSawtooth(falls, track.scrapes - start))
}

/** Whether each counter has a sample at every new scrape, from its first one on. */
function areWhole({ counters, lead, scrapes }: PodTrack, all: number, read: ReadNumber): boolean {
  return counters.every(({ series: { times, values }, start }) => {
    if (lengthOf(values) !== all - start || lengthOf(times) !== lengthOf(values)) return false
    if (times === lead.times) return true
    for (let scrape = Math.max(scrapes, start); scrape < all; scrape += 1)
      if (read(times, scrape - start) !== read(lead.times, scrape)) return false
    return true
  })
}

/** False for values that are no whole counts, and for a tick that nobody can change any more. */
function takeScrape(track: PodTrack, at: number, following: Following): boolean {
  const { counters, scrapes } = track
  const { read, slots } = following
  const readValue = ({ series, start }: Followed): number | undefined => read(series.values, scrapes - start)
  let change = 0
  for (const counter of counters) {
    if (scrapes < counter.start) continue
    const value = readValue(counter)
    if (!isCount(value) || !Number.isInteger(value)) return false
    if (scrapes > counter.start) change += value - counter.last
  }
  const cell = placeScrape(track, at, following)
  if (cell === 'closed') return false
  for (const counter of counters) {
    if (scrapes < counter.start) continue
    const added = takeValue(counter, readValue(counter) ?? 0, track, change < 0)
    if (cell !== 'uncounted')
      for (const column of counter.columns) slots.cells[cell + column] = (slots.cells[cell + column] ?? 0) + added
  }
  return true
}

/** What a counter added. */
function takeValue(counter: Followed, value: number, { scrapes, begun }: PodTrack, isReset: boolean): number {
  const isFirst = scrapes === counter.start
  const hasFallen = !isFirst && value < counter.last
  const before = isFirst || hasFallen || isReset ? 0 : counter.last
  if (hasFallen) counter.falls += 1
  counter.last = value
  // What is there at the pod's first scrape is new only when the pod is.
  return scrapes === 0 && !begun.isNew ? 0 : value - before
}

/** Where the increments of a scrape are to be added. */
function placeScrape(track: PodTrack, at: number, following: Following): number | 'uncounted' | 'closed' {
  const { begun, first, scrapes } = track
  const { grid, base, slots, index } = following
  const slot = slotOf(at, first, grid)
  const before = scrapes === 0 ? slot : track.lastSlot
  const isCounted = scrapes === 0 ? begun.firstCounts : track.lastAt >= begun.countsFrom
  track.lastSlot = slot
  track.lastAt = at
  if (!isCounted) return 'uncounted'
  if (slot < base) return 'closed'
  if (slot - before > 1) track.hasGap = true
  return openSlot(slots, slot - base, index, { cover: Math.min(before + 1, slot), at })
}

/** A pod's usual step from scrape to scrape; NaN while it cannot be told. */
export function readStep(track: PodTrack): number {
  if (track.stepMs !== undefined) return track.stepMs
  const times = track.counters.map(({ series }) => series.times)
  const told = times.find((one) => lengthOf(one) > 1)
  const step = told === undefined ? Number.NaN : estimateStep([readNumbers(told).slice(0, SAMPLES_READ)])
  if (told !== undefined && lengthOf(told) >= SAMPLES_READ && told === times[0]) track.stepMs = step
  return step
}

const countOf = ({ values }: LoggedSeries): number => lengthOf(values)
