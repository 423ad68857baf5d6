/**
 * Evidence against one hypothesis "the canary's ratio is at most (for `down`: at least) r0": half of it from counts, half from ranks where
 * there is a history to rank in.
 */
import type { ArmCounts } from './arms.ts'
import { type CountEvidenceOptions, createCountEvidence } from './count-evidence.ts'
import { mixLogs } from './log-space.ts'
import { createBlocks, createRankEvidence, hasRanks } from './rank-evidence.ts'
import type { Calibration } from './ticks.ts'

const COUNT_SHARE = 0.5

export interface Hypothesis {
  /** Takes one tick, read with φ, and returns ln E. */
  readonly advance: (arms: ArmCounts, phi: number) => number
  /** ln E so far; without `ranks`, their half is taken as 1: it was not bet. */
  readonly logEvidence: (ranks: boolean) => number
}

export function createHypothesis(options: CountEvidenceOptions, calibration: Calibration | undefined): Hypothesis {
  const counts = createCountEvidence(options)
  if (!hasRanks(calibration)) return { advance: counts.advance, logEvidence: counts.logEvidence }
  const { rho, residuals } = calibration
  const ranks = createRankEvidence({ direction: options.direction, cap: options.cap, rho, residuals })
  const blocks = createBlocks(options.nullRatio)

  function logEvidence(withRanks: boolean): number {
    return mixLogs(COUNT_SHARE, counts.logEvidence(), withRanks ? ranks.logEvidence() : 0)
  }

  function advance(arms: ArmCounts, phi: number): number {
    counts.advance(arms, phi)
    const z = blocks(arms)
    if (z !== undefined) ranks.advance(arms.at, z)
    return logEvidence(true)
  }

  return { advance, logEvidence }
}
