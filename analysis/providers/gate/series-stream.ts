/**
 * Samples of one query as they come in, look after look: packed columns that only grow at their end, one array of times for all series of a scrape. A
 * stream that has to be read anew holds the same samples, so nothing depends on how many looks they took. It must not fetch or judge.
 */
import { digestText } from '../../domain/gates/digest.ts'
import type { LoggedSeries, SampleLog } from '../../domain/gates/sample-log.ts'
import type { NativeHistogram } from '../../domain/gates/samples.ts'
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
} from '../../domain/stats/packed-numbers.ts'
import { type Classify, createNaming, type Naming, type SeriesIdentity } from './classify.ts'
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
interface Column extends Omit<LoggedSeries, 'times'> {
  times: PackedNumbers
  readonly histograms?: NativeHistogram[]
  /** What it could have been called, and what it counts: one copy of each text, as with the pod. */
  readonly short: string
  readonly full: string
}

/** What the series that are new in an answer share with others. It is made for them, and not kept. */
interface Arrivals {
  readonly naming: Naming
  /** One copy of every text, however many series it is in. */
  readonly intern: (text: string) => string
  /** By pod and first time; a series that misses a scrape gets its own. */
  readonly timelines: Map<string, PackedNumbers>
}

/** Of objects, names and digests, besides the numbers. */
const BYTES_PER_SERIES = 200
const BYTES_PER_BUCKET = 40

export function createSeriesStream(classify: Classify): SeriesStream {
  const store = createNumberStore()
  // Of the labels of all series that were seen, and what became of them, in the order of their arrival.
  const digests: number[] = []
  const columns: (Column | undefined)[] = []
  const log: Column[] = []
  let found = 0
  let readUntil: number | undefined
  let histogramBytes = 0

  /** Answers have series in the same order, so the search begins behind the one that was found last. Undefined for one that is new. */
  function findPlace(digest: number): number | undefined {
    for (let tried = 0; tried < digests.length; tried += 1) {
      const place = (found + 1 + tried) % digests.length
      if (digests[place] !== digest) continue
      found = place
      return place
    }
    return undefined
  }

  /** Undefined for a series of neither version. */
  function columnOf(raw: RawSeries, arrivals: () => Arrivals): Column | undefined {
    const digest = digestText(JSON.stringify(raw.labels))
    const place = findPlace(digest)
    if (place !== undefined) return columns[place]
    const identity = classify(raw.labels, raw.histograms.length > 0)
    const column = identity && createColumn(identity, raw, arrivals())
    if (column) log.push(column)
    digests.push(digest)
    columns.push(column)
    return column
  }

  function createColumn(identity: SeriesIdentity, raw: RawSeries, { naming, timelines, intern }: Arrivals): Column {
    const { arm, role, le, codeless, ...texts } = identity
    const [pod, detail] = [intern(texts.pod), intern(naming(identity))]
    const key = `${pod}\n${raw.times[0] ?? 0}`
    const times = timelines.get(key) ?? addColumn(store)
    timelines.set(key, times)
    const values = addColumn(store)
    const [short, full] = [intern(texts.detail), intern(texts.fullDetail)]
    // Written out, each kind for itself: objects that are spread get a hidden class each in V8, which is larger than they are.
    if (role === 'native') return { arm, pod, role, detail, times, values, short, full, histograms: [] }
    if (le !== undefined) return { arm, pod, role, detail, times, values, short, full, le }
    if (codeless) return { arm, pod, role, detail, times, values, short, full, codeless }
    return { arm, pod, role, detail, times, values, short, full }
  }

  /** Knows the names and texts of all series that there are. */
  function beginArrivals(): Arrivals {
    const naming = createNaming()
    const texts = new Map<string, string>()
    const intern = (text: string): string => {
      const known = texts.get(text)
      if (known === undefined) texts.set(text, text)
      return known ?? text
    }
    for (const { short, full, ...column } of log) {
      naming({ ...column, detail: short, fullDetail: full })
      for (const text of [column.pod, short, full]) intern(text)
    }
    return { naming, intern, timelines: new Map() }
  }

  function append(answer: readonly RawSeries[], until: number): void {
    const read = createNumberReader()
    let arrivals: Arrivals | undefined
    const receive = (): Arrivals => {
      arrivals ??= beginArrivals()
      return arrivals
    }
    for (const raw of answer) {
      const column = columnOf(raw, receive)
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
      return columns.length * BYTES_PER_SERIES + bytesOf(store) + histogramBytes
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
