/**
 * The condition language against hostile input: whatever the text and the result, there is an answer, no data or an error with a position inside the
 * text; never a throw, a stall, or a way to what is not data.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileCondition, evaluateCondition } from '../../../controller/metric-language/expression/condition.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { mutate, randomSource, randomValue } from './condition-generator.ts'

const RUNS = Number(process.env.PENSTOCK_RUNS ?? 1500)
/** Of the processor, so that a busy machine does not matter; far above what any of these takes, far below a stall. */
const PATIENCE_MS = 2_000

/** Evaluates in both readings and checks the form of whatever comes back. */
function evaluate(source: string, result: Value): readonly string[] {
  const compiled = compileCondition(source)
  if ('problem' in compiled) {
    checkProblem(compiled.problem, source)
    return ['refused']
  }
  return (['noData', 'compare'] as const).map((reading) => {
    const outcome = evaluateCondition(compiled.condition, result, reading)
    if (outcome.kind === 'answer') {
      assert.equal(typeof outcome.answer, 'boolean')
      return String(outcome.answer)
    }
    if (outcome.kind === 'noData') assert.equal(reading, 'noData', 'only the strict reading has no data')
    else if (!outcome.message.startsWith('expected bool')) checkProblem(outcome.message, source)
    return outcome.kind
  })
}

function checkProblem(problem: string, source: string): void {
  const [, column = '0'] = /\(column (\d+)\)|, column (\d+)\)/.exec(problem)?.filter((part) => part !== undefined) ?? []
  assert.ok(Number(column) >= 1 && Number(column) <= source.length + 1, problem)
  assert.ok(problem.includes('^'), problem)
  assert.ok(problem.length < 2_000, `a problem of ${problem.length} characters`)
}

describe('fuzzing conditions', () => {
  for (const seed of [1, 2, 3])
    test(`well-formed ones over any result, seed ${seed}`, () => {
      const random = seededRandom(seed)
      const seen = new Map<string, number>()
      for (let run = 0; run < RUNS; run += 1) {
        const source = randomSource(random, 2 + Math.floor(random.next() * 3))
        for (const outcome of evaluate(source, randomValue(random))) seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      }
      for (const outcome of ['true', 'false', 'error'])
        assert.ok((seen.get(outcome) ?? 0) > 0, `no run ended with ${outcome}: ${JSON.stringify([...seen])}`)
    })

  for (const seed of [4, 5])
    test(`broken ones, seed ${seed}`, () => {
      const random = seededRandom(seed)
      let refused = 0
      for (let run = 0; run < RUNS; run += 1) {
        let source = randomSource(random, 4)
        for (let times = Math.floor(random.next() * 4); times >= 0; times -= 1) source = mutate(random, source)
        if (evaluate(source, randomValue(random))[0] === 'refused') refused += 1
      }
      assert.ok(refused > RUNS / 4, `${refused} of ${RUNS} refused`)
    })

  test('the same text over the same result answers the same', () => {
    const random = seededRandom(6)
    for (let run = 0; run < 200; run += 1) {
      const [source, result] = [randomSource(random), randomValue(random)]
      assert.deepEqual(evaluate(source, result), evaluate(source, result))
    }
  })
})

describe('nothing but data is reachable', () => {
  const names = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Number.prototype].flatMap(
    (prototype) => Object.getOwnPropertyNames(prototype),
  )
  for (const name of new Set(names))
    test(name, () => {
      const key = JSON.stringify(name)
      assert.deepEqual(evaluate(`result[${key}] == nil`, {}), ['true', 'true'])
      assert.deepEqual(evaluate(`${key} in result`, {}), ['false', 'false'])
      assert.deepEqual(evaluate(`{${key}: 1}[${key}] == 1`, null), ['true', 'true'])
      assert.notEqual(evaluate(`[1][${key}] == nil`, null)[0], 'true')
      assert.notEqual(evaluate(`"text"[${key}] == nil`, null)[0], 'true')
    })
  for (const source of ['this', 'globalThis', 'process', 'require("fs")', 'eval("1")', 'Function("1")()', '__proto__'])
    test(`${source} is no name`, () => assert.deepEqual(evaluate(source, null), ['refused']))
  test('a key of the result that is a name of JavaScript is its own', () => {
    const result = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}')
    assert.deepEqual(evaluate('result.__proto__.x == 1 && result.constructor == 2', result), ['true', 'true'])
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false)
  })
})

