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
