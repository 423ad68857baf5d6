/**
 * Samples of one query as they come in, look after look: packed columns that only grow at their end, one array of times for all series of a scrape. A
 * stream that has to be read anew holds the same samples, so nothing depends on how many looks they took. It must not fetch or judge.
 */
import { digestText } from '../../domain/gates/digest.ts'
import {
  addColumn,
  bytesOf,
  copyNumbers,
  createNumberReader,
  createNumberStore,
  lengthOf,
  newestOf,
  type PackedNumbers,
  pushNumber,
  type ReadNumber,
} from '../../domain/gates/packed-numbers.ts'
import type { LoggedSeries, SampleLog } from '../../domain/gates/sample-log.ts'
import type { NativeHistogram } from '../../domain/gates/samples.ts'
import { type Classify, createNaming, type SeriesIdentity } from './classify.ts'
import type { RawSeries } from './matrix.ts'

export interface SeriesStream {
  /** Grows in place; by arrival. */
  readonly log: SampleLog
  /** Epoch milliseconds up to which samples were asked for; undefined before the first answer. */
  readonly readUntil: number | undefined
  /** Time of the newest sample, epoch milliseconds. */
  readonly newest: number | undefined
  /** Adds what is newer than what is there. */
  append(answer: readonly RawSeries[], readUntil: number): void
  /** Roughly, in memory. */
  readonly bytes: number
}

/** A series of the log, as it grows. */
type Column = { -readonly [Key in keyof LoggedSeries]: LoggedSeries[Key] } & { histograms?: NativeHistogram[] }

/** Of objects, names and digests, besides the numbers. */
const BYTES_PER_SERIES = 350
const BYTES_PER_BUCKET = 40

export function createSeriesStream(classify: Classify): SeriesStream {
  const store = createNumberStore()
  // By what tells their labels.
  const columns = new Map<number, Column | undefined>()
  const nameDetail = createNaming()
  // By pod and first time: what several series share; one that misses a scrape gets its own.
  const timelines = new Map<string, PackedNumbers>()
  const names = new Map<string, string>()
  const log: Column[] = []
  let readUntil: number | undefined
  let histogramBytes = 0

  /** One copy of every text, however many answers it was in. */
  function intern(name: string): string {
    const known = names.get(name)
    if (known === undefined) names.set(name, name)
    return known ?? name
  }

  /** Undefined for a series of neither version. */
  function columnOf(raw: RawSeries): Column | undefined {
    const key = digestText(JSON.stringify(raw.labels))
    if (columns.has(key)) return columns.get(key)
    const identity = classify(raw.labels, raw.histograms.length > 0)
    const column = identity && createColumn(identity, raw)
    if (column) log.push(column)
    columns.set(key, column)
    return column
  }

  /** Written out: objects that are spread get a hidden class each in V8, which is larger than they are. */
  function createColumn(identity: SeriesIdentity, raw: RawSeries): Column {
    const pod = intern(identity.pod)
    const column: Column = {
      arm: identity.arm,
      pod,
      role: identity.role,
      detail: intern(nameDetail(identity)),
      times: timelineOf(`${pod}\n${raw.times[0] ?? 0}`),
      values: addColumn(store),
    }
    if (identity.le !== undefined) column.le = identity.le
    if (identity.codeless !== undefined) column.codeless = identity.codeless
    if (identity.role === 'native') column.histograms = []
    return column
  }

  function timelineOf(key: string): PackedNumbers {
    const known = timelines.get(key)
    if (known) return known
    const made = addColumn(store)
    timelines.set(key, made)
    return made
  }

  function append(answer: readonly RawSeries[], until: number): void {
    const read = createNumberReader()
    for (const raw of answer) {
      const column = columnOf(raw)
      if (column) histogramBytes += appendSamples(column, raw, read)
    }
    for (const column of log) if (lengthOf(column.times) !== countOf(column)) ownTimes(column)
    readUntil = until
  }

  return {
    log,
    append,
    get readUntil() {
      return readUntil
    },
    get newest() {
      let newest: number | undefined
      for (const { times } of log) newest = Math.max(newest ?? 0, newestOf(times) ?? 0)
      return newest
    },
    get bytes() {
      return columns.size * BYTES_PER_SERIES + bytesOf(store) + histogramBytes
    },
  }
}

const countOf = ({ histograms, values }: Column): number => histograms?.length ?? lengthOf(values)

/** The bytes that its histograms take. */
function appendSamples(column: Column, raw: RawSeries, read: ReadNumber): number {
  const { histograms } = column
  // A series that changed its kind starts another one.
  if ((histograms !== undefined) !== raw.histograms.length > 0) return 0
  let last = countOf(column) === 0 ? Number.NEGATIVE_INFINITY : (read(column.times, countOf(column) - 1) ?? 0)
  let bytes = 0
  for (let index = 0; index < raw.times.length; index += 1) {
    const time = raw.times[index] ?? 0
    if (time <= last) continue
    last = time
    takeTime(column, time, read)
    const histogram = raw.histograms[index]
    if (histograms && histogram) histograms.push(histogram)
    else pushNumber(column.values, raw.values[index] ?? Number.NaN)
    bytes += histograms ? BYTES_PER_BUCKET * (2 + (histogram?.buckets.length ?? 0)) : 0
  }
  return bytes
}

/** Puts a time at the place of the sample that is about to be added, where the shared times may have it already. */
function takeTime(column: Column, time: number, read: ReadNumber): void {
  const isShared = countOf(column) < lengthOf(column.times)
  if (isShared && read(column.times, countOf(column)) === time) return
  if (isShared) ownTimes(column)
  pushNumber(column.times, time)
}

/** Leaves the shared times, which others have more or other ones of. */
function ownTimes(column: Column): void {
  column.times = copyNumbers(column.times, countOf(column))
}
