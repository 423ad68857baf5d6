/**
 * The operators on values. `nonFinite: 'noData'` makes a comparison with NaN or an infinity end the evaluation as "no data" instead of
 * answering: in Go `NaN > limit` is false, and a failureCondition would read that as health. `'compare'` is Argo's reading, also of nil.
 */
import { type Budget, DEEPEST_VALUE } from './budget.ts'
import { matchSteps, type PatternCache } from './pattern.ts'
import { type BinaryOperator, ExpressionError, type Value } from './syntax.ts'
import { containsText } from './text-search.ts'

export interface Evaluation {
  readonly budget: Budget
  readonly patterns: PatternCache
  readonly nonFinite: 'noData' | 'compare'
}

/** The data the condition needs is not there; carries why. */
export class NoDataSignal extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'NoDataSignal'
  }
}

export function typeName(value: Value): string {
  if (value === null) return 'nil'
  if (Array.isArray(value)) return 'list'
  return typeof value === 'object' ? 'map' : typeof value
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isMap = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function asNumber(value: Value, at: number): number {
  if (typeof value === 'number') return value
  throw new ExpressionError(`a number is needed, this is ${typeName(value)}`, at)
}

export function asList(value: Value, at: number): readonly Value[] {
  if (isList(value)) return value
  throw new ExpressionError(`a list is needed, this is ${typeName(value)}`, at)
}

export function asText(value: Value, at: number): string {
  if (typeof value === 'string') return value
  throw new ExpressionError(`a string is needed, this is ${typeName(value)}`, at)
}

export function asBoolean(value: Value, at: number): boolean {
  if (typeof value === 'boolean') return value
  throw new ExpressionError(`true or false is needed, this is ${typeName(value)}`, at)
}

/** A value's own member; nil when it has none. Nothing of JavaScript's prototypes is reachable. */
export function readMember(target: Value, key: Value, at: number): Value {
  if (isList(target)) {
    if (typeof key !== 'number' || !Number.isInteger(key))
      throw new ExpressionError('the index of a list must be a whole number', at)
    const item = target.at(key)
    if (item === undefined) throw new ExpressionError(`index out of range: ${key} (the list has ${target.length})`, at)
    return item
  }
  if (!isMap(target)) throw new ExpressionError(`cannot read a member of ${typeName(target)}`, at)
  const name = typeof key === 'number' ? String(key) : asText(key, at)
  return Object.hasOwn(target, name) ? (target[name] ?? null) : null
}

/** Looking a key up in a wide map costs more than the next element of a list. */
const STEPS_PER_KEY = 4

export function equals(left: Value, right: Value, evaluation: Evaluation, at: number, depth = 0): boolean {
  evaluation.budget.spend(1, at)
  if (depth > DEEPEST_VALUE) throw new ExpressionError(`the values nest deeper than ${DEEPEST_VALUE} levels`, at)
  if (typeof left === 'string' && typeof right === 'string') {
    evaluation.budget.read(left, at)
    return left === right
  }
  const same = (a: Value | undefined, b: Value | undefined): boolean =>
    equals(a ?? null, b ?? null, evaluation, at, depth + 1)
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, index) => same(item, right[index]))
  }
  if (isMap(left) && isMap(right)) {
    const keys = Object.keys(left)
    evaluation.budget.spend(keys.length * STEPS_PER_KEY, at)
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
    )
  }
  return left === right
}

function requireFinite(value: Value, evaluation: Evaluation): void {
  if (evaluation.nonFinite === 'noData' && typeof value === 'number' && !Number.isFinite(value))
    throw new NoDataSignal(`the condition compares ${value}`)
}

function order(
  left: Value,
  right: Value,
  { budget }: Evaluation,
  at: number,
): readonly [number | string, number | string] {
  if (typeof left === 'number' && typeof right === 'number') return [left, right]
  if (typeof left === 'string' && typeof right === 'string') {
    budget.read(left, at)
    return [left, right]
  }
  throw new ExpressionError(`cannot compare ${typeName(left)} with ${typeName(right)}`, at)
}

