/**
 * Whether an object already says what a merge patch would write, so that steady state stays silent. It knows the two
 * liberties servers take: zero values may be dropped, and lists of conditions are keyed by type.
 */
type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value that a Go server leaves out when it writes the object. */
const isZero = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === 0 ||
  value === '' ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.values(value).every(isZero))

/** True when every field of `wanted` has that value in `actual`; further fields and further conditions do not matter. */
export function covers(actual: unknown, wanted: unknown, field = ''): boolean {
  if (isZero(wanted)) return isZero(actual)
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual)) return false
    return field === 'conditions' ? coversConditions(actual, wanted) : coversItems(actual, wanted)
  }
  if (isRecord(wanted)) {
    return isRecord(actual) && Object.entries(wanted).every(([key, value]) => covers(actual[key], value, key))
  }
  return actual === wanted
}

const coversItems = (actual: readonly unknown[], wanted: readonly unknown[]): boolean =>
  actual.length === wanted.length && wanted.every((item, index) => covers(actual[index], item))

const coversConditions = (actual: readonly unknown[], wanted: readonly unknown[]): boolean =>
  wanted.every(
    (item) =>
      isRecord(item) && actual.some((known) => isRecord(known) && known.type === item.type && covers(known, item)),
  )
