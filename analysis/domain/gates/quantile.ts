/**
 * Quantiles for people: exactly what `histogram_quantile` of PromQL shows on a dashboard, for classic and for native histograms. Verdicts do not
 * rest on them: within a coarse bucket they are guesses.
 *
 *   classic                                     native
 *   q < 0: −∞, q > 1: +∞, q NaN: NaN            the same
 *   no `+Inf`, one bucket, no observation: NaN  no observation: NaN
 *   equal bounds are added up                   –
 *   counts that fall are raised to the highest  –
 *   one before
 *   linear within the bucket, the first one     exponential within the bucket; linear in the zero bucket, which ends at 0 on the side on which
 *   from 0 (from its bound where that is ≤ 0)   there are no other buckets
 *   beyond the last finite bound: that bound    counted from the top for q ≥ 0.5
 */

/** Cumulative: `count` observations were at most `le`. */
export interface ClassicBucket {
  readonly le: number
  readonly count: number
}

/** `count` observations of this bucket alone. */
export interface NativeBucket {
  readonly lower: number
  readonly upper: number
  readonly count: number
}

/** NaN when it cannot be told. Counts may be fractions (of `rate`), in any order of bounds. */
export function classicQuantile(quantile: number, buckets: readonly ClassicBucket[]): number {
  const outside = quantileOutside(quantile)
  if (outside !== undefined) return outside
  const merged = mergeBounds(buckets)
  const observations = merged.at(-1)?.count ?? 0
  if (merged.at(-1)?.le !== Number.POSITIVE_INFINITY || merged.length < 2 || !(observations > 0)) return Number.NaN
  const rank = quantile * observations
  const found = merged.findIndex(({ count }) => count >= rank)
  if (found < 0 || found === merged.length - 1) return merged.at(-2)?.le ?? Number.NaN
  const { le: upper, count } = merged[found] ?? { le: Number.NaN, count: 0 }
  if (found === 0 && upper <= 0) return upper
  const below = merged[found - 1] ?? { le: 0, count: 0 }
  return below.le + ((upper - below.le) * (rank - below.count)) / (count - below.count)
}

function quantileOutside(quantile: number): number | undefined {
  if (Number.isNaN(quantile)) return Number.NaN
  if (quantile < 0) return Number.NEGATIVE_INFINITY
  return quantile > 1 ? Number.POSITIVE_INFINITY : undefined
}

/** Ascending bounds, each once, counts that do not fall. */
function mergeBounds(buckets: readonly ClassicBucket[]): ClassicBucket[] {
  const merged: { le: number; count: number }[] = []
  for (const { le, count } of buckets.toSorted((one, other) => one.le - other.le)) {
    const last = merged.at(-1)
    if (last?.le === le) last.count += count
    else merged.push({ le, count })
  }
  let highest = Number.NEGATIVE_INFINITY
  return merged.map(({ le, count }) => {
    highest = isTinyChange(highest, count) ? highest : Math.max(highest, count)
    return { le, count: highest }
  })
}

/** Sums of fractions differ in their last digits; such a difference is none, in either direction. */
const TINY = 1e-12
const isTinyChange = (before: number, count: number): boolean =>
  Number.isFinite(before) && Math.abs(count - before) <= TINY * Math.max(Math.abs(before), Math.abs(count))

/** NaN when it cannot be told. `buckets` ascending, those without observations may be left out. */
export function nativeQuantile(quantile: number, buckets: readonly NativeBucket[]): number {
  const outside = quantileOutside(quantile)
  if (outside !== undefined) return outside
  const filled = buckets.filter(({ count }) => count > 0)
  const observations = filled.reduce((sum, { count }) => sum + count, 0)
  if (observations === 0) return Number.NaN
  const fromTop = quantile >= 0.5
  const rank = (fromTop ? 1 - quantile : quantile) * observations
  const { bucket, within } = findBucket(fromTop ? filled.toReversed() : filled, rank)
  const share = (fromTop ? bucket.count - within : within) / bucket.count
  return readWithin(trimZeroBucket(bucket, filled), Math.min(1, Math.max(0, share)))
}

/** The bucket in which the rank falls, counted in the order given, and how far into it. */
function findBucket(buckets: readonly NativeBucket[], rank: number): { bucket: NativeBucket; within: number } {
  let seen = 0
  let bucket: NativeBucket = { lower: Number.NaN, upper: Number.NaN, count: 1 }
  for (bucket of buckets) {
    seen += bucket.count
    if (seen >= rank) break
  }
  return { bucket, within: rank - (seen - bucket.count) }
}

/** Latencies are not negative: a zero bucket that has neighbours on one side only ends at 0 on the other. */
function trimZeroBucket(bucket: NativeBucket, all: readonly NativeBucket[]): NativeBucket {
  if (bucket.lower >= 0 || bucket.upper <= 0) return bucket
  const hasNegative = all.some(({ upper }) => upper <= 0)
  const hasPositive = all.some(({ lower }) => lower >= 0)
  if (!hasNegative && hasPositive) return { ...bucket, lower: 0 }
  return hasNegative && !hasPositive ? { ...bucket, upper: 0 } : bucket
}

function readWithin({ lower, upper }: NativeBucket, share: number): number {
  if (lower <= 0 && upper >= 0) return lower + (upper - lower) * share
  if (lower > 0) return lower * (upper / lower) ** share
  return upper * (lower / upper) ** (1 - share)
}
