/** What a schema finds wrong with the shape of a manifest, in plain words. Rules between fields have files of their own. */
import type { z } from 'zod'
import { type Problem, renderPath } from './problem.ts'

const MOST_TOLD = 10

const WORDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'a string (put it in quotes)',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

/** @param root Path of what was parsed, such as `spec`. */
export const listShapeProblems = (error: z.ZodError, root: string): readonly Problem[] =>
  error.issues.slice(0, MOST_TOLD).flatMap((issue) => {
    // What is not known is named itself, not what it stands in.
    if (issue.code !== 'unrecognized_keys') return [{ field: renderPath(root, issue.path), ...describe(issue) }]
    return issue.keys.map((key) => ({
      field: renderPath(root, [...issue.path, key]),
      message: 'is not known',
      fix: 'remove it',
    }))
  })

function describe(issue: z.core.$ZodIssue): Omit<Problem, 'field'> {
  if (issue.code === 'invalid_type') {
    const wanted = WORDS[issue.expected] ?? issue.expected
    const received = /received (\w+)/.exec(issue.message)?.[1]
    if (received === 'undefined') return { message: 'is missing', fix: `add it: ${wanted}` }
    return { message: `must be ${wanted}${received === undefined ? '' : `, is ${withArticle(received)}`}` }
  }
  if (issue.code === 'invalid_value')
    return { message: `must be one of: ${issue.values.filter((value) => value !== '').join(', ')}` }
  if (issue.code === 'invalid_union')
    return { message: 'must be a whole number or a string', fix: 'for example 1 or "25%"' }
  return { message: issue.message }
}

const withArticle = (type: string): string =>
  type === 'null' ? 'null' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
