/** Whether a rule as the API server holds it is the one that was written: filled in, perhaps without its name, but not one condition more or less. */
import type { RouteRule } from './objects.ts'

export function saysRule(actual: RouteRule, wanted: RouteRule): boolean {
  const [{ name: _, ...found }, { name: __, ...asked }] = [actual, wanted]
  return says(found, asked)
}

/** What API servers fill in, as JSON. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['group', '""'],
  ['kind', '"Service"'],
  ['type', '"Exact"'],
  ['path', '{"type":"PathPrefix","value":"/"}'],
])

function says(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) && actual.length === wanted.length && wanted.every((value, at) => says(actual[at], value))
    )
  if (!isObject(wanted)) return actual === wanted
  if (!isObject(actual)) return false
  const [held, asked] = [new Map(Object.entries(actual)), new Map(Object.entries(wanted))]
  const isExtra = ([key, value]: readonly [string, unknown]): boolean =>
    !asked.has(key) && key !== 'weight' && DEFAULTS.get(key) !== JSON.stringify(value)
  return ![...held].some(isExtra) && [...asked].every(([key, value]) => says(held.get(key), value))
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