function isContained(needle: Value, holder: Value, evaluation: Evaluation, at: number): boolean {
  if (isList(holder)) return holder.some((item) => equals(needle, item, evaluation, at))
  if (isMap(holder)) return typeof needle === 'string' && Object.hasOwn(holder, needle)
  if (holder === null && evaluation.nonFinite === 'compare') return false
  throw new ExpressionError(`"in" needs a list or a map on its right, this is ${typeName(holder)}`, at)
}

function add(left: Value, right: Value, evaluation: Evaluation, at: number): Value {
  if (typeof left === 'string' && typeof right === 'string') {
    evaluation.budget.allocate(left.length + right.length, at)
    return left + right
  }
  return asNumber(left, at) + asNumber(right, at)
}

function range(from: Value, to: Value, evaluation: Evaluation, at: number): Value {
  const first = asNumber(from, at)
  const length = Math.max(0, asNumber(to, at) - first + 1)
  if (!Number.isInteger(first) || !Number.isInteger(length))
    throw new ExpressionError('a range needs whole numbers', at)
  evaluation.budget.allocate(length, at)
  return Array.from({ length }, (_, index) => first + index)
}

function remainder(left: number, right: number, at: number): number {
  if (!Number.isInteger(left) || !Number.isInteger(right)) throw new ExpressionError('"%" needs whole numbers', at)
  if (right === 0) throw new ExpressionError('integer divide by zero', at)
  return left % right
}

type StrictOperator = Exclude<BinaryOperator, 'and' | 'or' | '??'>

/** An operator that needs both sides; `and`, `or` and `??` are lazy and live in the evaluator. */
export function applyOperator(
  operator: StrictOperator,
  left: Value,
  right: Value,
  evaluation: Evaluation,
  at: number,
): Value {
  switch (operator) {
    case '==':
    case '!=': {
      requireFinite(left, evaluation)
      requireFinite(right, evaluation)
      return equals(left, right, evaluation, at) === (operator === '==')
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      requireFinite(left, evaluation)
      requireFinite(right, evaluation)
      return compare(operator, order(left, right, evaluation, at))
    case 'in':
      return isContained(left, right, evaluation, at)
    case 'contains':
      return contains(asText(left, at), asText(right, at), evaluation, at)
    case 'startsWith':
    case 'endsWith':
      return touches(operator, asText(left, at), asText(right, at), evaluation, at)
    case 'matches':
      return matches(asText(left, at), asText(right, at), evaluation, at)
    case '..':
      return range(left, right, evaluation, at)
    case '+':
      return add(left, right, evaluation, at)
    case '-':
      return asNumber(left, at) - asNumber(right, at)
    case '*':
      return asNumber(left, at) * asNumber(right, at)
    case '/':
      return asNumber(left, at) / asNumber(right, at)
    case '%':
      return remainder(asNumber(left, at), asNumber(right, at), at)
    case '**':
      return asNumber(left, at) ** asNumber(right, at)
  }
}

function compare(
  operator: '<' | '<=' | '>' | '>=',
  [left, right]: readonly [number | string, number | string],
): boolean {
  switch (operator) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}

function contains(text: string, part: string, { budget }: Evaluation, at: number): boolean {
  budget.read(text, at)
  return containsText(text, part)
}

function touches(
  operator: 'startsWith' | 'endsWith',
  text: string,
  part: string,
  { budget }: Evaluation,
  at: number,
): boolean {
  budget.read(part, at)
  return operator === 'startsWith' ? text.startsWith(part) : text.endsWith(part)
}

function matches(text: string, pattern: string, { budget, patterns }: Evaluation, at: number): boolean {
  const compiled = patterns.get(pattern, at, (steps) => budget.spend(steps, at))
  budget.spend(matchSteps(pattern, text), at)
  return compiled.isFoundIn(text)
}
