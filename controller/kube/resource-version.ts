/** Order of resourceVersions. Kubernetes lets clients compare them as integers of any length within one resource type. Pure. */

const DECIMAL = /^[0-9]+$/

/**
 * Negative, 0 or positive as `a` is older than, equal to or newer than `b`; undefined when either is no integer and therefore
 * has no order.
 */
export function compareResourceVersions(a: string | undefined, b: string | undefined): number | undefined {
  if (a === undefined || b === undefined || !DECIMAL.test(a) || !DECIMAL.test(b)) return undefined
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** True when `seen` is known to be at least as new as `wanted`; unknown order counts as not caught up unless equal. */
export function hasReached(seen: string | undefined, wanted: string): boolean {
  if (seen === wanted) return true
  const order = compareResourceVersions(seen, wanted)
  return order !== undefined && order >= 0
}
