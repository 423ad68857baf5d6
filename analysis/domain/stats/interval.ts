/**
 * The ratios that the evidence does not exclude: { r0 : E(r0) < 1/α }, each end by bisection on a log scale. Valid at any look, as E is.
 */
import type { ArmCounts } from './arms.ts'
import { capOf, type Direction } from './count-evidence.ts'
import { createHypothesis } from './hypothesis.ts'
import type { Noise } from './noise.ts'
import type { Calibration } from './ticks.ts'

/** Ratios outside of this range are called unknown. */
const WIDEST_RATIO = 1000
/** Bisections: 14 of them bring ln 1000 to less than one per mille. */
const STEPS = 14

export interface IntervalOptions {
  readonly alpha: number
  readonly noise: Noise
  readonly calibration: Calibration | undefined
}

export interface RatioInterval {
  /** Undefined where no ratio on that side is excluded. */
  readonly ratioLower: number | undefined
  readonly ratioUpper: number | undefined
}

export function ratioInterval(ticks: readonly ArmCounts[], options: IntervalOptions): RatioInterval {
  return { ratioLower: intervalEnd(ticks, 'up', options), ratioUpper: intervalEnd(ticks, 'down', options) }
}

/** `up`: the largest ratio that is excluded as too small; `down`: the smallest that is excluded as too large. */
function intervalEnd(ticks: readonly ArmCounts[], direction: Direction, options: IntervalOptions): number | undefined {
  const outward = direction === 'up' ? -1 : 1
  const widest = outward * Math.log(WIDEST_RATIO)
  if (!excludes(ticks, direction, widest, options)) return undefined
  let excluded = widest
  let included = -widest
  for (let step = 0; step < STEPS; step++) {
    const middle = (excluded + included) / 2
    if (excludes(ticks, direction, middle, options)) excluded = middle
    else included = middle
  }
  return Math.exp(excluded)
}

function excludes(
  ticks: readonly ArmCounts[],
  direction: Direction,
  logRatio: number,
  options: IntervalOptions,
): boolean {
  const { alpha, noise, calibration } = options
  const hypothesis = createHypothesis({ direction, nullRatio: Math.exp(logRatio), cap: capOf(alpha) }, calibration)
  for (const arms of ticks) hypothesis.advance(arms, noise.phi)
  return hypothesis.logEvidence(noise.ranks) >= Math.log(1 / alpha)
}
