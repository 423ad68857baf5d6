/** Whether a document passes a test of one value in it. What cannot be found passes nothing but `exists: false`. Pure. */
import type { ValueTest } from '../api/step-plugin-config.ts'
import { compilePattern } from '../metric-language/expression/pattern.ts'
import type { Value } from '../metric-language/expression/syntax.ts'
import { findByJsonPath, parseJsonPath } from '../metric-language/json-path.ts'
import { StepProblem } from './plugin.ts'

/** Throws {@link StepProblem} for a path or pattern that validation has refused before. */
export function passesTest(test: ValueTest, document: unknown): boolean {
  const parsed = parseJsonPath(test.jsonPath)
  if ('problem' in parsed) throw new StepProblem(parsed.problem)
  const [found] = findByJsonPath(parsed.path, document as Value)
  if (test.exists !== undefined) return (found !== undefined) === test.exists
  if (found === undefined) return false
  if (test.equals !== undefined) return found === test.equals
  const isScalar = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
  return isScalar && test.matches !== undefined && compile(test.matches).isFoundIn(String(found))
}

function compile(pattern: string) {
  try {
    return compilePattern(pattern, 0)
  } catch (error) {
    throw new StepProblem(error instanceof Error ? error.message : 'the pattern cannot be read')
  }
}
