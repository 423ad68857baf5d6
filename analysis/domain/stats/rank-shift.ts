/**
 * The shift between two samples by the Mann-Whitney rank sum, with its interval from the normal approximation: R's `wilcox.test(x, y, conf.int = TRUE,
 * exact = FALSE)`, which is also what Kayenta computes. Numbers only; what they mean is not decided here.
 */

/** A shift canary − baseline with its interval, in the unit of the values. */
export interface Shift {
  readonly lower: number
  readonly upper: number
  /** Hodges-Lehmann: the median of all differences. */
  readonly estimate: number
}

/** How near a root is found, in the unit of the values: R's `wilcox.test` and Kayenta. A hole for values of its own size. */
const ROOT_TOLERANCE = 1e-4
const MACHINE_EPSILON = Number.EPSILON
const MOST_STEPS = 1000

/**
 * Normal quantile by Wichura's AS 241 (PPND7, seven digits). `p` above 0 and below 1.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1)
    )
  }
  const tail = Math.sqrt(-Math.log(q < 0 ? p : 1 - p))
  const value = tail <= 5 ? nearTail(tail - 1.6) : farTail(tail - 5)
  return q < 0 ? -value : value
}

const nearTail = (r: number): number =>
  (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
  ((0.12021132975 * r + 0.7370016425) * r + 1)

const farTail = (r: number): number =>
  (((0.017337203997 * r + 0.42868294337) * r + 3.081226386) * r + 6.657905115) /
  ((0.012258202635 * r + 0.24197894225) * r + 1)

export const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)
export const at = (values: readonly number[], index: number): number => values[index] ?? Number.NaN

/** How often one value stands at the place of a sorted list, from `index` on. */
function countEqual(sorted: readonly number[], index: number, shift: number, value: number): number {
  let count = 0
  while (index + count < sorted.length && at(sorted, index + count) - shift === value) count++
  return count
}

/**
 * The standardized rank sum of x − mu against y (both ascending), with correction for ties and continuity. NaN when all are tied.
 */
export function rankStatistic(x: readonly number[], y: readonly number[], mu: number): number {
  const n = x.length
  const m = y.length
  let ranks = 0
  let ties = 0
  for (let i = 0, j = 0; i < n || j < m; ) {
    const value = Math.min(
      i < n ? at(x, i) - mu : Number.POSITIVE_INFINITY,
      j < m ? at(y, j) : Number.POSITIVE_INFINITY,
    )
    const ofX = countEqual(x, i, mu, value)
    const ofY = countEqual(y, j, 0, value)
    const tied = ofX + ofY
    ranks += ofX * (i + j + (tied + 1) / 2)
    ties += tied ** 3 - tied
    i += ofX
    j += ofY
  }
  const centered = ranks - (n * (n + 1)) / 2 - (n * m) / 2
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
  return variance > 0 ? (centered - Math.sign(centered) * 0.5) / Math.sqrt(variance) : Number.NaN
}

type Three = readonly [number, number, number]

/** The step that inverse interpolation takes from `b`; undefined when bisection is to be trusted more. */
function interpolate([a, b, c]: Three, [fa, fb, fc]: Three, previous: number, near: number): number | undefined {
  const s = fb / fa
  let p: number
  let q: number
  if (a === c) {
    p = (c - b) * s
    q = 1 - s
  } else {
    const t = fa / fc
    const r = fb / fc
    p = s * ((c - b) * t * (t - r) - (b - a) * (r - 1))
    q = (t - 1) * (r - 1) * (s - 1)
  }
  if (p > 0) q = -q
  else p = -p
  const isInside = p < 0.75 * (c - b) * q - Math.abs(near * q) / 2
  return isInside && p < Math.abs((previous * q) / 2) ? p / q : undefined
}

/**
 * Brent's root of a falling function between `low` and `high`, within `tolerance`. The values at both ends are of different signs. The steps are
 * those of R's `uniroot`: on a stair, where one stops depends on where one stepped.
 */
function findRoot(f: (x: number) => number, low: number, high: number, tolerance: number): number {
  let [a, b] = [low, high]
  let [fa, fb] = [f(a), f(b)]
  let [c, fc] = [a, fa]
  if (fa === 0) return a
  for (let step = 0; step < MOST_STEPS && fb !== 0; step++) {
    const previous = b - a
    if (Math.abs(fc) < Math.abs(fb)) {
      ;[a, b, c] = [b, c, b]
      ;[fa, fb, fc] = [fb, fc, fb]
    }
    const near = 2 * MACHINE_EPSILON * Math.abs(b) + tolerance / 2
    const half = (c - b) / 2
    if (Math.abs(half) <= near) return b
    const isTrusted = Math.abs(previous) >= near && Math.abs(fa) > Math.abs(fb)
    const wanted = (isTrusted ? interpolate([a, b, c], [fa, fb, fc], previous, near) : undefined) ?? half
    ;[a, fa] = [b, fb]
    b += Math.abs(wanted) < near ? Math.sign(wanted) * near : wanted
    fb = f(b)
    if (fb > 0 === fc > 0 && fb !== 0) [c, fc] = [a, fa]
  }
  return b
}

/**
 * The shift of x against y with its interval from the normal approximation, as R's `wilcox.test(x, y, conf.int = TRUE, exact = FALSE)` gives it.
 * `tolerance` is in the unit of the values. Undefined when ties leave nothing to compare.
 */
export function estimateShift(
  x: readonly number[],
  y: readonly number[],
  confidenceLevel: number,
  tolerance: number = ROOT_TOLERANCE,
): Shift | undefined {
  const [xs, ys] = [ascending(x), ascending(y)]
  const low = at(xs, 0) - at(ys, ys.length - 1)
  const high = at(xs, xs.length - 1) - at(ys, 0)
  const [atLow, atHigh] = [rankStatistic(xs, ys, low), rankStatistic(xs, ys, high)]
  if (Number.isNaN(atLow) || Number.isNaN(atHigh)) return undefined
  const rootAt = (level: number): number => {
    if (atLow - level <= 0) return low
    if (atHigh - level >= 0) return high
    return findRoot((mu) => rankStatistic(xs, ys, mu) - level, low, high, tolerance)
  }
  const level = -normalQuantile((1 - confidenceLevel) / 2)
  return { lower: rootAt(level), upper: rootAt(-level), estimate: rootAt(0) }
}
