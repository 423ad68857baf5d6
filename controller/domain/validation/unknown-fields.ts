/**
 * Fields that no schema knows: the API server keeps them silently, and nobody obeys them. Each is told with the nearest known name. They never
 * make a manifest invalid: a newer Argo may know them.
 */

import type { z } from 'zod'
import { type StructuralSchema, structuralSchema } from '../../api/crd/structural.ts'
import { type Problem, renderPath } from './problem.ts'

const LONGEST_NAME = 64

/** Converts the schema once; the finder that comes back is for values below `root`. */
export function unknownFieldsFinder(schema: z.ZodType, root: string): (value: unknown) => readonly Problem[] {
  let structural: StructuralSchema | undefined
  return (value) => {
    structural ??= structuralSchema(schema)
    return find(value, structural, root)
  }
}

function find(value: unknown, { items, properties }: StructuralSchema, path: string): readonly Problem[] {
  if (Array.isArray(value))
    return items ? value.flatMap((element, index) => find(element, items, renderPath(path, [index]))) : []
  if (typeof value !== 'object' || value === null || !properties) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known) return find(child, known, renderPath(path, [name]))
    const nearest = findNearest(name, Object.keys(properties))
    return [
      {
        field: renderPath(path, [name]),
        message: 'is not a field that Penstock knows; it has no effect',
        fix: nearest === undefined ? 'remove it' : `did you mean "${nearest}"?`,
      },
    ]
  })
}

/** The known name that is at most two edits (a third of its length for short names) away. */
function findNearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, edits: countEdits(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((left, right) => left.edits - right.edits)
  const best = ranked[0]
  return best && best.edits <= Math.min(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}

/** Levenshtein distance; long names count as far away. */
function countEdits(from: string, to: string): number {
  if (from.length > LONGEST_NAME || to.length > LONGEST_NAME) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of from.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of to.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
