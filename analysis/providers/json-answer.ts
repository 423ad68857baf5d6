/**
 * JSON of the other side, read and shown within bounds. It must not know what an answer means.
 */
import type { z } from 'zod'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import { boundText } from './provider.ts'

/** Deeper documents are not judged: reading them takes a stack. */
export const DEEPEST_DOCUMENT = 100

/** `undefined` when the text is not JSON (which has no such value). */
export function readJson(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value
  } catch {
    return undefined
  }
}

/** The document in the shape that is expected of it; undefined when it is not JSON or has another shape. */
export function readShape<Shape>(schema: z.ZodType<Shape>, text: string): Shape | undefined {
  const parsed = schema.safeParse(readJson(text))
  return parsed.success ? parsed.data : undefined
}

export function isDeeperThan(value: Value, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((entry: Value) => isDeeperThan(entry, levels - 1))
}

/** As JSON with sorted keys, bounded; the value must not be deeper than {@link DEEPEST_DOCUMENT}. */
export const renderValue = (value: Value): string => boundText(JSON.stringify(sortKeys(value)))

function sortKeys(value: Value): Value {
  if (Array.isArray(value)) return value.map((entry: Value) => sortKeys(entry))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, entry]) => [key, sortKeys(entry)]))
}
