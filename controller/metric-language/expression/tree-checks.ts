/** What the grammar lets through and a condition must not have: trees too deep to walk, `??` beside other operators, patterns that are none. */
import { DEEPEST_TREE } from './budget.ts'
import { compilePattern } from './pattern.ts'
import { childrenOf, ExpressionError, type Node } from './syntax.ts'

/** Level by level, because a chain of 5000 links is as deep a tree as one of 5000 brackets. */
export function refuseDeepTree(root: Node): void {
  let level: readonly Node[] = [root]
  for (let depth = 1; level.length > 0; depth += 1) {
    const [first] = level
    if (depth > DEEPEST_TREE && first)
      throw new ExpressionError(`the condition nests deeper than ${DEEPEST_TREE} levels`, first.at)
    level = level.flatMap(childrenOf)
  }
}

/** As in expr-lang: who reads `a ?? 5 == 5` cannot know what is meant. */
export function refuseMixedCoalesce(left: Node, next: Node): void {
  if (left.kind !== 'binary' || left.operator !== '??') return
  const operator = next.kind === 'binary' ? next.operator : next.kind
  if (operator === '??' || operator === 'call') return
  throw new ExpressionError(`"${operator}" and "??" cannot be mixed; put one of them into parentheses`, next.at)
}

/** A pattern that is written out is compiled now, so that a bad one is found before it is needed. */
export function refuseBadPattern(node: Node): void {
  if (node.kind === 'literal' && typeof node.value === 'string') compilePattern(node.value, node.at)
}
