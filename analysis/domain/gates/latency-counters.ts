/**
 * From classic and native histograms to counters of requests and of those that were not slower than given bounds. Whether counters were reset is asked
 * later, as of any other. Native histograms are used where all pods have them.
 */
import type { RawCounter } from './clean-counters.ts'
import { type DataProblem, renderNames } from './problems.ts'
import type { GateSeries, NativeHistogram } from './samples.ts'

/** Columns of a counter: all requests, then by bound those not slower than it. */
export const TOTAL = 0
export const columnOf = (bound: number): number => bound + 1

export interface LatencyCounters {
  readonly counters: readonly RawCounter[]
  readonly problems: readonly DataProblem[]
}

/** `bounds`: seconds, ascending, as {@link listBounds} found them or a choice of those. */
export function listLatencyCounters(series: readonly GateSeries[], bounds: readonly number[]): LatencyCounters {
  return usesNative(series)
    ? { counters: series.filter(isNative).flatMap((one) => listNativeCounters(one, bounds)), problems: [] }
    : listClassicCounters(series, bounds)
}

/** The bounds that all histograms have in common: seconds, above 0, finite, ascending. */
export function listBounds(series: readonly GateSeries[]): number[] {
  const sets = usesNative(series)
    ? series.filter(isNative).map(({ histograms = [] }) => listNativeBounds(histograms.at(-1)))
    : [...groupHistograms(series).values()].map(({ buckets }) => buckets.map(({ le = Number.NaN }) => le))
  const known = sets.filter((bounds) => bounds.length > 0)
  const common = usesNative(series) ? withoutSplit(known.flat(), series) : intersect(known)
  return [...new Set(common)].filter((bound) => bound > 0 && Number.isFinite(bound)).sort((one, other) => one - other)
}

const isNative = ({ role }: GateSeries): boolean => role === 'native'

function usesNative(series: readonly GateSeries[]): boolean {
  const native = new Set(series.filter(isNative).map(({ arm, pod }) => `${arm}/${pod}`))
  return native.size > 0 && series.every(({ role, arm, pod }) => role !== 'bucket' || native.has(`${arm}/${pod}`))
}

/** Bounds that are written in different ways, such as 0.1 and 1e-1, are the same number; those of native histograms are computed. */
const SAME = 1e-9
const isAtMost = (one: number, other: number): boolean => one <= other * (1 + SAME)

const intersect = (sets: readonly (readonly number[])[]): readonly number[] => {
  const [first = [], ...others] = sets.map((bounds) => new Set(bounds))
  return [...first].filter((bound) => others.every((bounds) => bounds.has(bound)))
}

interface ClassicHistogram {
  readonly pod: string
  readonly buckets: GateSeries[]
  /** `+Inf` and `_count`, which say the same. */
  readonly infinite: GateSeries[]
  readonly counts: GateSeries[]
}

/** By arm, pod and detail: each histogram has all its buckets, or cannot be read. */
function groupHistograms(series: readonly GateSeries[]): ReadonlyMap<string, ClassicHistogram> {
  const histograms = new Map<string, ClassicHistogram>()
  for (const one of series) {
    const { arm, pod, role, le, detail = '' } = one
    if (role !== 'bucket' && role !== 'requests') continue
    const key = `${arm}/${pod}/${detail}`
    const histogram = histograms.get(key) ?? { pod, buckets: [], infinite: [], counts: [] }
    histograms.set(key, histogram)
    const { buckets, infinite, counts } = histogram
    if (role === 'requests') counts.push(one)
    else if (le === Number.POSITIVE_INFINITY) infinite.push(one)
    else buckets.push(one)
  }
  return histograms
}

function listClassicCounters(series: readonly GateSeries[], bounds: readonly number[]): LatencyCounters {
  const columns = new Map(bounds.map((bound, index) => [bound, [columnOf(index)]]))
  const counters: RawCounter[] = []
  const uncounted = new Set<string>()
  const different = new Set<string>()
  for (const { pod, buckets, infinite, counts } of groupHistograms(series).values()) {
    const read = buckets.flatMap((one): RawCounter[] => {
      const column = columns.get(one.le ?? Number.NaN)
      return column === undefined || one.times.length === 0
        ? []
        : [{ series: one, values: one.values, columns: column }]
    })
    const totals = (infinite.length > 0 ? infinite : counts).filter(({ times }) => times.length > 0)
    if (totals.length === 0) uncounted.add(pod)
    if (read.length < bounds.length) different.add(pod)
    const all = totals.map((one): RawCounter => ({ series: one, values: one.values, columns: [TOTAL] }))
    counters.push(...keepCommonTimes([...all, ...read]))
  }
  return { counters, problems: listBucketProblems(uncounted, different) }
}

