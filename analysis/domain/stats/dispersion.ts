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
/** Standard errors. */
const DOUBT = 2

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
  /** The same for what is not a pair of arms: observed minus expected, and the variance that independent events would have. */
  readonly addResidual: (difference: number, variance: number) => void
  /** By block length: how many blocks there are, and the sum of their quotients. */
  readonly scales: readonly { readonly count: number; readonly sum: number }[]
}

export const createDispersion = (): Dispersion => new BlockDispersion()

/** A class, as `restarts.ts` says. */
class BlockDispersion implements Dispersion {
  readonly scales: readonly Blocks[] = BLOCK_TICKS.map((length) => ({
    length,
    ticks: 0,
    difference: 0,
    variance: 0,
    count: 0,
    sum: 0,
  }))

  add(arms: PairCounts): void {
    const share = arms.canaryTotal / (arms.canaryTotal + arms.stableTotal)
    const bad = arms.canaryBad + arms.stableBad
    this.addResidual(arms.canaryBad - share * bad, share * (1 - share) * bad)
  }

  addResidual(difference: number, variance: number): void {
    for (const scale of this.scales) addToBlock(scale, difference, variance)
  }
}

/** φ of several streams of the same kind, and the part of it that shows within single ticks; both at least 1. */
export interface Overdispersion {
  readonly phi: number
  readonly withinTick: number
  /** What φ is beyond doubt: two standard errors of a mean of squares, √(2/blocks) each, are taken off. At least 1. */
  readonly least: number
}

/** Blocks of all streams are taken together; lengths with fewer of them than `fewest` do not count. Undefined when none does. */
export function dispersionOf(streams: readonly Dispersion[], fewest: number): Overdispersion | undefined {
  let phi: number | undefined
  let withinTick = 1
  let least = 1
  for (let scale = 0; scale < BLOCK_TICKS.length; scale++) {
    let blocks = 0
    let sum = 0
    for (const stream of streams) {
      blocks += stream.scales[scale]?.count ?? 0
      sum += stream.scales[scale]?.sum ?? 0
    }
    if (blocks < fewest) continue
    phi = Math.max(1, phi ?? 1, sum / blocks)
    least = Math.max(least, sum / blocks / (1 + DOUBT * Math.sqrt(2 / blocks)))
    if (scale === 0) withinTick = Math.max(1, sum / blocks)
  }
  return phi === undefined ? undefined : { phi, withinTick, least }
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
