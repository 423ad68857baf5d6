/**
 * Puts a sentence on every field of a structural schema, for `kubectl explain`. Sentences stand in tables by the end of a field's path, so that
 * one sentence serves a field wherever it occurs; the longest end that fits wins. It must not change what a schema takes.
 */
import type { StructuralSchema } from './structural.ts'

/** Keys are ends of paths without the marks of lists, such as `pause.duration` or `status.conditions.type`. */
export type Descriptions = Readonly<Record<string, string>>

/** The sentence for a path, or undefined when no end of it is in the table. */
export function findDescription(path: readonly string[], table: Descriptions): string | undefined {
  for (let start = 0; start < path.length; start += 1) {
    const end = path.slice(start).join('.')
    if (Object.hasOwn(table, end)) return table[end]
  }
  return undefined
}

/** @param path Of the schema itself. */
export function describeFields(
  schema: StructuralSchema,
  path: readonly string[],
  table: Descriptions,
): StructuralSchema {
  const { properties, items, additionalProperties } = schema
  const named = Object.entries(properties ?? {}).map(([name, field]) => {
    const below = [...path, name]
    const description = findDescription(below, table)
    return [
      name,
      { ...(description === undefined ? {} : { description }), ...describeFields(field, below, table) },
    ] as const
  })
  return {
    ...schema,
    ...(properties ? { properties: Object.fromEntries(named) } : {}),
    ...(items ? { items: describeFields(items, path, table) } : {}),
    ...(additionalProperties ? { additionalProperties: describeFields(additionalProperties, path, table) } : {}),
  }
}
