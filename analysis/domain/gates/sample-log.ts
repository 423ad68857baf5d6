/**
 * Samples as they are kept between two looks: packed, and growing at their ends only. What was read of them before need not be read again; whoever needs
 * all of them has them unpacked, the same as if they had just been fetched.
 */
import { lengthOf, newestOf, type PackedNumbers, readNumbers } from './packed-numbers.ts'
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

/** What an assessment of the samples asks of a series. */
export interface SeriesBrief extends Pick<GateSeries, 'arm' | 'role' | 'codeless'> {
  /** Epoch milliseconds; undefined without samples. */
  readonly newestAt: number | undefined
  /** Any sample is a number that can be a count. */
  readonly isCounting: boolean
}

export function describeSeries({ arm, role, codeless, times, values, histograms = [] }: GateSeries): SeriesBrief {
  const isCounting = times.length > 0 && (histograms.length > 0 || values.some(isCount))
  return { arm, role, ...(codeless === undefined ? {} : { codeless }), newestAt: times.at(-1), isCounting }
}

export function describeLogged({ arm, role, codeless, times, values, histograms = [] }: LoggedSeries): SeriesBrief {
  const isNew = isCount(newestOf(values)) || histograms.length > 0
  const isCounting = lengthOf(times) > 0 && (isNew || readNumbers(values).some(isCount))
  return { arm, role, ...(codeless === undefined ? {} : { codeless }), newestAt: newestOf(times), isCounting }
}

const isCount = (value: number | undefined): boolean => value !== undefined && value >= 0
