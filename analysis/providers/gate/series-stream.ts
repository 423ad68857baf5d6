/**
 * Samples of one query as they come in, look after look: packed columns that only grow at their end, one array of times for all series of a scrape. A
 * stream that has to be read anew holds the same samples, so nothing depends on how many looks they took. It must not fetch or judge.
 */
import { digestText } from '../../domain/gates/digest.ts'
import {
  bytesOf,
  copyNumbers,
  createPackedNumbers,
  lengthOf,
  newestOf,
  type PackedNumbers,
  pushNumber,
  readNumbers,
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

interface Column {
  readonly series: Mutable<LoggedSeries>
  readonly histograms: NativeHistogram[] | undefined
}
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const BYTES_PER_SERIES = 250
const BYTES_PER_BUCKET = 40

export function createSeriesStream(classify: Classify): SeriesStream {
  // By what tells their labels.
  const columns = new Map<number, Column | undefined>()
  const nameDetail = createNaming()
  // By pod and first time: what several series share; one that misses a scrape gets its own.
  const timelines = new Map<string, PackedNumbers>()
  const names = new Map<string, string>()
  const log: LoggedSeries[] = []
  let readUntil: number | undefined
  let bytes = 0

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
    const column = identity && addColumn(identity, raw)
    columns.set(key, column)
    bytes += BYTES_PER_SERIES
    return column
  }

  function addColumn(identity: SeriesIdentity, raw: RawSeries): Column {
    const { fullDetail: _all, ...shown } = identity
    const pod = intern(identity.pod)
    const histograms: NativeHistogram[] | undefined = identity.role === 'native' ? [] : undefined
    const series: Mutable<LoggedSeries> = {
      ...shown,
      pod,
      detail: intern(nameDetail(identity)),
      times: timelineOf(`${pod}\n${raw.times[0] ?? 0}`),
      values: createPackedNumbers(),
      ...(histograms === undefined ? {} : { histograms }),
    }
    log.push(series)
    return { series, histograms }
  }

  function timelineOf(key: string): PackedNumbers {
    const known = timelines.get(key)
    if (known) return known
    const made = createPackedNumbers()
    timelines.set(key, made)
    return made
  }

  function append(answer: readonly RawSeries[], until: number): void {
    for (const raw of answer) {
      const column = columnOf(raw)
      if (column) bytes += appendSamples(column, raw)
    }
    for (const column of columns.values())
      if (column && lengthOf(column.series.times) !== countOf(column)) ownTimes(column)
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
      return bytes
    },
  }
}

const countOf = ({ histograms, series }: Column): number => histograms?.length ?? lengthOf(series.values)

/** The bytes that were added. */
function appendSamples(column: Column, raw: RawSeries): number {
  const { histograms, series } = column
  // A series that changed its kind starts another one.
  if ((histograms !== undefined) !== raw.histograms.length > 0) return 0
  const before = histograms === undefined ? bytesOf(series.values) : 0
  const start = countOf(column)
  // From the newest sample on: what others that share the times have more.
  const known = readNumbers(series.times, Math.max(0, start - 1))
  if (start === 0) known.unshift(Number.NEGATIVE_INFINITY)
  let last = known[0] ?? Number.NEGATIVE_INFINITY
  let bytes = 0
  for (let index = 0; index < raw.times.length; index += 1) {
    const time = raw.times[index] ?? 0
    if (time <= last) continue
    last = time
    takeTime(column, time, known[countOf(column) - start + 1])
    const histogram = raw.histograms[index]
    if (histograms && histogram) histograms.push(histogram)
    else pushNumber(series.values, raw.values[index] ?? Number.NaN)
    bytes += histograms ? BYTES_PER_BUCKET * (2 + (histogram?.buckets.length ?? 0)) : 0
  }
  return bytes + (histograms === undefined ? bytesOf(series.values) - before : 0)
}

/** Puts a time at the place of the sample that is about to be added; `known`: what the shared times have there. */
function takeTime(column: Column, time: number, known: number | undefined): void {
  const isShared = countOf(column) < lengthOf(column.series.times)
  if (isShared && known === time) return
  if (isShared) ownTimes(column)
  pushNumber(column.series.times, time)
}

/** Leaves the shared times, which others have more or other ones of. */
function ownTimes(column: Column): void {
  column.series.times = copyNumbers(column.series.times, countOf(column))
}
