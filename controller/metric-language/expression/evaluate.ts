/** Walks the tree of a condition over one result, charging every node to the budget. No host object, clock or name is reachable. */
import { builtins } from './builtins.ts'
import { applyOperator, asBoolean, asNumber, type Evaluation, isList, readMember, typeName } from './operators.ts'
import { ExpressionError, type Node, type Value } from './syntax.ts'

interface Scope {
  readonly result: Value
  readonly element: Value
}

type Binary = Extract<Node, { kind: 'binary' }>
type Call = Extract<Node, { kind: 'call' }>
type Member = Extract<Node, { kind: 'member' }>
type Slice = Extract<Node, { kind: 'slice' }>

/** The value of the whole condition. Throws ExpressionError, or NoDataSignal when `nonFinite` is `noData`. */
export const evaluateTree = (root: Node, result: Value, evaluation: Evaluation): Value =>
  evaluate(root, { result, element: null }, evaluation)

function evaluate(node: Node, scope: Scope, evaluation: Evaluation): Value {
  evaluation.budget.spend(1, node.at)
  const value = (child: Node): Value => evaluate(child, scope, evaluation)
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'result':
      return scope.result
    case 'element':
      return scope.element
    case 'array':
      evaluation.budget.allocate(node.items.length, node.at)
      return node.items.map(value)
    case 'map':
      evaluation.budget.allocate(node.entries.length, node.at)
      return Object.fromEntries(node.entries.map(([key, child]) => [key, value(child)]))
    case 'not':
      return !asBoolean(value(node.operand), node.at)
    case 'negate':
      return -asNumber(value(node.operand), node.at)
    case 'plus':
      return asNumber(value(node.operand), node.at)
    case 'conditional':
      return asBoolean(value(node.test), node.at) ? value(node.yes) : value(node.no)
    case 'binary':
      return evaluateBinary(node, scope, evaluation)
    case 'member':
      return evaluateMember(node, value)
    case 'slice':
      return evaluateSlice(node, value, evaluation)
    case 'call':
      return evaluateCall(node, scope, evaluation)
  }
}

function evaluateBinary(node: Binary, scope: Scope, evaluation: Evaluation): Value {
  const { operator, at } = node
  const left = evaluate(node.left, scope, evaluation)
  const right = (): Value => evaluate(node.right, scope, evaluation)
  if (operator === 'and') return asBoolean(left, at) && asBoolean(right(), at)
  if (operator === 'or') return asBoolean(left, at) || asBoolean(right(), at)
  if (operator === '??') return left ?? right()
  return applyOperator(operator, left, right(), evaluation, at)
}

function evaluateMember(node: Member, value: (child: Node) => Value): Value {
  const target = value(node.target)
  if (target === null && node.optional) return null
  return readMember(target, value(node.key), node.at)
}

function evaluateSlice(node: Slice, value: (child: Node) => Value, evaluation: Evaluation): Value {
  const target = value(node.target)
  if (!isList(target) && typeof target !== 'string')
    throw new ExpressionError(`cannot slice ${typeName(target)}`, node.at)
  const from = node.from ? asNumber(value(node.from), node.at) : 0
  const to = node.to ? asNumber(value(node.to), node.at) : target.length
  evaluation.budget.allocate(target.length, node.at)
  return target.slice(from, to)
}

function evaluateCall(node: Call, scope: Scope, evaluation: Evaluation): Value {
  const builtin = Object.hasOwn(builtins, node.name) ? builtins[node.name] : undefined
  if (!builtin) throw new ExpressionError(`unknown function ${node.name}`, node.at)
  const { closure } = node
  return builtin({
    name: node.name,
    at: node.at,
    result: scope.result,
    args: node.args.map((child) => evaluate(child, scope, evaluation)),
    closure: closure ? (element) => evaluate(closure, { result: scope.result, element }, evaluation) : undefined,
    evaluation,
  })
}