const long = (text: string, times: number): string => text.repeat(times)
const numbers = Array.from({ length: 100_000 }, (_, index) => index)
const deep = (depth: number): Value => JSON.parse(`${long('[', depth)}1${long(']', depth)}`)
const words = Array.from({ length: 3_000 }, (_, index) => `(a?){${100 + (index % 400)}}x${index}`)
const wide = Object.fromEntries(numbers.map((index) => [`k${index}`, index]))

/** name, source, result, what becomes of it in the strict reading */
const bombs: readonly (readonly [string, string, Value, RegExp])[] = [
  ['brackets', `${long('(', 5000)}1`, null, /refused/],
  ['negations', `${long('!', 9000)}true`, null, /refused/],
  ['lists in lists', `${long('[', 4000)}1${long(']', 4000)} == 1`, null, /refused/],
  ['a chain of sums', `1${long('+1', 4900)} == 1`, null, /refused/],
  ['a chain of members', `result${long('.a', 4900)} == 1`, { a: null }, /refused/],
  ['a chain of conditionals', `${long('true ? true : ', 600)}true`, null, /refused/],
  ['a chain that is long but not too long', `0${long('+1', 400)} == 400`, null, /true/],
  ['a source of many characters', long(' ', 20_000), null, /refused/],
  ['a huge range', 'len(1..1000000000) > 0', null, /error/],
  ['a huge range backwards', 'len(1000000000..1) == 0', null, /true/],
  ['a range to infinity', 'len(1..result) > 0', Infinity, /error|noData/],
  ['a range of NaN', 'len(1..asFloat("NaN")) > 0', null, /error|noData/],
  ['ranges in predicates', 'all(1..1000, all(1..1000, all(1..1000, # > 0)))', null, /error/],
  ['lists that grow', 'len(map(1..1000, 1..1000)) > 0', null, /error/],
  ['texts that grow', `all(1..100, len(${long('result + ', 300)}"") > 0)`, long('a', 5_000), /error/],
  ['long texts in a loop', 'all(1..5000, lower(result) != "x")', long('A', 400_000), /error/],
  ['long texts compared in a loop', 'all(1..5000, result == result)', long('A', 400_000), /error/],
  [
    'long texts searched for long ones',
    'result[0] contains result[1]',
    [long('a', 500_000), `${long('a', 250_000)}b`],
    /false/,
  ],
  ['a pattern that backtracks', 'result matches "^(a+)+$"', `${long('a', 50_000)}b`, /false/],
  ['a pattern that unfolds', 'result matches "((a{100}){100}){100}"', 'a', /refused/],
  ['a big pattern over a long text', 'result matches "([ab]?){300}a[ab]{300}[cd]"', long('ab', 200_000), /error/],
  ['a pattern that is too long', `result matches "${long('a', 1_500)}"`, 'a', /refused/],
  ['many patterns', 'any(result, "aaaa" matches #)', words, /error/],
  ['one pattern many times', 'all(result, "k1" matches "^k[0-9]+$")', numbers.slice(0, 1_000), /true/],
  ['a deep result compared', 'result == result', deep(20_000), /error/],
  ['a deep result walked', 'len(result[0][0][0]) == 1', deep(20_000), /true/],
  ['a wide map counted in a loop', 'all(1..1000, len(result) > 0)', wide, /error/],
  ['a wide map compared in a loop', 'all(1..1000, result == result)', wide, /error/],
  ['a long list summed in a loop', 'all(1..1000, sum(result) > 0)', numbers, /error/],
  ['a long list sorted in a loop', 'all(1..1000, median(result) > 0)', numbers, /error/],
  ['a long list searched in a loop', 'all(1..1000, 99999 in result)', numbers, /error/],
  ['slices in a loop', 'all(1..1000, len(result[1:]) > 0)', numbers, /error/],
  ['halves of characters', 'len(result) == 3 && result matches "."', '\ud800a\udc00', /true/],
  ['names that look alike', 'resuIt == 1', 1, /refused/],
  ['a null character', 'result == "\u0000"', '\u0000', /true/],
]

describe('conditions that would stall the controller end soon', () => {
  for (const [name, source, result, expected] of bombs)
    test(name, () => {
      const before = process.cpuUsage()
      const [outcome = ''] = evaluate(source, result)
      const { user, system } = process.cpuUsage(before)
      const tookMs = (user + system) / 1000
      assert.match(outcome, expected)
      assert.ok(tookMs < PATIENCE_MS, `it took ${Math.round(tookMs)} ms`)
    })
})
