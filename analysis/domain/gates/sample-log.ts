/**
 * Samples as they are kept between two looks: packed, and growing at their ends only. What was read of them before need not be read again; whoever needs
 * all of them has them unpacked, the same as if they had just been fetched.
 */
import { newestOf, type PackedNumbers, readNumbers } from './packed-numbers.ts'
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
    return { ...one, times, values: readNumbers(one.values) }
  })
}

/** With the newest sample of each series, which tells as well as all of them whether there are any, and since when there are none. */
export function keepNewest(log: SampleLog): GateSeries[] {
  return log.map((one) => {
    const { times, values, histograms } = one
    const [time, value] = [newestOf(times), newestOf(values)]
    const isCounting = value !== undefined && value >= 0
    if (time === undefined || (!isCounting && histograms === undefined)) return unpackOne(one)
    const newest = histograms?.slice(-1)
    return {
      ...one,
      times: [time],
      values: value === undefined ? [] : [value],
      ...(newest === undefined ? {} : { histograms: newest }),
    }
  })
}

const unpackOne = (one: LoggedSeries): GateSeries => ({
  ...one,
  times: readNumbers(one.times),
  values: readNumbers(one.values),
})
