/**
 * One pod as the scrapes come in: what its counters added, in ticks, without reading again what was read before. Only for a pod of which nothing is missing
 * and nothing is wrong; as soon as that is not so any more, the track ends, and whoever follows it reads the pod anew (`read-ticks.ts`, whose rules these are).
 */
import type { Counter } from './clean-counters.ts'
import { fallsLikeSawtooth, isCount } from './clean-counters.ts'
import { lengthOf, readNumbers } from './packed-numbers.ts'
import type { LoggedSeries } from './sample-log.ts'
import type { Arm } from './samples.ts'
import { estimateStep, SAMPLES_READ } from './scrape-interval.ts'
import { slotOf } from './tick-grid.ts'

export interface TrackedCounter {
  readonly series: LoggedSeries
  readonly columns: Counter['columns']
}

/** What a pod added within one tick. */
export interface TrackedSlot {
  readonly sums: number[]
  /** First tick that the increments cover. */
  readonly cover: number
  /** Epoch milliseconds. */
  newestAt: number
}

export interface PodTrack {
  readonly arm: Arm
  readonly pod: string
  /** Slots from the grid's base on; undefined: not scraped. */
  readonly slots: (TrackedSlot | undefined)[]
  hasGap: boolean
  /** NaN while it cannot be told. */
  readonly stepMs: () => number
  /** Takes the scrapes that are new, up to `newest` (epoch milliseconds); false when the track ends here. */
  readonly follow: (newest: number, base: number) => boolean
}

export interface TrackOptions {
  readonly arm: Arm
  readonly pod: string
  readonly columns: number
  /** Start and length of ticks, milliseconds. */
  readonly grid: { readonly from: number; readonly tickMs: number }
  /** As `beginPod` has it for the pod's first scrape. */
  readonly begin: (first: number) => {
    readonly isNew: boolean
    readonly countsFrom: number
    readonly firstCounts: boolean
  }
}

interface Followed extends TrackedCounter {
  /** The scrape that shows it first. */
  start: number
  last: number
  falls: number
}

/** `counters`: each with a sample at least. */
export function createPodTrack(counters: readonly TrackedCounter[], options: TrackOptions): PodTrack {
  const { arm, pod, columns, grid } = options
  // Written out, as objects that are spread get a hidden class each in V8, which is larger than they are.
  const followed = counters.map(
    ({ series, columns: counted }): Followed => ({ series, columns: counted, start: -1, last: 0, falls: 0 }),
  )
  // The first of those that have been there from the first scrape on: its times are the pod's.
  const lead = followed.reduce((longest, one) => (countOf(one) > countOf(longest) ? one : longest))
  const slots: (TrackedSlot | undefined)[] = []
  let [scrapes, first, lastAt, lastSlot] = [0, 0, 0, 0]
  let begin: ReturnType<TrackOptions['begin']> | undefined
  let knownStep: number | undefined

  /** Whether each counter has a sample at every new scrape, from its first one on. */
  function areWhole(times: readonly number[]): boolean {
    const all = scrapes + times.length
    return followed.every((counter) => {
      if (counter.start < 0) counter.start = all - countOf(counter)
      if (countOf(counter) !== all - counter.start || lengthOf(counter.series.times) !== countOf(counter)) return false
      if (counter.series.times === lead.series.times) return true
      const own = readNumbers(counter.series.times, Math.max(0, scrapes - counter.start))
      const from = times.length - own.length
      return own.every((time, index) => time === times[from + index])
    })
  }

  function follow(newest: number, base: number): boolean {
    const times = readNumbers(lead.series.times, scrapes)
    if (!areWhole(times)) return false
    const fresh = followed.map(({ series, start }) => readNumbers(series.values, Math.max(0, scrapes - start)))
    for (const [row, time] of times.entries()) {
      if ((scrapes > 0 && time <= lastAt) || time > newest) return false
      const added = addRow(fresh, row - times.length)
      if (added === undefined || !place(added, time, base)) return false
      scrapes += 1
    }
    return !followed.some(({ start, falls }) => fallsLikeSawtooth(falls, scrapes - start))
  }

  /** By column: what the scrape added; undefined for values that are no whole counts. `fromEnd`: its place in the fresh values. */
  function addRow(fresh: readonly (readonly number[])[], fromEnd: number): number[] | undefined {
    const values = fresh.map((own) => own[own.length + fromEnd])
    let change = 0
    for (const [index, counter] of followed.entries()) {
      const value = values[index]
      if (scrapes < counter.start) continue
      if (!isCount(value) || !Number.isInteger(value)) return undefined
      if (scrapes > counter.start) change += value - counter.last
    }
    const sums = Array.from({ length: columns }, () => 0)
    for (const [index, counter] of followed.entries())
      if (scrapes >= counter.start) addCounter(sums, counter, values[index] ?? 0, change < 0)
    return sums
  }

  function addCounter(sums: number[], counter: Followed, value: number, isReset: boolean): void {
    const isFirst = scrapes === counter.start
    const hasFallen = !isFirst && value < counter.last
    const before = isFirst || hasFallen || isReset ? 0 : counter.last
    if (hasFallen) counter.falls += 1
    counter.last = value
    // What is there at the pod's first scrape is new only when the pod is, and `begin` knows that.
    if (scrapes === 0 && !isNewPod()) return
    for (const column of counter.columns) sums[column] = (sums[column] ?? 0) + value - before
  }

  const isNewPod = (): boolean => {
    begin ??= options.begin(readNumbers(lead.series.times)[0] ?? 0)
    return begin.isNew
  }

  /** False for a tick that nobody can change any more. */
  function place(sums: readonly number[], time: number, base: number): boolean {
    if (scrapes === 0) {
      first = time
      lastSlot = slotOf(first, first, grid)
    }
    begin ??= options.begin(first)
    const [before, slot] = [lastSlot, slotOf(time, first, grid)]
    const isCounted = scrapes === 0 ? begin.firstCounts : lastAt >= begin.countsFrom
    lastSlot = slot
    lastAt = time
    if (!isCounted) return true
    if (slot < base) return false
    const known = slots[slot - base]
    while (slots.length <= slot - base) slots.push(undefined)
    slots[slot - base] = {
      sums: known === undefined ? [...sums] : known.sums.map((sum, column) => sum + (sums[column] ?? 0)),
      cover: known?.cover ?? Math.min(before + 1, slot),
      newestAt: time,
    }
    if (slot - before > 1) track.hasGap = true
    return true
  }

  function stepMs(): number {
    if (knownStep !== undefined) return knownStep
    const times = followed.map(({ series }) => series.times)
    const told = times.find((one) => lengthOf(one) > 1)
    const step = told === undefined ? Number.NaN : estimateStep([readNumbers(told).slice(0, SAMPLES_READ)])
    if (told !== undefined && lengthOf(told) >= SAMPLES_READ && told === times[0]) knownStep = step
    return step
  }

  const track: PodTrack = { arm, pod, slots, hasGap: false, stepMs, follow }
  return track
}

const countOf = ({ series }: TrackedCounter): number => lengthOf(series.values)
