/**
 * Checks one manifest against the schemas of its kind and says in plain words what does not fit; fields that no schema knows are warned
 * about with the nearest known name, because the API server keeps them silently. Pure; rules between fields are the validators' business.
 */
import type { z } from 'zod'
import { analysisRunSpecSchema, analysisTemplateSpecSchema } from '../../controller/api/analysis.ts'
import { type StructuralSchema, structuralSchema } from '../../controller/api/crd/structural.ts'
import { experimentSpecSchema } from '../../controller/api/experiment.ts'
import { rolloutSpecSchema } from '../../controller/api/rollout.ts'
import { type Problem, renderField } from './problem.ts'

const specSchemas: Readonly<Record<string, z.ZodType>> = {
  Rollout: rolloutSpecSchema,
  AnalysisTemplate: analysisTemplateSpecSchema,
  ClusterAnalysisTemplate: analysisTemplateSpecSchema,
  AnalysisRun: analysisRunSpecSchema,
  Experiment: experimentSpecSchema,
}

export const API_VERSION = 'argoproj.io/v1alpha1'

export const isKnownKind = (kind: string): boolean => Object.hasOwn(specSchemas, kind)

/** Problems of shape in `spec`, in the order of the fields. */
export function checkShape(kind: string, object: Readonly<Record<string, unknown>>): readonly Problem[] {
  const schema = specSchemas[kind]
  if (!schema) return []
  if (object.spec === undefined || object.spec === null)
    return [{ field: 'spec', message: 'is missing', fix: `add a spec: every ${kind} needs one` }]
  const result = schema.safeParse(object.spec)
  return [
    ...(result.error?.issues ?? []).map(describeIssue),
    ...listUnknownFields(object.spec, structuralSchema(schema), ['spec']),
  ]
}

function describeIssue(issue: z.core.$ZodIssue): Problem {
  const field = renderField(['spec', ...issue.path])
  if (issue.code === 'invalid_type') {
    const wanted = words[issue.expected] ?? issue.expected
    const received = receivedIn(issue.message)
    return received === 'undefined'
      ? { field, message: 'is missing', fix: `add it: ${wanted}` }
      : { field, message: `must be ${wanted}${received === undefined ? '' : `, is ${withArticle(received)}`}` }
  }
  if (issue.code === 'invalid_value')
    return { field, message: `must be one of: ${issue.values.filter((value) => value !== '').join(', ')}` }
  if (issue.code === 'invalid_union')
    return { field, message: 'must be a whole number or a string', fix: 'for example 1 or "25%"' }
  return { field, message: issue.message }
}

const words: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'a string (put it in quotes)',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

const receivedIn = (message: string): string | undefined => /received (\w+)/.exec(message)?.[1]

const withArticle = (type: string): string => `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`

function listUnknownFields(
  value: unknown,
  schema: StructuralSchema,
  path: readonly (string | number)[],
): readonly Problem[] {
  const { items, properties } = schema
  if (Array.isArray(value))
    return items ? value.flatMap((element, index) => listUnknownFields(element, items, [...path, index])) : []
  if (typeof value !== 'object' || value === null || !properties) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const known = properties[name]
    if (known) return listUnknownFields(child, known, [...path, name])
    const nearest = findNearest(name, Object.keys(properties))
    return [
      {
        field: renderField([...path, name]),
        message: 'is not a field that Penstock knows; it has no effect',
        fix: nearest === undefined ? 'remove it' : `did you mean "${nearest}"?`,
        severity: 'warning' as const,
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

/** Levenshtein distance; names longer than 64 characters count as far away. */
function countEdits(from: string, to: string): number {
  if (from.length > 64 || to.length > 64) return Number.POSITIVE_INFINITY
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
