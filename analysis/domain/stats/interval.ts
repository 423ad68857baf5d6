/**
 * The ratios that the evidence does not exclude: { r0 : E(r0) < 1/α }, each end found by regula falsi (Illinois) on ln E over ln r0. Valid at any
 * look, as E is.
 */
import type { PairCounts } from './arms.ts'
import { capOf, createCountEvidence, type Direction } from './count-evidence.ts'
import type { Look } from './ticks.ts'

/** ln of the ratio beyond which ends are called unknown: 1000. */
const WIDEST = Math.log(1000)
/** An end is known to one percent, on the side of what is not excluded. */
const PRECISION = 0.01
const MOST_STEPS = 40

/** An end is undefined where no ratio on that side is excluded. */
export function ratioInterval(
  ticks: readonly PairCounts[],
  alpha: number,
  phi: number,
): Pick<Look, 'ratioLower' | 'ratioUpper'> {
  /** Above 0 where the ratio e^x is excluded. */
  const surplus = (direction: Direction, x: number): number => {
    const evidence = createCountEvidence({ direction, nullRatio: Math.exp(x), cap: capOf(alpha) })
    for (const pair of ticks) evidence.advance(pair, phi)
    return evidence.logEvidence() + Math.log(alpha)
  }
  return {
    ratioLower: findEnd(-WIDEST, (x) => surplus('up', x)),
    ratioUpper: findEnd(WIDEST, (x) => surplus('down', x)),
  }
}

/** The excluded ratio nearest to the other side of 1; undefined when not even e^widest is excluded. */
function findEnd(widest: number, surplus: (x: number) => number): number | undefined {
  let [excluded, above] = [widest, surplus(widest)]
  if (above < 0) return undefined
  let [included, below] = [-widest, Math.min(surplus(-widest), -1)]
  let lastWasExcluded: boolean | undefined
  for (let step = 0; step < MOST_STEPS && Math.abs(included - excluded) > PRECISION; step++) {
    // Straight lines mislead where ln E bends at the cap, so every third step halves.
    const middle =
      step % 3 === 2 ? (excluded + included) / 2 : excluded + ((included - excluded) * above) / (above - below)
    const value = surplus(middle)
    const isExcluded = value >= 0
    if (isExcluded) {
      ;[excluded, above] = [middle, value]
      if (lastWasExcluded === true) below /= 2
    } else {
      ;[included, below] = [middle, value]
      if (lastWasExcluded === false) above /= 2
    }
    lastWasExcluded = isExcluded
  }
  return Math.exp(excluded)
}