/**
 * The counters of one histogram come, start anew and go together: where one of them has no sample it was lost, and without it all requests would read as
 * slower than its bound. What the others have at such a scrape is left out; it comes with the next whole one.
 */
function keepCommonTimes(counters: readonly RawCounter[]): readonly RawCounter[] {
  const [first, ...others] = counters
  if (first === undefined || others.every(({ series }) => haveSameTimes(series, first.series))) return counters
  const seen = new Map<number, number>()
  for (const { series } of counters) for (const time of series.times) seen.set(time, (seen.get(time) ?? 0) + 1)
  return counters.map((counter) => {
    const isKept = (_: number, index: number): boolean =>
      seen.get(counter.series.times[index] ?? Number.NaN) === counters.length
    const values = counter.values.filter(isKept)
    return { ...counter, series: { ...counter.series, times: counter.series.times.filter(isKept), values }, values }
  })
}

const haveSameTimes = ({ times: one }: GateSeries, { times: other }: GateSeries): boolean =>
  one === other || (one.length === other.length && one.every((time, index) => time === other[index]))

function listBucketProblems(uncounted: ReadonlySet<string>, different: ReadonlySet<string>): DataProblem[] {
  const problems: DataProblem[] = []
  if (uncounted.size > 0) {
    problems.push({
      reason: 'CountMissing',
      severity: 'error',
      what: `buckets without a +Inf bucket or a _count: ${renderNames([...uncounted].sort())}`,
      fix: 'select all buckets: no matcher on le, no relabelling that drops +Inf',
    })
  }
  if (different.size > 0) {
    problems.push({
      reason: 'BucketsDiffer',
      severity: 'error',
      what: `buckets that others have are missing: ${renderNames([...different].sort())}`,
      fix: 'give both versions the same buckets, or use native histograms',
    })
  }
  return problems
}

const listNativeBounds = (histogram: NativeHistogram | undefined): number[] =>
  (histogram?.buckets ?? []).flatMap(({ lower, upper }) => [lower, upper])

/** Histograms may differ in resolution: a bound within another one's bucket is none of both. */
function withoutSplit(bounds: readonly number[], series: readonly GateSeries[]): number[] {
  const newest = series.filter(isNative).flatMap(({ histograms = [] }) => histograms.at(-1) ?? [])
  return bounds.filter((bound) => newest.every(({ buckets }) => buckets.every((bucket) => !isWithin(bound, bucket))))
}

const isWithin = (bound: number, { lower, upper }: { readonly lower: number; readonly upper: number }): boolean =>
  !isAtMost(bound, lower) && !isAtMost(upper, bound)

function listNativeCounters(series: GateSeries, bounds: readonly number[]): RawCounter[] {
  const histograms = series.histograms ?? []
  return [
    { series, values: histograms.map(({ count }) => count), columns: [TOTAL] },
    ...bounds.map((bound, index) => ({
      series,
      values: countUpTo(histograms, bound),
      columns: [columnOf(index)],
    })),
  ]
}

/**
 * Requests not slower than the bound, at each scrape. When a histogram lost resolution meanwhile and the bound is now within a bucket, all scrapes are
 * read with the coarse bucket, split evenly on a logarithmic scale: otherwise the counter would jump where the resolution changed.
 */
function countUpTo(histograms: readonly NativeHistogram[], bound: number): number[] {
  let [from, to] = [bound, bound]
  for (const { buckets } of histograms) {
    for (const bucket of buckets) {
      if (!isWithin(bound, bucket)) continue
      from = Math.min(from, bucket.lower)
      to = Math.max(to, bucket.upper)
    }
  }
  const share = from > 0 && from < to ? Math.log(bound / from) / Math.log(to / from) : 1
  return histograms.map(({ count, buckets }) => {
    let [above, within] = [0, 0]
    for (const { lower, upper, count: inBucket } of buckets) {
      if (isAtMost(to, lower)) above += inBucket
      else if (isAtMost(from, lower) && isAtMost(upper, to) && from < to) within += inBucket
    }
    return count - above - within * (1 - share)
  })
}
