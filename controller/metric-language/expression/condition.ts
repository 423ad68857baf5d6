/**
 * The entrance of the condition language: compile the text of a successCondition or failureCondition once, evaluate it on a result. Errors
 * come back as text with the position and a caret; nothing is thrown.
 */
import { createBudget } from './budget.ts'
import { evaluateTree } from './evaluate.ts'
import { checkKinds } from './kinds.ts'
import { NoDataSignal, typeName } from './operators.ts'
import { parseExpression } from './parse.ts'
import { createPatternCache } from './pattern.ts'
import { ExpressionError, type Node, renderProblem, type Value } from './syntax.ts'

export interface Condition {
  readonly source: string
  readonly tree: Node
}

export type CompiledCondition = { readonly condition: Condition } | { readonly problem: string }

/** What a condition said about one result. */
export type ConditionOutcome =
  | { readonly kind: 'answer'; readonly answer: boolean }
  | { readonly kind: 'noData'; readonly why: string }
  | { readonly kind: 'error'; readonly message: string }

/** `problem` holds the message, the column, the line and a caret below the mistake. */
export function compileCondition(source: string): CompiledCondition {
  try {
    return { condition: { source, tree: parseExpression(source) } }
  } catch (error) {
    if (error instanceof ExpressionError) return { problem: renderProblem(source, error) }
    throw error
  }
}

/** `nonFinite: 'noData'` is the strict reading, `'compare'` is Go's. */
export function evaluateCondition(
  condition: Condition,
  result: Value,
  nonFinite: 'noData' | 'compare',
): ConditionOutcome {
  try {
    checkKinds(condition.tree, result)
    const evaluation = { budget: createBudget(), patterns: createPatternCache(), nonFinite }
    const answer = evaluateTree(condition.tree, result, evaluation)
    if (typeof answer === 'boolean') return { kind: 'answer', answer }
    return { kind: 'error', message: `expected bool, but got ${typeName(answer)}: ${condition.source}` }
  } catch (error) {
    if (error instanceof NoDataSignal) return { kind: 'noData', why: error.message }
    if (error instanceof ExpressionError) return { kind: 'error', message: renderProblem(condition.source, error) }
    throw error
  }
}
