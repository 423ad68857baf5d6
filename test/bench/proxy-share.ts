/** Whether an observed share is what a weight says. Pure. Two judges: a band in percentage points for figures, and chance itself for tests. */

/** What a weight is allowed to be off by, at 10,000 requests: three standard deviations of the worst case, a share of one half. */
export const MOST_POINTS_OFF = 1.5

/** Percentage points between the share that was seen and the one that was asked for. */
export const pointsOff = (hits: number, requests: number, share: number): number =>
  Math.abs(hits / requests - share) * 100

/** Two-sided chance of six standard deviations of a normal curve. */
const SIX_SIGMA = 2e-9

/**
 * False when `hits` of `requests` independent draws with chance `share` is less likely than six standard deviations of a normal curve. The
 * binomial tail is summed up as it is: near 0 and 1 the normal curve would be wrong. A share of 0 or 1 is exact.
 */
export function isPlausible(hits: number, requests: number, share: number): boolean {
  if (share <= 0 || share >= 1) return hits === Math.round(share) * requests
  const isLow = hits <= requests * share
  let tail = 0
  for (let k = isLow ? 0 : hits; k <= (isLow ? hits : requests); k += 1)
    tail += Math.exp(logChoose(requests, k) + k * Math.log(share) + (requests - k) * Math.log1p(-share))
  return tail >= SIX_SIGMA / 2
}

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

const logFactorials: number[] = [0]
function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i += 1) logFactorials.push((logFactorials[i - 1] ?? 0) + Math.log(i))
  return logFactorials[n] ?? 0
}
