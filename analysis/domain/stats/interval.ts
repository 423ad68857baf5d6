/**
 * The ratios that the evidence does not exclude: { r0 : E(r0) < 1/α }, each end found by regula falsi (Illinois) on ln E over ln r0. Valid at any
 * look, as E is. Limited counts, where there are some, speak for the harmful end and beyond 1 only.
 */
import type { PairCounts } from './arms.ts'
import { capOf, createCountEvidence, type Direction } from './count-evidence.ts'
import { mixLogs } from './log-space.ts'
import type { Look } from './ticks.ts'

/** ln of the ratio beyond which ends are called unknown: 1000. */
const WIDEST = Math.log(1000)
/** An end is known to one percent, on the side of what is not excluded. */
const PRECISION = 0.01
const MOST_STEPS = 40
/** Share of the bet that stays on whole counts. */
const WHOLE_COUNTS = 0.5

/** The same rollout in limited counts; `direction` is the harmful one. */
export interface LimitedSide {
  readonly ticks: readonly PairCounts[]
  readonly phi: number
  readonly direction: Direction
}

/** An end is undefined where no ratio on that side is excluded. */
export function ratioInterval(
  ticks: readonly PairCounts[],
  alpha: number,
  phi: number,
  limited?: LimitedSide,
): Pick<Look, 'ratioLower' | 'ratioUpper'> {
  const wholeAt = (direction: Direction, x: number): number => evidenceAt(ticks, { direction, x, alpha, phi })
  const endOf = (direction: Direction): number | undefined => {
    const outward = direction === 'up' ? -WIDEST : WIDEST
    if (limited?.direction === direction) {
      const bothAt = (x: number): number =>
        mixLogs(
          WHOLE_COUNTS,
          wholeAt(direction, x),
          evidenceAt(limited.ticks, { direction, x, alpha, phi: limited.phi }),
        )
      const beyondOne = findEnd(0, -outward, (x) => bothAt(x) + Math.log(alpha))
      if (beyondOne !== undefined) return beyondOne
    }
    return findEnd(outward, -outward, (x) => wholeAt(direction, x) + Math.log(alpha))
  }
  return { ratioLower: endOf('up'), ratioUpper: endOf('down') }
}

interface Alternative {
  readonly direction: Direction
  readonly x: number
  readonly alpha: number
  readonly phi: number
}

/** ln E against the ratio e^x. */
function evidenceAt(ticks: readonly PairCounts[], { direction, x, alpha, phi }: Alternative): number {
  const evidence = createCountEvidence({ direction, nullRatio: Math.exp(x), cap: capOf(alpha) })
  for (const pair of ticks) evidence.advance(pair, phi)
  return evidence.logEvidence()
}

/** The excluded ratio nearest to e^far, from e^near on; undefined when not even e^near is excluded. `surplus` is above 0 where it is. */
function findEnd(near: number, far: number, surplus: (x: number) => number): number | undefined {
  let [excluded, above] = [near, surplus(near)]
  if (above < 0) return undefined
  let [included, below] = [far, Math.min(surplus(far), -1)]
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
