/** How answers of Datadog are read, by both versions of its API and in both readings. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readScalarAnswer, readSeriesAnswer } from '../../../analysis/providers/datadog-answer.ts'
import type { ProviderOutcome } from '../../../analysis/providers/provider.ts'

const answer = (body: unknown, status = 200) => ({
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const sample = (value: unknown, text: string, more: object = {}): object => ({ kind: 'sample', value, text, ...more })
const nothing = sample(null, '[]')
const error = (message: string): object => ({ kind: 'error', message: `datadog: ${message}` })

type Row = readonly [name: string, body: unknown, strict: object, argo?: object]

function check(
  read: (response: ReturnType<typeof answer>, mode: 'strict' | 'argo') => ProviderOutcome,
  rows: readonly Row[],
) {
  for (const [name, body, strict, argo = strict] of rows)
    test(name, () => {
      assert.deepEqual(read(answer(body), 'strict'), strict)
      assert.deepEqual(read(answer(body), 'argo'), argo, 'in compat')
    })
  for (const [status, words] of [
    [401, 'authentication error'],
    [403, 'authentication error'],
    [202, 'non 2xx'],
    [429, 'non 2xx'],
    [500, 'non 2xx'],
  ] as const)
    test(`HTTP ${status}, without the body`, () =>
      assert.deepEqual(read(answer('hush', status), 'strict'), error(`received ${words} response code: ${status}`)))
}

const points = (...values: (number | null)[]): object => ({ pointlist: values.map((value, at) => [at, value]) })

describe('Datadog v1', () =>
  check(readSeriesAnswer, [
    ['the last point', { status: 'ok', series: [points(0.1, 0.00002)] }, sample(0.00002, '0.00002')],
    ['zero', { series: [points(0)] }, sample(0, '0')],
    ['no series', { status: 'ok', series: [] }, nothing],
    ['series that are null', { series: null }, nothing],
    ['a series without points', { series: [points()] }, nothing],
    ['points that are null', { series: [{ pointlist: null }] }, nothing],
    ['a last point without value', { series: [points(5, null)] }, nothing, sample(0, '0')],
    [
      'two series',
      { series: [points(1), points(2)] },
      error('the query returns 2 series; aggregate them into one'),
      sample(1, '1'),
    ],
    ['a point of three', { series: [{ pointlist: [[1, 2, 3]] }] }, error('Datapoint does not have 2 values')],
    ['a refusal in a 200', { status: 'error', error: 'Rate limit', series: [] }, error('Rate limit')],
    ['another service', '<html>hush', error('the answer is not that of a timeseries query')],
    [
      'text for a value',
      { series: [{ pointlist: [[1, '2']] }] },
      error('the answer is not that of a timeseries query'),
    ],
  ]))

const columns = (...list: object[]): object => ({ data: { type: 'scalar_response', attributes: { columns: list } } })
const number = (...values: unknown[]): object => ({ name: 'a', type: 'number', values })
const group = (name: string, ...values: unknown[]): object => ({ name, type: 'group', values })
const named = (...pairs: readonly (readonly [string, number])[]): object => ({
  metadata: { groups: JSON.stringify(pairs.map(([name, value]) => ({ name, value }))) },
})
const region = group('region', ['eu'], ['us'])

describe('Datadog v2', () => {
  check(readScalarAnswer, [
    ['a number', columns(number(0.5)), sample(0.5, '0.5')],
    ['a column without type', columns({ values: [7] }), sample(7, '7')],
    ['the first of several columns', columns(number(1), number(2)), sample(1, '1')],
    ['no column', columns(), nothing],
    ['no attributes', { data: {} }, nothing],
    ['a column without values', columns(number()), nothing],
    ['null', columns(number(null)), nothing],
    ['groups', columns(region, number(1, 2)), sample([1, 2], '[1,2]', named(['eu', 1], ['us', 2]))],
    ['one group', columns(group('region', ['eu']), number(1)), sample([1], '[1]', named(['eu', 1]))],
    [
      'groups by two tags, one of them with an alias',
      columns(number(1), group('region', ['eu']), group('host', ['a', 'b'])),
      sample([1], '[1]', named(['eu,a,b', 1])),
    ],
    [
      'a group without data',
      columns(region, number(1, null)),
      sample([1, null], '[1,null]', named(['eu', 1])),
      sample([1], '[1]', named(['eu', 1])),
    ],
    ['no groups at all', columns(group('region'), number()), nothing],
    ['a group without label', columns(group('region', []), number(1)), error('group 0 has no label')],
    ['fewer labels than numbers', columns(region, number(1, 2, 3)), error('group 2 has no label')],
    ['text for a value', columns(number('1')), error('a value is not a number')],
    ['a refusal in a 200', { data: { errors: 'bad formula' } }, error('There were errors in your query: bad formula')],
    ['a refusal beside no data', { errors: 'no rights' }, error('no rights')],
    ['another service', '<html>hush', error('the answer is not that of a scalar query')],
  ])

  test('of many groups the lowest and the highest are named, and all are judged', () => {
    const values = Array.from({ length: 300 }, (_, at) => (at * 7) % 300)
    const outcome = readScalarAnswer(
      answer(columns(group('host', ...values.map((at) => [`h${at}`])), number(...values))),
      'strict',
    )
    assert.equal(outcome.kind, 'sample')
    assert.deepEqual('value' in outcome && outcome.value, values)
    const { groups = '[]', groups_truncated } = ('metadata' in outcome && outcome.metadata) || {}
    const kept = (JSON.parse(groups) as { name: string; value: number }[]).map(({ name, value }) => [name, value])
    const wanted = [...Array(50).keys(), ...Array.from({ length: 50 }, (_, at) => 250 + at)]
    assert.deepEqual(
      kept,
      wanted.map((value) => [`h${value}`, value]),
    )
    assert.equal(groups_truncated, 'true')
  })

  test('too many groups are an error', () =>
    assert.deepEqual(
      readScalarAnswer(answer(columns(number(...Array(10_001).fill(1)))), 'strict'),
      error('the query returns more than 10000 groups'),
    ))
})
