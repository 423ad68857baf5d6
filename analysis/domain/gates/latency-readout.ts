/** The P99 that a dashboard shows for the same requests, so that a person finds the verdict's numbers there. For display only. */
import { QUANTILE } from './latency-shift.ts'
import { classicQuantile, nativeQuantile } from './quantile.ts'
import type { Survival } from './survival.ts'

export interface DashboardP99 {
  /** Seconds. */
  readonly value: number
  /** The classic bucket that it is read from, unless it is the last one. */
  readonly bucket: { readonly lower: number; readonly upper: number } | undefined
}

/** `histogram_quantile(0.99, …)` of these requests; undefined where that is no number. */
export function readDashboard({ bounds, slower, total }: Survival, isNative: boolean): DashboardP99 | undefined {
  const counts = bounds.map((_, index) => total - (slower[index] ?? 0))
  if (isNative) {
    const buckets = bounds.map((upper, index) => ({
      lower: bounds[index - 1] ?? 0,
      upper,
      count: (counts[index] ?? 0) - (counts[index - 1] ?? 0),
    }))
    const rest = slower.at(-1) ?? 0
    const last = bounds.at(-1) ?? 0
    const value = nativeQuantile(QUANTILE, [...buckets, { lower: last, upper: last, count: rest }])
    return Number.isFinite(value) ? { value, bucket: undefined } : undefined
  }
  const buckets = bounds.map((le, index) => ({ le, count: counts[index] ?? 0 }))
  const value = classicQuantile(QUANTILE, [...buckets, { le: Number.POSITIVE_INFINITY, count: total }])
  if (!Number.isFinite(value)) return undefined
  const found = bounds.findIndex((bound) => bound >= value)
  const upper = bounds[found]
  const isLast = (counts.at(-1) ?? 0) < QUANTILE * total
  return { value, bucket: upper === undefined || isLast ? undefined : { lower: bounds[found - 1] ?? 0, upper } }
}
