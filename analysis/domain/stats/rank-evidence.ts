/**
 * Evidence from ranks: how unusual are the canary's residuals among those of history? It needs no noise model, and serves numbers that are not
 * counts, such as the logarithm of a ratio of quantiles. They have to come about alike in history and now.
 *
 *   ε_k = z_k − ρ·z_{k−1}        p = (1 + #{history at least as far out as ε_k}) / (n + 1)        e = (1 − p + p·ln p) / (p·ln² p)
 *
 * p is conformal, e Vovk and Wang's calibrator (∫ κ·p^{κ−1} dκ, mean 1 for uniform p). Products over k share one history, which makes them
 * approximate; they are backed by simulation.
 */
import type { Direction } from './count-evidence.ts'
import { createEvidenceStream } from './restarts.ts'
import type { Calibration } from './ticks.ts'

/** Below this many residuals of history there is no rank part: p would stay above 1/20, and e below 1.6. */
const FEWEST_RESIDUALS = 20
/** A correlation near 1 would make residuals of nothing. */
const MOST_CORRELATED = 0.95

export interface RankOptions {
  readonly direction: Direction
  /** Most that one residual may add to ln E. */
  readonly cap: number
  readonly rho: number
  /** Ascending. */
  readonly residuals: readonly number[]
}

export interface RankEvidence {
  /** Takes the next z; large: the canary has more. */
  readonly advance: (at: number, z: number) => void
  readonly logEvidence: () => number
}

/** What ranks need to know of history. */
export type RankHistory = Pick<Calibration, 'rho' | 'residuals'>

export function hasRanks(history: RankHistory | undefined): history is RankHistory {
  return history !== undefined && history.residuals.length >= FEWEST_RESIDUALS
}

export function createRankEvidence({ direction, cap, rho, residuals }: RankOptions): RankEvidence {
  const stream = createEvidenceStream(1)
  let previous = 0

  function advance(at: number, z: number): void {
    const residual = z - rho * previous
    previous = z
    const beyond =
      direction === 'up' ? residuals.length - countBelow(residuals, residual) : countUpTo(residuals, residual)
    const p = (1 + beyond) / (residuals.length + 1)
    stream.advance(at, [Math.min(Math.log(calibrateP(p)), cap)])
  }

  return { advance, logEvidence: () => stream.logEvidence() }
}

/** Evidence of a p-value; ½ at p = 1. */
export function calibrateP(p: number): number {
  if (p > 0.9999) return 0.5
  const log = Math.log(p)
  return (1 - p + p * log) / (p * log * log)
}

/** Lag-1 correlation and residuals of series of z that are known to be alike, each of them in order of time. */
export function rankHistory(series: readonly (readonly number[])[]): RankHistory {
  const rho = correlationOf(series)
  const residuals = series.flatMap((values) => values.map((value, index) => value - rho * (values[index - 1] ?? 0)))
  return { rho, residuals: residuals.toSorted((a, b) => a - b) }
}

/** Correlation of neighbours within each series, of all series together; within 0..0.95. */
function correlationOf(series: readonly (readonly number[])[]): number {
  let products = 0
  let squares = 0
  for (const values of series) {
    for (const [index, value] of values.entries()) {
      squares += value * value
      products += value * (values[index - 1] ?? 0)
    }
  }
  return squares === 0 ? 0 : Math.min(MOST_CORRELATED, Math.max(0, products / squares))
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
