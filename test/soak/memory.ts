/**
 * Whether the controller's memory grows with the releases that it has made. Pure. Each process has its own beginning, so slopes are taken within
 * lifetimes: one line is fitted through all of them by least squares, with a height of its own for each.
 */

export interface MemorySample {
  /** Which process: 1 is the first. */
  readonly lifetime: number
  /** Releases that this process has seen end, this one included. */
  readonly release: number
  readonly rssMb: number
}

export interface MemoryFit {
  /** Of all samples, those after the warm-up of lifetimes that have at least two of them. */
  readonly samples: number
  readonly lifetimes: number
  /** MB per ten releases. */
  readonly slope: number
  /** Standard error of the slope; undefined with fewer than two samples more than lines have parameters. */
  readonly standardError?: number
}

/** Until a process has seen every kind of release twice, its code is still being compiled and its caches are being filled. */
export const WARM_UP_RELEASES = 10

/** Undefined where no lifetime outlasted its warm-up by two releases. */
export function fitMemory(all: readonly MemorySample[], warmUp = WARM_UP_RELEASES): MemoryFit | undefined {
  const warm = all.filter(({ release }) => release > warmUp)
  const lifetimes = [...new Set(warm.map(({ lifetime }) => lifetime))]
    .map((id) => warm.filter(({ lifetime }) => lifetime === id))
    .filter(({ length }) => length > 1)
  const centred = lifetimes.flatMap((samples) => {
    const [meanX, meanY] = [mean(samples.map(({ release }) => release)), mean(samples.map(({ rssMb }) => rssMb))]
    return samples.map(({ release, rssMb }) => ({ x: release - meanX, y: rssMb - meanY }))
  })
  const spread = sum(centred.map(({ x }) => x * x))
  if (spread === 0) return undefined
  const perRelease = sum(centred.map(({ x, y }) => x * y)) / spread
  const freedom = centred.length - lifetimes.length - 1
  const residual = sum(centred.map(({ x, y }) => (y - perRelease * x) ** 2))
  return {
    samples: centred.length,
    lifetimes: lifetimes.length,
    slope: perRelease * 10,
    ...(freedom > 0 ? { standardError: Math.sqrt(residual / freedom / spread) * 10 } : {}),
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
