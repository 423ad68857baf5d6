/**
 * One pod as the scrapes come in: what its counters added, in ticks, without reading again what was read before. Only for a pod of which nothing is missing
 * and nothing is wrong; as soon as that is not so any more, the track ends, and whoever follows it reads the pod anew (`read-ticks.ts`, whose rules these are).
 */
import type { Counter } from './clean-counters.ts'
import { fallsLikeSawtooth, isCount } from './clean-counters.ts'
import { addToSlot, type OpenSlots } from './open-slots.ts'
import { lengthOf, readNumbers } from './packed-numbers.ts'
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
}

/** Takes the scrapes that are new; false when the track ends here. */
export function followPod(track: PodTrack, following: Following): boolean {
  const { counters, lead } = track
  const times = readNumbers(lead.times, track.scrapes)
  if (!areWhole(track, times)) return false
  const fresh = counters.map(({ series, start }) => readNumbers(series.values, Math.max(0, track.scrapes - start)))
  for (const [row, time] of times.entries()) {
    if ((track.scrapes > 0 && time <= track.lastAt) || time > following.newest) return false
    const values = fresh.map((own) => own[own.length + row - times.length])
    const sums = addRow(track, values, following.slots.columns)
    if (sums === undefined || !place(track, sums, time, following)) return false
    track.scrapes += 1
  }
  return !counters.some(({ start, falls }) => fallsLikeSawtooth(falls, track.scrapes - start))
}

/** Whether each counter has a sample at every new scrape, from its first one on. */
function areWhole({ counters, lead, scrapes }: PodTrack, times: readonly number[]): boolean {
  const all = scrapes + times.length
  return counters.every(({ series, start }) => {
    if (countOf(series) !== all - start || lengthOf(series.times) !== countOf(series)) return false
    if (series.times === lead.times) return true
    const own = readNumbers(series.times, Math.max(0, scrapes - start))
    const from = times.length - own.length
    return own.every((time, index) => time === times[from + index])
  })
}

/** By column: what the scrape added; undefined for values that are no whole counts. */
function addRow(track: PodTrack, values: readonly (number | undefined)[], columns: number): number[] | undefined {
  const { counters, scrapes } = track
  let change = 0
  for (const [index, counter] of counters.entries()) {
    const value = values[index]
    if (scrapes < counter.start) continue
    if (!isCount(value) || !Number.isInteger(value)) return undefined
    if (scrapes > counter.start) change += value - counter.last
  }
  const sums = Array.from({ length: columns }, () => 0)
  for (const [index, counter] of counters.entries())
    if (scrapes >= counter.start) addCounter(sums, counter, values[index] ?? 0, track, change < 0)
  return sums
}

function addCounter(
  sums: number[],
  counter: Followed,
  value: number,
  { scrapes, begun }: PodTrack,
  isReset: boolean,
): void {
  const isFirst = scrapes === counter.start
  const hasFallen = !isFirst && value < counter.last
  const before = isFirst || hasFallen || isReset ? 0 : counter.last
  if (hasFallen) counter.falls += 1
  counter.last = value
  // What is there at the pod's first scrape is new only when the pod is.
  if (scrapes === 0 && !begun.isNew) return
  for (const column of counter.columns) sums[column] = (sums[column] ?? 0) + value - before
}

/** False for a tick that nobody can change any more. */
function place(track: PodTrack, sums: readonly number[], at: number, following: Following): boolean {
  const { begun, first, scrapes } = track
  const { grid, base, slots, index } = following
  const slot = slotOf(at, first, grid)
  const before = scrapes === 0 ? slot : track.lastSlot
  const isCounted = scrapes === 0 ? begun.firstCounts : track.lastAt >= begun.countsFrom
  track.lastSlot = slot
  track.lastAt = at
  if (!isCounted) return true
  if (slot < base) return false
  addToSlot(slots, slot - base, index, { sums, cover: Math.min(before + 1, slot), at })
  if (slot - before > 1) track.hasGap = true
  return true
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
