/**
 * What expr-lang refuses before it evaluates because it knows the kinds of both sides: `result == "1"` for a number, a member of nil. Without it a
 * comparison that can never hold would be answered `false`, which a failureCondition reads as health.
 */
import { isList, typeName } from './operators.ts'
import { childrenOf, ExpressionError, type Node, type Value } from './syntax.ts'

/** As `typeName` says it; undefined where only evaluation tells. */
type Kind = string | undefined

const ARITHMETIC = new Set(['-', '*', '/', '%', '**'])
const NUMERIC_CALLS = new Set(['len', 'asInt', 'asFloat', 'int', 'float', 'abs', 'ceil', 'floor', 'round', 'count'])
const COMPARISONS = new Set(['==', '!='])

/** Throws {@link ExpressionError} at the first comparison that the kind of `result` makes senseless. */
export function checkKinds(root: Node, result: Value): void {
  const check = (node: Node): Kind => {
    const [first, second] = childrenOf(node).map(check)
    if (node.kind === 'binary' && COMPARISONS.has(node.operator)) checkComparison(node, first, second)
    if (node.kind === 'member') checkMember(node, first)
    return kindOf(node, first, second, result)
  }
  check(root)
}

function checkComparison(node: Extract<Node, { kind: 'binary' }>, left: Kind, right: Kind): void {
  if (left === undefined || right === undefined || left === right || left === 'nil' || right === 'nil') return
  throw new ExpressionError(`${node.operator} compares ${left} with ${right}`, node.at)
}

function checkMember(node: Extract<Node, { kind: 'member' }>, target: Kind): void {
  if (target === undefined || target === 'map' || target === 'list' || (target === 'nil' && node.optional)) return
  throw new ExpressionError(`cannot read a member of ${target}`, node.at)
}

function kindOf(node: Node, first: Kind, second: Kind, result: Value): Kind {
  switch (node.kind) {
    case 'literal':
      return typeName(node.value)
    case 'result':
      return typeName(result)
    case 'negate':
    case 'plus':
      return 'number'
    case 'binary':
      return kindOfBinary(node.operator, first, second)
    case 'call':
      return NUMERIC_CALLS.has(node.name) ? 'number' : undefined
    case 'member':
      return isNumberList(node.target, result) && first === 'list' ? 'number' : undefined
    default:
      return undefined
  }
}

const kindOfBinary = (operator: string, first: Kind, second: Kind): Kind =>
  ARITHMETIC.has(operator) ? 'number' : operator === '+' && first === second ? first : undefined

/** A vector: its elements are numbers for Argo as well. */
const isNumberList = (node: Node, result: Value): boolean =>
  node.kind === 'result' && isList(result) && result.length > 0 && result.every((item) => typeof item === 'number')
