/**
 * Evidence that the canary's rate of bad events is beyond r0 times stable's. Given the bad events of both arms in a tick, x = x_c + x_s, the
 * canary's share of them is binomial, whatever the base rate is just then: shared incidents, time of day and traffic swings cancel.
 *
 *   w = n_c/(n_c+n_s)     θ(r) = w·r/(w·r + 1 − w)
 *   l(r) = min( [x_c·ln(θ(r)/θ(r0)) + x_s·ln((1−θ(r))/(1−θ(r0)))] / φ,  cap )
 *        = min( [x_c·ln(r/r0) + x·ln((w·r0 + 1 − w)/(w·r + 1 − w))] / φ,  cap )
 *
 * For φ = 1 and a true ratio up to r0 every exp l has a mean of at most 1. Division by φ is exact when events come in clumps of φ, and
 * an approximation otherwise. The cap (½·ln 1/α) keeps one scrape, and any two of them, from deciding.
 */
import type { PairCounts } from './arms.ts'
import { createEvidenceStream, type EvidenceStream } from './restarts.ts'

export type Direction = 'up' | 'down'

/** r/r0 of the alternatives (analysis.md §2.1). */
export const RATIOS: Readonly<Record<Direction, readonly number[]>> = {
  up: [1.25, 1.5, 2, 3, 4, 6, 10, 20, 50],
  down: [0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1, 0.03, 0.003],
}

const LOG_RATIOS: typeof RATIOS = { up: RATIOS.up.map(Math.log), down: RATIOS.down.map(Math.log) }

export interface CountEvidenceOptions {
  /** `up`: evidence for a ratio above r0; `down`: for one below. */
  readonly direction: Direction
  /** r0, the ratio that is put to the test; above 0. */
  readonly nullRatio: number
  /** Most that one tick may add to ln E. */
  readonly cap: number
  /** r/r0 of the alternatives, all above 1 (`down`: below); {@link RATIOS} when absent. */
  readonly alternatives?: readonly number[]
  /** Share of the part that runs from the start, 0..1; ½ when absent. */
  readonly whole?: number
}

export interface CountEvidence {
  /** Takes one tick, with the overdispersion φ ≥ 1 that it is read with, */
  readonly advance: (arms: PairCounts, phi: number) => void
  readonly logEvidence: EvidenceStream['logEvidence']
}

/** Most that one tick may add to ln E: three ticks at least for an abort. */
export function capOf(alpha: number): number {
  return Math.log(1 / alpha) / 2
}

export const createCountEvidence = (options: CountEvidenceOptions): CountEvidence => new ShareEvidence(options)

/** A class, as `restarts.ts` says. */
class ShareEvidence implements CountEvidence {
  readonly #stream: EvidenceStream
  readonly #nullRatio: number
  readonly #cap: number
  readonly #ratios: readonly number[]
  readonly #logRatios: readonly number[]

  constructor({ direction, nullRatio, cap, alternatives = RATIOS[direction], whole }: CountEvidenceOptions) {
    this.#stream = createEvidenceStream(alternatives.length, whole)
    this.#nullRatio = nullRatio
    this.#cap = cap
    this.#ratios = alternatives
    this.#logRatios = alternatives === RATIOS[direction] ? LOG_RATIOS[direction] : alternatives.map(Math.log)
  }

  advance(arms: PairCounts, phi: number): void {
    const [nullRatio, cap, logRatios] = [this.#nullRatio, this.#cap, this.#logRatios]
    const share = arms.canaryTotal / (arms.canaryTotal + arms.stableTotal)
    const bad = arms.canaryBad + arms.stableBad
    const nullNorm = share * nullRatio + 1 - share
    const factors = this.#ratios.map((ratio, i) => {
      const norm = share * nullRatio * ratio + 1 - share
      const logLikelihood = arms.canaryBad * (logRatios[i] ?? 0) + bad * Math.log(nullNorm / norm)
      return Math.min(logLikelihood / phi, cap)
    })
    this.#stream.advance(arms.at, factors)
  }

  logEvidence(): number {
    return this.#stream.logEvidence()
  }
}
