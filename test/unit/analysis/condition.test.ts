/** The condition language: what it answers, what it refuses and where, and what it costs at most. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileCondition, evaluateCondition } from '../../../controller/metric-language/expression/condition.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'

function ask(source: string, result: Value, nonFinite: 'noData' | 'compare' = 'noData'): unknown {
  const compiled = compileCondition(source)
  if ('problem' in compiled) return `does not compile: ${compiled.problem}`
  const outcome = evaluateCondition(compiled.condition, result, nonFinite)
  if (outcome.kind === 'answer') return outcome.answer
  return outcome.kind === 'noData' ? `no data: ${outcome.why}` : `error: ${outcome.message}`
}

const vector = [0.1, 0.2, 0.9]
const body = { ok: true, count: 3, data: { items: [{ v: 1 }, { v: 2 }], 'a-b': 'x' }, name: 'checkout', nothing: null }

const answers: readonly (readonly [string, Value, boolean])[] = [
  ['result == true', true, true],
  ['result', true, true],
  ['!result', true, false],
  ['not result', false, true],
  ['true && false || true', null, true],
  ['false and true or true', null, true],
  ['false || true && false', null, false],
  ['result[0] < 0.95', [0.94], true],
  ['result[0] >= 0.95', [0.94], false],
  ['result[-1] == 0.9', vector, true],
  ['result > 5 && result < 10', 7, true],
  ['result >= 7 and result <= 7', 7, true],
  ['result != 7', 7, false],
  ['len(result) == 3', vector, true],
  ['len(result) == 4', 'four', true],
  ['len(result) == 6', body, false],
  ['all(result, # < 1)', vector, true],
  ['all(result, {# < 0.5})', vector, false],
  ['any(result, # > 0.5)', vector, true],
  ['none(result, { # > 0.95 })', vector, true],
  ['one(result, # > 0.5)', vector, true],
  ['count(result, # < 0.5) == 2', vector, true],
  ['count([true, false, true]) == 2', null, true],
  ['len(filter(result, # > 0.15)) == 2', vector, true],
  ['map(result, # * 10)[0] == 1', vector, true],
  ['find(result, # > 0.5) == 0.9', vector, true],
  ['sum(result) > 1.19 && sum(result) < 1.21', vector, true],
  ['sum(result.data.items, .v) == 3', body, true],
  ['mean([1, 2, 3]) == 2', null, true],
  ['median([1, 9, 2]) == 2', null, true],
  ['median([1, 2, 3, 4]) == 2.5', null, true],
  ['min(result) == 0.1 && max(result) == 0.9', vector, true],
  ['min(3, 1, 2) == 1', null, true],
  ['abs(-3) == 3', null, true],
  ['round(2.5) == 3 && floor(2.9) == 2 && ceil(2.1) == 3', null, true],
  ['first(result) == 0.1 && last(result) == 0.9', vector, true],
  ['1 + 2 * 3 == 7', null, true],
  ['(1 + 2) * 3 == 9', null, true],
  ['2 ** 3 ** 2 == 512', null, true],
  ['-2 ** 2 == -4', null, true],
  ['7 % 4 == 3', null, true],
  ['5 / 2 == 2.5', null, true],
  ['1e3 == 1_000 && .5 == 0.5 && 0x10 == 16', null, true],
  ['result in [1, 2, 3]', 2, true],
  ['result not in [1, 2, 3]', 2, false],
  ['"ok" in result', body, true],
  ['3 in 1..5', null, true],
  ['result.ok', body, true],
  ['result.count == 3', body, true],
  ['result["count"] == 3', body, true],
  ['result.data["a-b"] == "x"', body, true],
  ['result.data.items[1].v == 2', body, true],
  ['all(result.data.items, #.v > 0)', body, true],
  ['result.missing == nil', body, true],
  ['result.missing?.deeper == nil', body, true],
  ['(result.missing ?? 5) > 4', body, true],
  ['default(result.nothing, 7) == 7', body, true],
  ['isNil(result.nothing)', body, true],
  ['result.name contains "eck"', body, true],
  ['result.name startsWith "check" && result.name endsWith "out"', body, true],
  ['result.name matches "^che.k"', body, true],
  ['result.name not matches `^\\d+$`', body, true],
  ['result == "ready"', 'ready', true],
  ["result == 'it\\'s'", "it's", true],
  ['asInt(result) == 12', '12', true],
  ['asFloat(result) > 12.4', '12.5', true],
  ['result > 1 ? true : false', 2, true],
  ['result > 1 ? result > 10 ? true : false : true', 2, false],
  ['result | filter(# > 0.15) | len() == 2', vector, true],
  ['result[1:] == [0.2, 0.9]', vector, true],
  ['result[:2] == [0.1, 0.2]', vector, true],
  ['{"a": 1}.a == 1', null, true],
  ['[1, [2]] == [1, [2]]', null, true],
  ['result == 1 // what we want', 1, true],
  ['/* why */ result == 1', 1, true],
  ['lower("AbC") == "abc" && upper("a") == "A" && trim(" a ") == "a"', null, true],
  ['isInf(result[0])', [Number.NEGATIVE_INFINITY], true],
  ['isNaN(result[0]) || result[0] < 1', [Number.NaN], true],
  ['!isNaN(result[0]) && result[0] < 1', [Number.NaN], false],
  ['result.constructor == nil', body, true],
  ['result.__proto__ == nil', body, true],
  ['"toString" in result', body, false],
]

