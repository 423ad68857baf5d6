/** The JSON merge patch that turns one object into another; undefined when they are equal. Arrays count as values. */
type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

export function mergeDiff(before: Json, after: Json): Json | undefined {
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, next] = [before[key], after[key]]
    if (next === undefined || next === null) {
      if (old !== undefined && old !== null) patch[key] = null
    } else if (isObject(old) && isObject(next)) {
      const inner = mergeDiff(old, next)
      if (inner) patch[key] = inner
    } else if (!isEqual(old, next)) patch[key] = next
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, at) => isEqual(element, b[at]))
  return isObject(a) && isObject(b) && mergeDiff(a, b) === undefined
}
