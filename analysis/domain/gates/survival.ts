/**
 * How many requests are slower than x: read at the bounds of buckets, where it is exact, and between them on logarithmic scales, where latencies
 * are nearly straight. Nothing here decides.
 */
import type { LatencyTick, PodLatency } from './samples.ts'

export interface Survival {
  /** Seconds, above 0, ascending. */
  readonly bounds: readonly number[]
  /** By bound: requests slower than it. */
  readonly slower: readonly number[]
  readonly total: number
}

/** Of everything that one arm did within these ticks. */
export function sumSurvival(
  ticks: readonly LatencyTick[],
  arm: 'canary' | 'stable',
  bounds: readonly number[],
): Survival {
  const slower = bounds.map(() => 0)
  let total = 0
  for (const tick of ticks) total += addPods(slower, tick[arm])
  return { bounds, slower, total }
}

/** Adds up pods by bound and returns how many requests they had. */
export function addPods(slower: number[], pods: readonly PodLatency[]): number {
  let total = 0
  for (const pod of pods) {
    total += pod.total
    for (let bound = 0; bound < slower.length; bound += 1)
      slower[bound] = (slower[bound] ?? 0) + (pod.slower[bound] ?? 0)
  }
  return total
}

/** Half a request is added: the logarithm of nothing would be no number, and one more or less changes nothing else. */
export const logShare = (slower: number, total: number): number => Math.log((slower + 0.5) / (total + 1))

/**
 * The latency that a share `1 - quantile` of requests exceeds, in seconds: straight between bounds on two logarithmic scales, and on a linear one
 * below the first bound. Undefined without requests and when it lies beyond the last bound.
 */
export function logQuantile(quantile: number, { bounds, slower, total }: Survival): number | undefined {
  if (total <= 0) return undefined
  const wanted = Math.log(1 - quantile)
  const above = bounds.findIndex((_, index) => logShare(slower[index] ?? 0, total) < wanted)
  const upper = bounds[above]
  if (upper === undefined) return undefined
  const upperShare = logShare(slower[above] ?? 0, total)
  const lower = bounds[above - 1]
  if (lower === undefined) return upper * Math.min(1, quantile / (1 - Math.exp(upperShare)))
  const lowerShare = logShare(slower[above - 1] ?? 0, total)
  return lower * (upper / lower) ** ((wanted - lowerShare) / (upperShare - lowerShare))
}

/**
 * How many times as many requests are slower than `bounds[at]` when all take `scale` times as long: S(b/scale)/S(b), at least 1. The curve runs through the
 * bound, the nearest one at or below b/scale, and one neighbour (quadratic in ln x, ln S); a straight line when there are only two. Undefined for a
 * bound with nothing below it.
 */
export function scaledRatio({ bounds, slower, total }: Survival, at: number, scale: number): number | undefined {
  const bound = bounds[at]
  if (bound === undefined || total <= 0) return undefined
  const wanted = bound / scale
  const below = bounds.findLastIndex((one, index) => index < at && one <= wanted * (1 + ROUNDING))
  if (below < 0) return undefined
  const logOf = (index: number): Point => ({
    x: Math.log(bounds[index] ?? 1),
    y: logShare(slower[index] ?? 0, total),
  })
  const ends = [logOf(below), logOf(at)] as const
  const third = [at + 1, below - 1].find((index) => (slower[index] ?? 0) >= FEWEST_SLOWER)
  const y = third === undefined ? readLine(ends, Math.log(wanted)) : readParabola(ends, logOf(third), Math.log(wanted))
  return Math.exp(Math.min(ends[0].y, Math.max(ends[1].y, y)) - ends[1].y)
}

const ROUNDING = 1e-9
/** Fewer than these say nothing about the curve. */
const FEWEST_SLOWER = 20

interface Point {
  readonly x: number
  readonly y: number
}

const readLine = ([one, other]: readonly [Point, Point], x: number): number =>
  one.y + ((other.y - one.y) * (x - one.x)) / (other.x - one.x)

/** Newton's form: the line through the two, bent to meet the third. */
function readParabola(ends: readonly [Point, Point], third: Point, x: number): number {
  const [one, other] = ends
  const bend = (third.y - readLine(ends, third.x)) / ((third.x - one.x) * (third.x - other.x))
  return readLine(ends, x) + bend * (x - one.x) * (x - other.x)
}
