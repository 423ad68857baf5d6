/**
 * The functions of the condition language. Names and argument counts were checked by the parser (`builtin-shapes.ts`); here is what each
 * one answers. An aggregate over nothing is "no data" when non-finite values are, because expr-lang's answer (0) reads as health.
 */
import {
  asBoolean,
  asList,
  asNumber,
  asText,
  type Evaluation,
  isList,
  isMap,
  NoDataSignal,
  typeName,
} from './operators.ts'
import { ExpressionError, type Value } from './syntax.ts'

export interface Call {
  readonly name: string
  readonly args: readonly Value[]
  /** What the whole condition is about. */
  readonly result: Value
  /** The predicate applied to one element; absent when the call has none. */
  readonly closure: ((element: Value) => Value) | undefined
  readonly evaluation: Evaluation
  readonly at: number
}

type Builtin = (call: Call) => Value

const argument = (call: Call, index = 0): Value => call.args[index] ?? null

function predicate(call: Call): (element: Value) => boolean {
  const { closure } = call
  if (!closure) return (element) => asBoolean(element, call.at)
  return (element) => asBoolean(closure(element), call.at)
}

const list = (call: Call): readonly Value[] => asList(argument(call), call.at)

function allocated(items: readonly Value[], call: Call): readonly Value[] {
  call.evaluation.budget.allocate(items.length, call.at)
  return items
}

/** The numbers of `mean(list)`, `mean(1, 2)` and of lists among the arguments. */
function numbersOf(call: Call): readonly number[] {
  const numbers: number[] = []
  for (const value of call.args) {
    const items = isList(value) ? value : [value]
    call.evaluation.budget.spend(items.length, call.at)
    for (const item of items) numbers.push(asNumber(item, call.at))
  }
  return numbers
}

function aggregate(call: Call, ofNothing: number | undefined, compute: (numbers: readonly number[]) => number): number {
  const numbers = numbersOf(call)
  if (numbers.length > 0) return compute(numbers)
  if (call.evaluation.nonFinite === 'noData') throw new NoDataSignal(`${call.name} of an empty list`)
  if (ofNothing === undefined) throw new ExpressionError(`${call.name} of an empty list`, call.at)
  return ofNothing
}

const add = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0)

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Characters of a text, not its UTF-16 halves. */
function length(call: Call): number {
  const value = argument(call)
  if (isList(value)) return value.length
  if (isMap(value)) return keysOf(value, call).length
  if (typeof value !== 'string')
    throw new ExpressionError(`len needs a list, a map or a string, this is ${typeName(value)}`, call.at)
  call.evaluation.budget.read(value, call.at)
  let surrogatePairs = 0
  for (let index = 0; index < value.length; index += 1) {
    if ((value.codePointAt(index) ?? 0) <= 0xffff) continue
    surrogatePairs += 1
    index += 1
  }
  return value.length - surrogatePairs
}

function keysOf(map: { readonly [key: string]: Value }, call: Call): readonly string[] {
  const keys = Object.keys(map)
  call.evaluation.budget.spend(keys.length, call.at)
  return keys
}

/** Go's syntax, without spaces and hexadecimal. */
const WHOLE = /^[+-]?\d{1,19}$/
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NON_FINITE: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity }

function readNumber(call: Call, syntax: RegExp, read: (text: string) => number | undefined): number {
  const value = argument(call)
  if (typeof value === 'number') return value
  const number = typeof value === 'string' ? (syntax.test(value) ? Number(value) : read(value)) : undefined
  if (number !== undefined) return number
  const shown = JSON.stringify(typeof value === 'string' ? value.slice(0, LONGEST_SHOWN) : typeName(value))
  throw new ExpressionError(`${call.name}: ${shown} is not a ${syntax === WHOLE ? 'whole number' : 'number'}`, call.at)
}

const LONGEST_SHOWN = 60

