/** The series of one whole answer, for whoever counts them and lets go of them. It must not keep anything. */
import type { GateSeries } from '../../domain/gates/samples.ts'
import { type Classify, createNaming } from './classify.ts'
import type { RawSeries } from './matrix.ts'

/** Those of neither version are left out. Series of a pod that were scraped together share their times. */
export function collectSeries(answer: readonly RawSeries[], classify: Classify): GateSeries[] {
  const timelines = new Map<string, readonly number[]>()
  const nameDetail = createNaming()
  return answer.flatMap(({ labels, times, values, histograms }): GateSeries[] => {
    const isNative = histograms.length > 0
    const identity = classify(labels, isNative)
    if (identity === undefined) return []
    const key = `${identity.pod}\n${times[0] ?? 0}`
    const known = timelines.get(key)
    const shared = known !== undefined && haveSameTimes(known, times) ? known : times
    timelines.set(key, shared)
    const { fullDetail: _all, ...shown } = identity
    return [{ ...shown, detail: nameDetail(identity), times: shared, values, ...(isNative ? { histograms } : {}) }]
  })
}

const haveSameTimes = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((time, index) => time === other[index])
