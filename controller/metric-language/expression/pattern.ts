/** Regular expressions of conditions: RE2 syntax in linear time, as in Go, because the pattern comes from a tenant. */
import { RE2JS } from 're2js'
import { ExpressionError } from './syntax.ts'

const LONGEST_PATTERN = 1000

export interface Pattern {
  /** Whether the pattern occurs anywhere in the text. */
  isFoundIn(text: string): boolean
}

/** Throws {@link ExpressionError} when the pattern is too long or not RE2. */
export function compilePattern(source: string, at: number): Pattern {
  if (source.length > LONGEST_PATTERN)
    throw new ExpressionError(`the pattern is longer than ${LONGEST_PATTERN} characters`, at)
  try {
    const compiled = RE2JS.compile(source)
    return { isFoundIn: (text) => compiled.matcher(text).find() }
  } catch (error) {
    throw new ExpressionError(`bad pattern: ${error instanceof Error ? error.message : String(error)}`, at)
  }
}
