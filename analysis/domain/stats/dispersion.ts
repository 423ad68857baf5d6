/**
 * Overdispersion φ of an A/A stream: how much more two arms that are the same differ than independent events would.
 *
 *   φ_B = mean over blocks of B ticks of  (Σ(x_c − θ·x))² / Σ θ(1−θ)·x         φ = max(1, φ_1, φ_4, φ_16)
 *
 * Clumps and retries show in every block length, personality and autocorrelation of pods in the long ones.
 */
import type { ArmCounts } from './arms.ts'

/** Block lengths in ticks (analysis.md §2.1). */
const BLOCK_TICKS = [1, 4, 16] as const
/** A block with less variance than this is drawn out: the mean of very skewed quotients would be a lottery. */
const LEAST_VARIANCE = 0.5

interface Blocks {
  readonly length: number
  ticks: number
  difference: number
  variance: number
  count: number
  sum: number
}

export interface Dispersion {
  readonly add: (arms: ArmCounts) => void
  /** By block length: the mean of the quotients and how many there are. */
  readonly estimates: () => readonly { readonly ticks: number; readonly phi: number; readonly blocks: number }[]
}

export function createDispersion(): Dispersion {
  const scales: Blocks[] = BLOCK_TICKS.map((length) => ({
    length,
    ticks: 0,
    difference: 0,
    variance: 0,
    count: 0,
    sum: 0,
  }))

  function add(arms: ArmCounts): void {
    const share = arms.canaryTotal / (arms.canaryTotal + arms.stableTotal)
    const bad = arms.canaryBad + arms.stableBad
    const difference = arms.canaryBad - share * bad
    const variance = share * (1 - share) * bad
    for (const scale of scales) addToBlock(scale, difference, variance)
  }

  return {
    add,
    estimates: () =>
      scales.map(({ length, sum, count }) => ({ ticks: length, phi: count === 0 ? 1 : sum / count, blocks: count })),
  }
}

/** The largest φ of several streams of the same kind, whose blocks are taken together; scales with fewer blocks than `fewest` do not count. */
export function dispersionOf(streams: readonly Dispersion[], fewest: number): number | undefined {
  const estimates = streams.map((stream) => stream.estimates())
  let largest: number | undefined
  for (let scale = 0; scale < BLOCK_TICKS.length; scale++) {
    let blocks = 0
    let sum = 0
    for (const estimate of estimates) {
      const at = estimate[scale]
      blocks += at?.blocks ?? 0
      sum += (at?.phi ?? 0) * (at?.blocks ?? 0)
    }
    if (blocks >= fewest) largest = Math.max(largest ?? 1, sum / blocks)
  }
  return largest
}

function addToBlock(block: Blocks, difference: number, variance: number): void {
  block.ticks += 1
  block.difference += difference
  block.variance += variance
  if (block.ticks < block.length || block.variance < LEAST_VARIANCE) return
  block.sum += (block.difference * block.difference) / block.variance
  block.count += 1
  block.ticks = 0
  block.difference = 0
  block.variance = 0
}