const toNumber = (call: Call): number =>
  readNumber(call, DECIMAL, (text) => {
    const [, sign = '', name = ''] = /^([+-]?)([a-z]{3,8})$/.exec(text.toLowerCase()) ?? []
    const known = Object.hasOwn(NON_FINITE, name) ? NON_FINITE[name] : undefined
    return known !== undefined && sign === '-' ? -known : known
  })

function toInteger(call: Call): number {
  const value = readNumber(call, WHOLE, () => undefined)
  if (Number.isFinite(value)) return Math.trunc(value) + 0
  if (call.evaluation.nonFinite === 'noData') throw new NoDataSignal(`${call.name} of ${value}`)
  throw new ExpressionError(`${call.name}: ${value} has no whole number`, call.at)
}

/** Half away from zero, as Go rounds. */
const round = (value: number): number => Math.sign(value) * Math.round(Math.abs(value))

const textOf = (call: Call): string => {
  const text = asText(argument(call), call.at)
  call.evaluation.budget.read(text, call.at)
  return text
}

/** Argo's `isNil` and `default` look at the result, whatever they are given. */
const subject = (call: Call): Value => (call.evaluation.nonFinite === 'compare' ? call.result : argument(call))

function map(call: Call): Value {
  const { closure } = call
  return closure ? allocated(list(call).map(closure), call) : list(call)
}

function sum(call: Call): Value {
  const { closure } = call
  const items = closure ? list(call).map(closure) : list(call)
  call.evaluation.budget.spend(items.length, call.at)
  return add(items.map((item) => asNumber(item, call.at)))
}

const isNumber = (call: Call, is: (value: number) => boolean): boolean => is(asNumber(argument(call), call.at))

export const builtins: Readonly<Record<string, Builtin>> = {
  all: (call) => list(call).every(predicate(call)),
  any: (call) => list(call).some(predicate(call)),
  none: (call) => !list(call).some(predicate(call)),
  one: (call) => list(call).filter(predicate(call)).length === 1,
  filter: (call) => allocated(list(call).filter(predicate(call)), call),
  find: (call) => list(call).find(predicate(call)) ?? null,
  map,
  count: (call) => list(call).filter(predicate(call)).length,
  sum,
  mean: (call) => aggregate(call, 0, (numbers) => add(numbers) / numbers.length),
  median: (call) => aggregate(call, 0, median),
  min: (call) => aggregate(call, undefined, (numbers) => numbers.reduce((a, b) => Math.min(a, b))),
  max: (call) => aggregate(call, undefined, (numbers) => numbers.reduce((a, b) => Math.max(a, b))),
  len: length,
  abs: (call) => Math.abs(asNumber(argument(call), call.at)),
  ceil: (call) => Math.ceil(asNumber(argument(call), call.at)),
  floor: (call) => Math.floor(asNumber(argument(call), call.at)),
  round: (call) => round(asNumber(argument(call), call.at)),
  first: (call) => list(call)[0] ?? null,
  last: (call) => list(call).at(-1) ?? null,
  keys: (call) => allocated(keysOf(mapOf(call), call), call),
  values: (call) => allocated(Object.values(mapOf(call)), call),
  lower: (call) => textOf(call).toLowerCase(),
  upper: (call) => textOf(call).toUpperCase(),
  trim: (call) => textOf(call).trim(),
  int: toInteger,
  asInt: toInteger,
  float: toNumber,
  asFloat: toNumber,
  isNaN: (call) => isNumber(call, Number.isNaN),
  isInf: (call) => isNumber(call, (value) => Math.abs(value) === Number.POSITIVE_INFINITY),
  isNil: (call) => subject(call) === null,
  default: (call) => subject(call) ?? argument(call, 1),
}

function mapOf(call: Call): { readonly [key: string]: Value } {
  const value = argument(call)
  if (isMap(value)) return value
  throw new ExpressionError(`${call.name} needs a map, this is ${typeName(value)}`, call.at)
}
