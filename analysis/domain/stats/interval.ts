/**
 * The ratios that the evidence does not exclude: { r0 : E(r0) < 1/α }, each end by bisection on a log scale. Valid at any look, as E is.
 */
import type { PairCounts } from './arms.ts'
import { capOf, createCountEvidence, type Direction } from './count-evidence.ts'
import type { Look } from './ticks.ts'

/** Ratios outside of this range are called unknown. */
const WIDEST_RATIO = 1000
/** Bisections: 14 of them bring the logarithm of that range to less than one per mille. */
const STEPS = 14

/** An end is undefined where no ratio on that side is excluded. */
export function ratioInterval(
  ticks: readonly PairCounts[],
  alpha: number,
  phi: number,
): Pick<Look, 'ratioLower' | 'ratioUpper'> {
  const excludes = (direction: Direction, nullRatio: number): boolean => {
    const evidence = createCountEvidence({ direction, nullRatio, cap: capOf(alpha) })
    for (const pair of ticks) evidence.advance(pair, phi)
    return evidence.logEvidence() >= Math.log(1 / alpha)
  }
  return {
    ratioLower: findEnd(1 / WIDEST_RATIO, (ratio) => excludes('up', ratio)),
    ratioUpper: findEnd(WIDEST_RATIO, (ratio) => excludes('down', ratio)),
  }
}

/** The excluded ratio nearest to the other side of 1; undefined when not even `widest` is excluded. */
function findEnd(widest: number, isExcluded: (ratio: number) => boolean): number | undefined {
  if (!isExcluded(widest)) return undefined
  let excluded = Math.log(widest)
  let included = -excluded
  for (let step = 0; step < STEPS; step++) {
    const middle = (excluded + included) / 2
    if (isExcluded(Math.exp(middle))) excluded = middle
    else included = middle
  }
  return Math.exp(excluded)
}
