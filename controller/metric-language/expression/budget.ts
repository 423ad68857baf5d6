/**
 * What one evaluation may use: steps and newly made elements or characters. A condition comes from a tenant and runs in the
 * controller, so both end with an error instead of a stall.
 */
import { ExpressionError } from './syntax.ts'

export const LONGEST_SOURCE = 10_000
export const DEEPEST_NESTING = 64
/** A chain (`a && b && c`) nests without brackets; walking the tree must not exhaust the stack either. */
export const DEEPEST_TREE = 500
/** Of lists and maps in a result that are compared. */
export const DEEPEST_VALUE = 100
const MOST_STEPS = 500_000
const MOST_ALLOCATED = 200_000

export interface Budget {
  spend(steps: number, at: number): void
  allocate(elements: number, at: number): void
  /** Pays for reading a text from end to end. */
  read(text: string, at: number): void
}

/** Texts are read many characters at a time. */
const CHARACTERS_PER_STEP = 16

export function createBudget(): Budget {
  let steps = 0
  let allocated = 0
  const spend = (count: number, at: number): void => {
    steps += count
    if (steps > MOST_STEPS) throw new ExpressionError(`the condition takes more than ${MOST_STEPS} steps`, at)
  }
  return {
    spend,
    read: (text, at) => spend(Math.ceil(text.length / CHARACTERS_PER_STEP), at),
    allocate(elements, at) {
      allocated += elements
      if (allocated > MOST_ALLOCATED) {
        throw new ExpressionError(`the condition makes more than ${MOST_ALLOCATED} elements or characters`, at)
      }
    },
  }
}
