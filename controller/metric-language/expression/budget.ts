/**
 * What one evaluation may use: steps and newly made elements or characters. A condition comes from a tenant and runs in the
 * controller, so both end with an error instead of a stall.
 */
import { ExpressionError } from './syntax.ts'

export const LONGEST_SOURCE = 10_000
export const DEEPEST_NESTING = 64
const MOST_STEPS = 500_000
const MOST_ALLOCATED = 200_000

export interface Budget {
  spend(steps: number, at: number): void
  allocate(elements: number, at: number): void
}

export function createBudget(): Budget {
  let steps = 0
  let allocated = 0
  return {
    spend(count, at) {
      steps += count
      if (steps > MOST_STEPS) throw new ExpressionError(`the condition takes more than ${MOST_STEPS} steps`, at)
    },
    allocate(elements, at) {
      allocated += elements
      if (allocated > MOST_ALLOCATED) {
        throw new ExpressionError(`the condition makes more than ${MOST_ALLOCATED} elements or characters`, at)
      }
    },
  }
}
