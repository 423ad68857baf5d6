/**
 * A quantile as PromQL's `histogram_quantile` reads it off classic buckets: linear within a bucket, the first one from zero, and the last finite edge
 * for whatever lies beyond. Kept apart from the product's reading, which is one of those that are measured.
 */

/** `edges` ascending, `cumulative` how many are at most as slow as each, `total` all. NaN without observations. */
export function promqlQuantile(
  quantile: number,
  edges: readonly number[],
  cumulative: readonly number[],
  total: number,
): number {
  if (total <= 0) return Number.NaN
  const rank = quantile * total
  const index = cumulative.findIndex((count) => count >= rank)
  if (index < 0) return edges.at(-1) ?? Number.NaN
  const upper = edges[index] ?? Number.NaN
  const [lower, below] = index === 0 ? [0, 0] : [edges[index - 1] ?? 0, cumulative[index - 1] ?? 0]
  const within = (cumulative[index] ?? 0) - below
  return within <= 0 ? lower : lower + ((upper - lower) * (rank - below)) / within
}
