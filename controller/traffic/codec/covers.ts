/** Whether an object holds what was written into it, whatever the API server or others have added. */

/** True when `actual` says everything that `wanted` says; lists have to be as long, item by item. */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) && actual.length === wanted.length && wanted.every((value, at) => covers(actual[at], value))
    )
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted
  if (typeof actual !== 'object' || actual === null) return false
  const held = new Map<string, unknown>(Object.entries(actual))
  return Object.entries(wanted).every(([key, value]) => covers(held.get(key), value))
}
