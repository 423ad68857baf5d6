/**
 * Overdispersion φ of an A/A stream: how much more two arms that are the same differ than independent events would.
 *
 *   φ_B = mean over blocks of B ticks of  (Σ(x_c − θ·x))² / Σ θ(1−θ)·x         φ = max(1, φ_1, φ_4, φ_16)
 *
 * Clumps and retries show in every block length, personality and autocorrelation of pods in the long ones.
 */
import type { PairCounts } from './arms.ts'

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
  readonly add: (arms: PairCounts) => void
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

  function add(arms: PairCounts): void {
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

/** φ of several streams of the same kind, and the part of it that shows within single ticks; both at least 1. */
export interface Overdispersion {
  readonly phi: number
  readonly withinTick: number
}

/** Blocks of all streams are taken together; lengths with fewer of them than `fewest` do not count. Undefined when none does. */
export function dispersionOf(streams: readonly Dispersion[], fewest: number): Overdispersion | undefined {
  const estimates = streams.map((stream) => stream.estimates())
  const byLength = BLOCK_TICKS.map((_, scale) =>
    pool(
      estimates.flatMap((estimate) => estimate[scale] ?? []),
      fewest,
    ),
  )
  const known = byLength.filter((phi) => phi !== undefined)
  if (known.length === 0) return undefined
  return { phi: Math.max(1, ...known), withinTick: Math.max(1, byLength[0] ?? 1) }
}

function pool(
  estimates: readonly { readonly phi: number; readonly blocks: number }[],
  fewest: number,
): number | undefined {
  let blocks = 0
  let sum = 0
  for (const estimate of estimates) {
    blocks += estimate.blocks
    sum += estimate.phi * estimate.blocks
  }
  return blocks >= fewest ? sum / blocks : undefined
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
