/** Regular expressions of conditions: RE2 syntax in linear time, as in Go, because the pattern comes from a tenant. */
import { RE2JS } from 're2js'
import { ExpressionError } from './syntax.ts'

const LONGEST_PATTERN = 1000
/** What compiling one costs in steps: the worst measured took as long as so many. */
const COMPILE_STEPS = 10_000
/** RE2 refuses more repetitions than this in all. */
const MOST_REPETITIONS = 1000

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

/** Steps to charge for one match: linear in the text, times the size of the automaton that `a{500}` unfolds to. */
export function matchSteps(source: string, text: string): number {
  let repetitions = 1
  for (const [, least = '1', most] of source.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g))
    repetitions = Math.min(MOST_REPETITIONS, repetitions * Math.max(1, Number(most || least)))
  return 100 + Math.ceil(text.length * (1 + (source.length + repetitions) / 10))
}

export interface PatternCache {
  /** `spend` is asked to pay for a pattern that is new. */
  get(source: string, at: number, spend: (steps: number) => void): Pattern
}

/** The patterns of one evaluation: `all(result, # matches "^x")` compiles once, whatever the list's length. */
export function createPatternCache(): PatternCache {
  const compiled = new Map<string, Pattern>()
  return {
    get(source, at, spend) {
      const known = compiled.get(source)
      if (known) return known
      spend(COMPILE_STEPS)
      const pattern = compilePattern(source, at)
      compiled.set(source, pattern)
      return pattern
    },
  }
}
