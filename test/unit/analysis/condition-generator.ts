/** Random conditions and results for fuzzing, from a seed: mostly well-formed, over values that a hostile endpoint might send. */
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'
import type { Random } from '../../../controller/runtime/random.ts'

const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random.next() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

const NAMES = ['a', 'b', 'items', 'v', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'é', '日本']
const NUMBERS = [0, 1, -1, 2, 0.5, 1e9, 1e-9, 1e308, -0, Number.NaN, Infinity, -Infinity, 2 ** 53]
const TEXTS = [
  '',
  'a',
  'ok',
  'NaN',
  '12',
  '1.5',
  '\u0000',
  '😀',
  '\ud800',
  '日本',
  'a'.repeat(300),
  '$1 %s',
  '{{args.x}}',
]

/** Any JSON, with NaN and the infinities besides. */
export function randomValue(random: Random, depth = 3): Value {
  const kind = Math.floor(random.next() * (depth > 0 ? 8 : 5))
  switch (kind) {
    case 0:
      return null
    case 1:
      return random.next() < 0.5
    case 2:
    case 3:
      return pick(random, NUMBERS)
    case 4:
      return pick(random, TEXTS)
    case 5:
    case 6:
      return Array.from({ length: Math.floor(random.next() * 4) }, () => randomValue(random, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: Math.floor(random.next() * 4) }, () => [
          pick(random, NAMES),
          randomValue(random, depth - 1),
        ]),
      )
  }
}

const BINARY = ['+', '-', '*', '/', '%', '**', '==', '!=', '<', '<=', '>', '>=', '&&', '||', 'and', 'or', '??', '..']
const WORDS = ['in', 'not in', 'matches', 'contains', 'startsWith', 'endsWith', 'not matches']
const OF_ONE = ['len', 'abs', 'ceil', 'floor', 'round', 'first', 'last', 'keys', 'values', 'lower', 'upper', 'trim']
const OF_VALUE = ['int', 'float', 'asInt', 'asFloat', 'isNaN', 'isInf', 'isNil', 'sum', 'mean', 'median', 'min', 'max']
const OVER = ['all', 'any', 'none', 'one', 'filter', 'map', 'count', 'find']
const LITERALS = [
  '0',
  '1',
  '2',
  '0.5',
  '1e9',
  'true',
  'false',
  'nil',
  '"a"',
  "'ok'",
  '"1.5"',
  '"é😀"',
  '[]',
  '{}',
  '[1, 2]',
]

/** The source of a condition, well-formed but rarely sensible. */
export function randomSource(random: Random, depth = 4, inClosure = false): string {
  const sub = (closure = inClosure): string => randomSource(random, depth - 1, closure)
  if (depth <= 0 || random.next() < 0.15)
    return pick(random, ['result', 'result', ...(inClosure ? ['#', '#'] : []), ...LITERALS])
  switch (Math.floor(random.next() * 9)) {
    case 0:
    case 1:
      return `(${sub()} ${pick(random, BINARY)} ${sub()})`
    case 2:
      return `(${sub()} ${pick(random, WORDS)} ${sub()})`
    case 3:
      return `${pick(random, ['!', 'not ', '-', '+'])}(${sub()})`
    case 4:
      return `${pick(random, [...OF_ONE, ...OF_VALUE])}(${sub()})`
    case 5:
      return `${pick(random, OVER)}(${sub()}, ${sub(true)})`
    case 6:
      return `(${sub()})${pick(random, ['.', '?.'])}${pick(random, NAMES.slice(0, 9))}`
    case 7:
      return `(${sub()})[${pick(random, ['0', '-1', '1:', ':1', '"a"', '0:1'])}]`
    default:
      return `(${sub()} ? ${sub()} : ${sub()})`
  }
}

/** A source with characters lost, doubled, swapped in or taken from elsewhere. */
export function mutate(random: Random, source: string): string {
  const at = Math.floor(random.next() * (source.length + 1))
  const junk = [
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '`',
    '..',
    '?.',
    '**',
    '\n',
    '\u2028',
    '😀',
    '0x',
    '1e',
    '/*',
    '//',
    '|',
  ]
  switch (Math.floor(random.next() * 3)) {
    case 0:
      return source.slice(0, at) + source.slice(at + 1 + Math.floor(random.next() * 5))
    case 1:
      return source.slice(0, at) + pick(random, junk) + source.slice(at)
    default:
      return source.slice(0, at) + source.slice(Math.floor(random.next() * source.length)) + source.slice(at)
  }
}
