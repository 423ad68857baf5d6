/**
 * The decision of one look, from three streams of evidence and from what the ticks add up to.
 *
 * | E(r0=1) ≥ 1/α, E(tolerance) ≥ 1/β, enough events and excess, 3 ticks | E("beyond the tolerance") ≥ 1/α | decision  |
 * |----------------------------------------------------------------------|---------------------------------|-----------|
 * | all of them                                                          | any                             | abort     |
 * | not all                                                              | yes, and 3 ticks                | proven    |
 * | not all                                                              | no                              | undecided |
 */
import type { Direction } from './count-evidence.ts'
import type { CountRule, Decision } from './ticks.ts'
import type { Totals } from './totals.ts'

const FEWEST_TICKS = 3

/** Evidence against three hypotheses about the ratio of rates. */
export interface Streams<Stream> {
  /** Against "as good as stable". */
  readonly worse: Stream
  /** Against "within the tolerance". */
  readonly intolerable: Stream
  /** Against "beyond the tolerance". */
  readonly tolerable: Stream
}

export function createStreams<Stream>(
  { direction, toleranceRatio }: CountRule,
  create: (direction: Direction, nullRatio: number) => Stream,
): Streams<Stream> {
  return {
    worse: create(direction, 1),
    intolerable: create(direction, toleranceRatio),
    tolerable: create(direction === 'up' ? 'down' : 'up', toleranceRatio),
  }
}

export function decideCounts(
  { worse, intolerable, tolerable }: Streams<{ readonly logEvidence: () => number }>,
  totals: Pick<Totals, 'ticks' | 'canary' | 'expected'>,
  rule: CountRule,
): Decision {
  if (totals.ticks < FEWEST_TICKS) return 'undecided'
  const beyondNull = worse.logEvidence() >= Math.log(1 / rule.alpha)
  const beyondTolerance = intolerable.logEvidence() >= Math.log(1 / rule.beta)
  if (beyondNull && beyondTolerance && isLarge(totals, rule)) return 'abort'
  return tolerable.logEvidence() >= Math.log(1 / rule.alpha) ? 'proven' : 'undecided'
}

/** Enough events, and more of them than a difference per request that is put up with (analysis.md §2.3). */
function isLarge(
  { canary, expected }: Pick<Totals, 'canary' | 'expected'>,
  { direction, minEvents, toleranceExcess }: CountRule,
): boolean {
  const events = direction === 'up' ? canary.bad : expected
  const excess = direction === 'up' ? canary.bad - expected : expected - canary.bad
  return events >= minEvents && excess > 0 && excess >= toleranceExcess * canary.total
}
