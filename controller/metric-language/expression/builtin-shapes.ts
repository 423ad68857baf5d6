/** Which functions a condition may call and with what: the whole list, so that everything else is refused when it is parsed. */

export interface BuiltinShape {
  readonly min: number
  readonly max: number
  /** Whether a predicate over `#` follows the first argument. */
  readonly closure: 'none' | 'optional' | 'required'
  readonly usage: string
}

const over = (closure: 'optional' | 'required'): BuiltinShape => ({
  min: 1,
  max: 1,
  closure,
  usage:
    closure === 'required'
      ? 'a list and a predicate: (list, # > 0)'
      : 'a list and optionally a predicate: (list, # > 0)',
})
const exactly = (count: number, usage: string): BuiltinShape => ({ min: count, max: count, closure: 'none', usage })
const numbers: BuiltinShape = { min: 1, max: 100, closure: 'none', usage: 'a list of numbers, or numbers' }
const one = exactly(1, 'one argument')

export const builtinShapes: Readonly<Record<string, BuiltinShape>> = {
  all: over('required'),
  any: over('required'),
  none: over('required'),
  one: over('required'),
  filter: over('required'),
  map: over('required'),
  find: over('required'),
  count: over('optional'),
  sum: over('optional'),
  mean: numbers,
  median: numbers,
  min: numbers,
  max: numbers,
  len: one,
  abs: one,
  ceil: one,
  floor: one,
  round: one,
  first: one,
  last: one,
  keys: one,
  values: one,
  lower: one,
  upper: one,
  trim: { min: 1, max: 1, closure: 'none', usage: 'one string' },
  int: one,
  float: one,
  asInt: one,
  asFloat: one,
  isNaN: one,
  isInf: one,
  isNil: one,
  default: exactly(2, 'a value and its replacement: default(result, 0)'),
}