const refusals: readonly (readonly [string, RegExp, number])[] = [
  ['result >', /unexpected end of the condition/, 9],
  ['', /unexpected end/, 1],
  ['result[0] < 0.5)', /unexpected \)/, 16],
  ['result[0 < 0.5', /expected "]"/, 15],
  ['process.exit()', /unknown name process/, 1],
  ['globalThis', /unknown name globalThis/, 1],
  ['evil(1)', /unknown function evil/, 1],
  ['constructor(1)', /unknown function constructor/, 1],
  ['len()', /len takes one argument/, 1],
  ['all(result)', /all takes a list and a predicate/, 1],
  ['# > 1', /"#" stands for an element/, 1],
  ['result == "open', /not closed/, 11],
  ['result = 1', /unexpected =/, 8],
  ['result matches "("', /bad pattern/, 16],
  ['let x = 1; x', /"let" is not supported/, 1],
  ['1.2.3', /unexpected|bad number/, 4],
  ['12abc', /bad number/, 1],
  ['len > 1', /it is a function/, 1],
]

describe('conditions', () => {
  for (const [source, result, expected] of answers) {
    test(`${source} is ${expected}`, () => assert.equal(ask(source, result), expected))
  }

  for (const [source, message, column] of refusals) {
    test(`refuses ${JSON.stringify(source)}`, () => {
      const compiled = compileCondition(source)
      assert.ok('problem' in compiled, 'it compiled')
      assert.match(compiled.problem, message)
      assert.match(compiled.problem, new RegExp(`\\(column ${column}\\)`))
    })
  }

  test('the caret points at the mistake', () => {
    const compiled = compileCondition('result[0] <= 0.95 andd true')
    assert.ok('problem' in compiled)
    assert.equal(compiled.problem, 'unexpected andd (column 19)\nresult[0] <= 0.95 andd true\n                  ^')
  })

  test('the caret finds its line and a long line is cut around it', () => {
    const compiled = compileCondition(`true &&\n  ${'true && '.repeat(40)}bad`)
    assert.ok('problem' in compiled)
    const [, line, caret] = compiled.problem.split('\n')
    assert.ok(line && caret && line.length <= 80)
    assert.equal(line.slice(caret.indexOf('^')), 'bad')
  })
})

const failures: readonly (readonly [string, Value, RegExp])[] = [
  ['result + 1', 1, /expected bool, but got number/],
  ['result[3] > 1', vector, /index out of range: 3 \(the list has 3\)/],
  ['result > 1', 'text', /cannot compare string with number/],
  ['result.a.b > 1', { a: null }, /cannot read a member of nil/],
  ['all(result, # > 1)', 5, /a list is needed, this is number/],
  ['asInt(result) > 1', 'x', /"x" is not a whole number/],
  ['1 % 0 == 0', null, /divide by zero/],
  ['result && true', 1, /true or false is needed/],
]

describe('conditions on data that do not fit', () => {
  for (const [source, result, message] of failures) {
    test(source, () => assert.match(String(ask(source, result)), message))
  }

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    test(`comparing ${value} is no data in the strict reading`, () => {
      assert.match(String(ask('result[0] > 0.5', [value])), /^no data/)
      assert.match(String(ask('result[0] == 0.5', [value])), /^no data/)
    })
  }

  test('comparing NaN answers as in Go in the other reading', () => {
    assert.equal(ask('result[0] > 0.5', [Number.NaN], 'compare'), false)
    assert.equal(ask('result[0] < 0.5', [Number.NaN], 'compare'), false)
    assert.equal(ask('result[0] != 0.5', [Number.NaN], 'compare'), true)
  })

  test('a quotient of nothing by nothing is no data', () => {
    assert.match(String(ask('result[0] / result[1] > 0.05', [0, 0])), /^no data/)
  })

  test('an aggregate of nothing is no data, and expr-lang reads it as 0', () => {
    assert.match(String(ask('mean(filter(result, # > 5)) < 1', vector)), /^no data: mean of an empty list/)
    assert.equal(ask('mean(filter(result, # > 5)) < 1', vector, 'compare'), true)
  })
})

describe('conditions that would stall the controller', () => {
  test('run out of steps', () => {
    const list = Array.from({ length: 2000 }, (_, index) => index)
    assert.match(String(ask('all(result, any([1, 2, 3], all(result, # >= 0)))', list)), /more than \d+ steps/)
  })
  test('run out of elements', () => {
    assert.match(String(ask('len(1..1000000000) > 0', null)), /more than \d+ elements/)
  })
  test('nest too deeply', () => {
    assert.match(String(ask(`${'('.repeat(3000)}1${')'.repeat(3000)} == 1`, null)), /nests deeper/)
    assert.match(String(ask(`${'!'.repeat(5000)}true`, null)), /nests deeper/)
  })
  test('are too long', () => {
    assert.match(String(ask(`true${' && true'.repeat(5000)}`, null)), /longer than/)
  })
  test('a pattern that would backtrack for ever answers at once', () => {
    assert.equal(ask('result matches "^(a+)+$"', `${'a'.repeat(5000)}b`), false)
  })
})
