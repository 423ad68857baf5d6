/**
 * The ratios that the evidence does not exclude: { r0 : E(r0) < 1/α }, each end to one step of a fixed grid over ln r0. Valid at any look, as E is.
 * E falls as r0 moves away from what was seen, so an end is one step of the grid wherever its search begins: one that begins at the end of the look
 * before takes a few steps, and finds the same. Limited counts, where there are some, speak for the harmful end and beyond 1 only.
 */
import type { PairCounts } from './arms.ts'
import { type CountEvidence, capOf, createCountEvidence, type Direction } from './count-evidence.ts'
import { mixLogs } from './log-space.ts'
import { type PairSeries, pairsOf } from './pair-log.ts'
import type { Look } from './ticks.ts'

/** ln of the ratio beyond which ends are called unknown: 1000. */
const WIDEST = Math.log(1000)
/** An end is known to one percent, on the side of what is not excluded. */
const STEP = 0.01
/** Share of the bet that stays on whole counts. */
const WHOLE_COUNTS = 0.5

/** The same rollout in limited counts; `direction` is the harmful one. */
export interface LimitedSide {
  readonly ticks: PairSeries
  readonly phi: number
  readonly direction: Direction
}

type Interval = Pick<Look, 'ratioLower' | 'ratioUpper'>

/** An end is undefined where no ratio on that side is excluded. */
type FindInterval = (ticks: PairSeries, phi: number, limited?: LimitedSide) => Interval

/** Begins each search where the one before ended. `ticks` of a later look are those of the one before, and what has come since. */
export function createIntervalFinder(alpha: number): FindInterval {
  const atOne = Math.floor(WIDEST / STEP)
  const hints = { lower: atOne, upper: atOne, beyondOne: 0 }
  const [wholeReadings, limitedReadings] = [createReadings(alpha), createReadings(alpha)]

  return (ticks, phi, limited) => {
    const wholeAt = wholeReadings(ticks, phi)
    const limitedAt = limited && limitedReadings(limited.ticks, limited.phi)
    const endOf = (direction: Direction): number | undefined => {
      const sign = direction === 'up' ? 1 : -1
      if (limitedAt !== undefined && limited?.direction === direction) {
        const isExcluded = (x: number): boolean =>
          mixLogs(WHOLE_COUNTS, wholeAt(direction, x), limitedAt(direction, x)) >= -Math.log(alpha)
        const steps = findLast(hints.beyondOne, WIDEST / STEP, (step) => isExcluded(sign * step * STEP))
        hints.beyondOne = steps ?? 0
        if (steps !== undefined) return Math.exp(sign * steps * STEP)
      }
      const end = direction === 'up' ? 'lower' : 'upper'
      const at = (step: number): number => sign * (step * STEP - WIDEST)
      const steps = findLast(
        hints[end],
        (2 * WIDEST) / STEP,
        (step) => wholeAt(direction, at(step)) >= -Math.log(alpha),
      )
      hints[end] = steps ?? 0
      return steps === undefined ? undefined : Math.exp(at(steps))
    }
    return { ratioLower: endOf('up'), ratioUpper: endOf('down') }
  }
}

export function ratioInterval(
  ticks: readonly PairCounts[],
  alpha: number,
  phi: number,
  limited?: LimitedSide,
): Interval {
  return createIntervalFinder(alpha)(pairsOf(ticks), phi, limited)
}

/** ln E against the ratio e^x. */
type EvidenceAt = (direction: Direction, x: number) => number

interface Reading {
  readonly evidence: CountEvidence
  /** So many places of the ticks are in it. */
  read: number
}

/**
 * Evidence against the ratios that a search asks for. Those that the last one asked for are gone on with, as the next one hardly ever asks for others, and
 * read all ticks again only where the noise is another.
 */
function createReadings(alpha: number): (ticks: PairSeries, phi: number) => EvidenceAt {
  let before: { readonly phi: number; readonly readings: ReadonlyMap<string, Reading> } | undefined

  return (ticks, phi) => {
    const known = before?.phi === phi ? before.readings : undefined
    const readings = new Map<string, Reading>()
    before = { phi, readings }
    return (direction, x) => {
      const key = `${direction}${x}`
      const reading = readings.get(key) ?? known?.get(key) ?? begin(direction, x)
      readings.set(key, reading)
      ticks.forEach((pair) => {
        reading.evidence.advance(pair, phi)
      }, reading.read)
      reading.read = ticks.length
      return reading.evidence.logEvidence()
    }
  }

  function begin(direction: Direction, x: number): Reading {
    return { evidence: createCountEvidence({ direction, nullRatio: Math.exp(x), cap: capOf(alpha) }), read: 0 }
  }
}

/**
 * The last step before `end` that holds, where all up to it do and none after it; undefined where not even the first one does. The search widens
 * from `hint` on, then halves.
 */
function findLast(hint: number, end: number, holds: (step: number) => boolean): number | undefined {
  const beyond = Math.floor(end)
  let [last, next] = [-1, beyond]
  let at = Math.min(hint, beyond - 1)
  for (let width = 1; ; width *= 4) {
    const isLast = holds(at)
    if (isLast) last = at
    else next = at
    const further = isLast ? at + width : at - width
    if (further <= last || further >= next) break
    at = further
  }
  while (next - last > 1) {
    const middle = (last + next) >> 1
    if (holds(middle)) last = middle
    else next = middle
  }
  return last < 0 ? undefined : last
}
