/**
 * What the counters of one pod added from scrape to scrape, safe against restarts, late series and gaps. It must not group scrapes into ticks.
 *
 *   the first sample of a counter          it counts
 *   at the pod's first scrape, pod is new  from 0: all of it is new
 *   at the pod's first scrape otherwise    as a base only
 *   at a later scrape of the pod           from 0: client libraries export no series before its first event
 *
 *   value against the one before           increment
 *   not lower                              the difference
 *   lower                                  the value: the process started anew (what it had added since the last scrape is lost)
 *   not lower, but the sum of the pod's    the value: all counters of a process start anew together
 *   counters fell at this scrape, or at
 *   one since the sample before
 */
import type { Counter, PodCounters } from './clean-counters.ts'

export interface PodIncrements {
  /** All scrapes of the pod, ascending, epoch milliseconds. */
  readonly times: ArrayLike<number>
  /** Row by row: what each scrape added to each column. Row 0 is filled for a new pod only. */
  readonly sums: Float64Array
}

export interface IncrementOptions {
  readonly columns: number
  /** The pod's counters were at 0 when it was first seen. */
  readonly isNew: boolean
  readonly scrapeIntervalMs: number
}

/** Increments by scrape. Scrapes at which nothing changed are rows of zeros. */
export function computeIncrements(
  pod: PodCounters,
  times: ArrayLike<number>,
  options: IncrementOptions,
): PodIncrements {
  // Most counters have a sample at every scrape, and share one list of rows.
  const all = new Int32Array(times.length)
  for (let row = 0; row < all.length; row += 1) all[row] = row
  const rows = pod.counters.map((counter) =>
    counter.times.length === times.length ? all : listRows(counter.times, times),
  )
  const resets = countResets(pod.counters, rows, times.length)
  const sums = new Float64Array(times.length * options.columns)
  const oldest = rows.find((row) => row[0] === 0) ?? new Int32Array()
  for (const [index, counter] of pod.counters.entries()) {
    const row = rows[index]
    if (row) addIncrements(counter, { row, oldest, times, resets, sums }, options)
  }
  return { times, sums }
}

/** All times of the pod's counters. Usually they are the same, and nothing is copied. */
export function listScrapes(counters: readonly Counter[]): ArrayLike<number> {
  let scrapes: ArrayLike<number> = []
  for (const { times } of counters) {
    if (!isSubset(times, scrapes)) scrapes = isSubset(scrapes, times) ? times : merge(scrapes, times)
  }
  return scrapes
}

function isSubset(some: ArrayLike<number>, all: ArrayLike<number>): boolean {
  if (some === all) return true
  let at = 0
  for (let index = 0; index < some.length; index += 1) {
    const time = some[index] ?? 0
    while (at < all.length && (all[at] ?? 0) < time) at += 1
    if (all[at] !== time) return false
  }
  return true
}

const merge = (one: ArrayLike<number>, other: ArrayLike<number>): number[] =>
  [...new Set([...Array.from(one), ...Array.from(other)])].sort((a, b) => a - b)

/** The row of each sample. */
function listRows(some: ArrayLike<number>, all: ArrayLike<number>): Int32Array {
  const rows = new Int32Array(some.length)
  let at = 0
  for (let index = 0; index < some.length; index += 1) {
    const time = some[index] ?? 0
    while ((all[at] ?? time) < time) at += 1
    rows[index] = at
  }
  return rows
}

/** By row: how often the counters together fell up to it. Only those that have a sample at a row and the one before speak of it. */
function countResets(counters: readonly Counter[], rows: readonly Int32Array[], length: number): Int32Array {
  const change = new Float64Array(length)
  for (const [index, { values }] of counters.entries()) {
    const row = rows[index] ?? new Int32Array()
    for (let sample = 1; sample < values.length; sample += 1) {
      const at = row[sample] ?? 0
      if (at - (row[sample - 1] ?? 0) !== 1) continue
      change[at] = (change[at] ?? 0) + (values[sample] ?? 0) - (values[sample - 1] ?? 0)
    }
  }
  const resets = new Int32Array(length)
  for (let row = 1; row < length; row += 1) resets[row] = (resets[row - 1] ?? 0) + ((change[row] ?? 0) < 0 ? 1 : 0)
  return resets
}

interface Rows {
  readonly row: Int32Array
  /** Rows of a counter that was there from the pod's first scrape on. */
  readonly oldest: Int32Array
  readonly times: ArrayLike<number>
  readonly resets: Int32Array
  readonly sums: Float64Array
}

function addIncrements({ values, columns }: Counter, rows: Rows, options: IncrementOptions): void {
  const { row, resets, sums } = rows
  for (let sample = startsAtZero(rows, options) ? 0 : 1; sample < values.length; sample += 1) {
    const at = row[sample] ?? 0
    const value = values[sample] ?? 0
    const before = sample === 0 ? 0 : (values[sample - 1] ?? 0)
    const isReset = value < before || resets[at] !== resets[row[sample - 1] ?? at]
    const increment = isReset ? value : value - before
    if (increment === 0) continue
    for (const column of columns) {
      const cell = at * options.columns + column
      sums[cell] = (sums[cell] ?? 0) + increment
    }
  }
}

/**
 * Whether a counter's first sample is all new. One that appears at a scrape of an older one was not there before. One that appears at a time of
 * its own may belong to another target of the pod, which would have been seen within one and a half intervals.
 */
function startsAtZero({ row, oldest, times }: Rows, { isNew, scrapeIntervalMs }: IncrementOptions): boolean {
  const first = row[0] ?? 0
  if (first === 0 || isNew) return isNew
  return oldest.includes(first) || (times[first] ?? 0) - (times[0] ?? 0) > LATE_INTERVALS * scrapeIntervalMs
}

const LATE_INTERVALS = 1.5
