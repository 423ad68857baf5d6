/**
 * Samples of one query as they come in, look after look: packed columns that only grow at their end, one array of times for all series of a scrape. A
 * stream that has to be read anew holds the same samples, so nothing depends on how many looks they took. It must not fetch or judge.
 */
import type { GateSeries, NativeHistogram } from '../../domain/gates/samples.ts'
import type { Classify, SeriesIdentity } from './classify.ts'
import type { RawSeries } from './matrix.ts'

export interface SeriesStream {
  /** Grows in place; by arrival. */
  readonly series: readonly GateSeries[]
  /** Epoch milliseconds up to which samples were asked for; undefined before the first answer. */
  readonly readUntil: number | undefined
  /** Time of the newest sample, epoch milliseconds. */
  readonly newest: number | undefined
  /** Adds what is newer than what is there. */
  append(answer: readonly RawSeries[], readUntil: number): void
  /** Roughly, in memory. */
  readonly bytes: number
}

/** Times that several series share; one that misses a scrape gets its own. */
interface Timeline {
  times: number[]
}

interface Column {
  readonly identity: SeriesIdentity
  timeline: Timeline
  readonly values: number[]
  readonly histograms: NativeHistogram[]
  readonly out: Mutable<GateSeries>
}
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const BYTES_PER_SERIES = 600
const BYTES_PER_BUCKET = 40

export function createSeriesStream(classify: Classify): SeriesStream {
  const columns = new Map<string, Column | undefined>()
  const timelines = new Map<string, Timeline>()
  const details = new Map<string, string>()
  const series: GateSeries[] = []
  let readUntil: number | undefined
  let bytes = 0

  /** Undefined for a series of neither version. */
  function columnOf(raw: RawSeries): Column | undefined {
    const key = JSON.stringify(raw.labels)
    if (columns.has(key)) return columns.get(key)
    const identity = classify(raw.labels, raw.histograms.length > 0)
    const column = identity && addColumn(identity, raw)
    columns.set(key, column)
    bytes += BYTES_PER_SERIES
    return column
  }

  function addColumn(identity: SeriesIdentity, raw: RawSeries): Column {
    const timeline = timelineOf(`${identity.pod}\n${raw.times[0] ?? 0}`)
    const values: number[] = []
    const histograms: NativeHistogram[] = []
    const { fullDetail: _all, ...shown } = identity
    const out: Mutable<GateSeries> = { ...shown, detail: nameDetail(identity), times: timeline.times, values }
    if (identity.role === 'native') out.histograms = histograms
    series.push(out)
    return { identity, timeline, values, histograms, out }
  }

  function timelineOf(key: string): Timeline {
    const known = timelines.get(key)
    if (known) return known
    const made: Timeline = { times: [] }
    timelines.set(key, made)
    return made
  }

  /** Short, unless that is the name of another counter of the pod already. */
  function nameDetail({ arm, pod, role, le, detail, fullDetail }: SeriesIdentity): string {
    const key = `${arm}\n${pod}\n${role}\n${le ?? ''}\n${detail}`
    const owner = details.get(key)
    if (owner === undefined) details.set(key, fullDetail)
    return owner === undefined || owner === fullDetail ? detail : fullDetail
  }

  function append(answer: readonly RawSeries[], until: number): void {
    for (const raw of answer) {
      const column = columnOf(raw)
      if (column) bytes += appendSamples(column, raw)
    }
    for (const column of columns.values())
      if (column && column.timeline.times.length !== lengthOf(column)) ownTimes(column)
    readUntil = until
  }

  return {
    series,
    append,
    get readUntil() {
      return readUntil
    },
    get newest() {
      let newest: number | undefined
      for (const { times } of series) newest = Math.max(newest ?? 0, times.at(-1) ?? 0)
      return newest
    },
    get bytes() {
      return bytes
    },
  }
}

const isNative = ({ identity }: Column): boolean => identity.role === 'native'
const lengthOf = (column: Column): number => (isNative(column) ? column.histograms : column.values).length

/** The bytes that were added. */
function appendSamples(column: Column, raw: RawSeries): number {
  const isHistogram = isNative(column)
  // A series that changed its kind starts another one.
  if (isHistogram !== raw.histograms.length > 0) return 0
  let last = lengthOf(column) === 0 ? Number.NEGATIVE_INFINITY : (column.timeline.times[lengthOf(column) - 1] ?? 0)
  let bytes = 0
  for (let index = 0; index < raw.times.length; index += 1) {
    const time = raw.times[index] ?? 0
    if (time <= last) continue
    last = time
    takeTime(column, time)
    const histogram = raw.histograms[index]
    if (isHistogram && histogram) column.histograms.push(histogram)
    else column.values.push(raw.values[index] ?? Number.NaN)
    bytes += isHistogram ? BYTES_PER_BUCKET * (2 + (histogram?.buckets.length ?? 0)) : 12
  }
  return bytes
}

/** Puts a time at the place of the sample that is about to be added. */
function takeTime(column: Column, time: number): void {
  const at = lengthOf(column)
  if (column.timeline.times[at] === time) return
  if (column.timeline.times.length > at) ownTimes(column)
  column.timeline.times.push(time)
}

/** Leaves the shared times, which others have more or other ones of. */
function ownTimes(column: Column): void {
  column.timeline = { times: column.timeline.times.slice(0, lengthOf(column)) }
  column.out.times = column.timeline.times
}
