/**
 * Sums of numbers that are known by their logarithms only, because the numbers themselves would leave the range of a double. Never NaN for
 * finite input or -Infinity (which stands for zero).
 */

/** exp of more than this is shown as this: evidence is a finite number in every output. */
const LARGEST_EXPONENT = 690

/** ln(e^a + e^b). */
export function addLogs(a: number, b: number): number {
  const larger = a > b ? a : b
  const smaller = a > b ? b : a
  if (smaller === Number.NEGATIVE_INFINITY) return larger
  return larger + Math.log1p(Math.exp(smaller - larger))
}

/** ln(w·e^a + (1−w)·e^b), 0 ≤ w ≤ 1. */
export function mixLogs(weight: number, a: number, b: number): number {
  return addLogs(Math.log(weight) + a, Math.log1p(-weight) + b)
}

/** e^x, finite for every x. */
export function fromLog(x: number): number {
  return Math.exp(Math.min(x, LARGEST_EXPONENT))
}
