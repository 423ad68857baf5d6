/**
 * Evidence from ranks: how unusual are the canary's residuals among those of history? It needs no noise model, so it sees what tempering by φ
 * smooths away.
 *
 *   ε_k = z_k − ρ·z_{k−1}        p = (1 + #{history at least as far out as ε_k}) / (n + 1)        e = (1 − p + p·ln p) / (p·ln² p)
 *
 * p is conformal, e Vovk and Wang's calibrator (∫ κ·p^{κ−1} dκ, mean 1 for uniform p). Products over k share one history, which makes them
 * approximate; they are backed by simulation.
 */
import type { ArmCounts } from './arms.ts'
import type { Direction } from './count-evidence.ts'
import { createEvidenceStream } from './restarts.ts'
import type { Calibration } from './ticks.ts'

/** Below this many residuals of history there is no rank part: p would stay above 1/20, and e below 1.6. */
const FEWEST_RESIDUALS = 20
/** Expected canary events in a block, at least (analysis.md §2.1). */
const BLOCK_EVENTS = 3

export interface RankOptions {
  readonly direction: Direction
  /** Most that one residual may add to ln E. */
  readonly cap: number
  readonly rho: number
  /** Ascending. */
  readonly residuals: readonly number[]
}

export interface RankEvidence {
  /** Takes the next z (large: the canary has more) and returns ln E. */
  readonly advance: (at: number, z: number) => number
  readonly logEvidence: () => number
}

export function hasRanks(calibration: Calibration | undefined): calibration is Calibration {
  return calibration !== undefined && calibration.residuals.length >= FEWEST_RESIDUALS
}

export function createRankEvidence({ direction, cap, rho, residuals }: RankOptions): RankEvidence {
  const stream = createEvidenceStream(1)
  let previous = 0

  function advance(at: number, z: number): number {
    const residual = z - rho * previous
    previous = z
    const beyond =
      direction === 'up' ? residuals.length - countBelow(residuals, residual) : countUpTo(residuals, residual)
    const p = (1 + beyond) / (residuals.length + 1)
    return stream.advance(at, [Math.min(Math.log(calibrateP(p)), cap)])
  }

  return { advance, logEvidence: stream.logEvidence }
}

/** Evidence of a p-value; ½ at p = 1. */
export function calibrateP(p: number): number {
  if (p > 0.9999) return 0.5
  const log = Math.log(p)
  return (1 - p + p * log) / (p * log * log)
}

/**
 * Collects ticks until the canary was to have three bad events under the ratio r0, then gives
 * z = Σ(x_c − θ0·x) / √Σ θ0(1−θ0)·x; undefined until then.
 */
export function createBlocks(nullRatio: number): (arms: ArmCounts) => number | undefined {
  let expected = 0
  let variance = 0
  let difference = 0
  return (arms) => {
    const weighted = arms.canaryTotal * nullRatio
    const share = weighted / (weighted + arms.stableTotal)
    const bad = arms.canaryBad + arms.stableBad
    expected += share * bad
    variance += share * (1 - share) * bad
    difference += arms.canaryBad - share * bad
    if (expected < BLOCK_EVENTS || variance <= 0) return undefined
    const z = difference / Math.sqrt(variance)
    expected = 0
    variance = 0
    difference = 0
    return z
  }
}

/** How many of the ascending `values` are smaller than `limit`. */
function countBelow(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of the ascending `values` are at most `limit`. */
function countUpTo(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
