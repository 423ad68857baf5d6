/**
 * Samples as they are kept between two looks: packed, and growing at their ends only. What was read of them before need not be read again; whoever needs
 * all of them has them unpacked, the same as if they had just been fetched.
 */
import { newestOf, type PackedNumbers, readNumbers, unpackNumbers } from '../stats/packed-numbers.ts'
import type { GateSeries } from './samples.ts'

/** One counter of one pod. Series that are scraped together share their times. */
export interface LoggedSeries extends Omit<GateSeries, 'times' | 'values'> {
  readonly times: PackedNumbers
  /** Empty for `native`. */
  readonly values: PackedNumbers
}

/** By arrival; more may come at the end. */
export type SampleLog = readonly LoggedSeries[]

export function unpackSeries(log: SampleLog): GateSeries[] {
  const timelines = new Map<PackedNumbers, readonly number[]>()
  return log.map((one) => {
    const times = timelines.get(one.times) ?? readNumbers(one.times)
    timelines.set(one.times, times)
    return withSamples(one, times, readNumbers(one.values))
  })
}

/** With the newest sample of each series, which tells as well as all of them whether there are any, and since when there are none. */
export function keepNewest(log: SampleLog): GateSeries[] {
  return log.map((one) => {
    const { times, values, histograms } = one
    const [time, value] = [newestOf(times), newestOf(values)]
    const isCounting = value !== undefined && value >= 0
    if (time === undefined || (!isCounting && histograms === undefined))
      return withSamples(one, readNumbers(times), readNumbers(values))
    return withSamples(one, [time], value === undefined ? [] : [value], histograms?.slice(-1))
  })
}

/** Written out, as objects that are spread get a hidden class each in V8. */
function withSamples(
  { arm, pod, role, le, detail, codeless, histograms: all }: LoggedSeries,
  times: readonly number[],
  values: readonly number[],
  histograms = all,
): GateSeries {
  const series: Writable<GateSeries> = { arm, pod, role, times, values }
  if (le !== undefined) series.le = le
  if (detail !== undefined) series.detail = detail
  if (codeless !== undefined) series.codeless = codeless
  if (histograms !== undefined) series.histograms = histograms
  return series
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** The time of the first sample from `since` on that counted anything; epoch milliseconds. */
export function findFirstLogged({ times, values, histograms }: LoggedSeries, since: number): number | undefined {
  const counts = unpackNumbers(values)
  return unpackNumbers(times).find(
    (time, index) => time >= since && (counts[index] ?? histograms?.[index]?.count ?? 0) > 0,
  )
}
