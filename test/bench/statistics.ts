/** Summaries of raw samples by nearest rank: every figure that is printed is a sample that was measured. Pure. */

export interface Summary {
  readonly count: number
  readonly min: number
  readonly median: number
  readonly p95: number
  readonly max: number
}

/** The smallest sample that at least `percent` (above 0, at most 100) of all do not exceed. Throws RangeError without samples. */
export function percentile(samples: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`percent: expected above 0 to 100, got ${percent}`)
  const sorted = [...samples].sort((a, b) => a - b)
  const value = sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1]
  if (value === undefined) throw new RangeError('no samples')
  return value
}

/** In the unit of the samples. Throws RangeError without samples. */
export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    min: Math.min(...samples),
    median: percentile(samples, 50),
    p95: percentile(samples, 95),
    max: percentile(samples, 100),
  }
}

/** Two standard errors of a normal distribution: 95 %. */
const WIDTH = 1.96

/** The shares that `share` of `count` trials goes with, at 95 % (Wilson 1927): it holds near nothing, where the usual one does not. */
export function wilsonInterval(share: number, count: number): { readonly lower: number; readonly upper: number } {
  const doubt = WIDTH ** 2 / count
  const middle = (share + doubt / 2) / (1 + doubt)
  const half = (Math.sqrt((share * (1 - share)) / count + doubt / (4 * count)) * WIDTH) / (1 + doubt)
  return { lower: Math.max(0, middle - half), upper: Math.min(1, middle + half) }
}
