/** `skywalking` against a server that takes its query protocol's documented request only. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Handler, type Lab, openLab } from './lab.ts'

const QUERY =
  'query queryData($duration: Duration!) { service_apdex: readMetricsValues(condition: { name: "service_apdex" }, duration: $duration) { label values { values { value } } } }'

/** Epoch milliseconds of `2026-01-01 0930`, UTC. */
const readMinute = (text: string): number => {
  const [, date, hour, minute] = /^(\d{4}-\d\d-\d\d) (\d\d)(\d\d)$/.exec(text) ?? []
  assert.ok(date, text)
  return Date.parse(`${date}T${hour}:${minute}:00Z`)
}

const api =
  (answer: unknown, status = 200): Handler =>
  ({ method, path, query, headers, body }) => {
    assert.deepEqual([method, path, query], ['POST', '/graphql', {}])
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    const sent = JSON.parse(body)
    assert.deepEqual(Object.keys(sent).sort(), ['query', 'variables'])
    assert.equal(sent.query, QUERY)
    const { start, end, step, ...rest } = sent.variables.duration
    assert.deepEqual([Object.keys(sent.variables), step, rest], [['duration'], 'MINUTE', {}])
    assert.equal(readMinute(end) - readMinute(start), 180_000)
    assert.ok(Math.abs(readMinute(end) - Date.now()) < 120_000)
    return { status, body: typeof answer === 'string' ? answer : JSON.stringify(answer) }
  }

const apdex = (value: number | null): object => ({
  data: { service_apdex: { label: null, values: { values: [{ value }] } } },
})

describe('skywalking', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab()
  })
  after(() => lab.close())

  const metric = () => ({
    provider: { skywalking: { address: `${lab.address}/`, query: QUERY, interval: '3m' } },
    successCondition: 'all(result.service_apdex.values.values, asFloat(#.value) >= 9900)',
  })

  const answers: readonly (readonly [string, unknown, string, RegExp | undefined])[] = [
    ['data that is well', apdex(9950), 'Successful', undefined],
    ['data that is not', apdex(100), 'Failed', undefined],
    ['no data', { data: null }, 'Inconclusive', /^NoData: no results returned from SkyWalking query$/],
    ['no data at all', {}, 'Inconclusive', /^NoData: no results returned/],
    ['empty data', { data: {} }, 'Inconclusive', /^NoData: the result is empty$/],
    [
      'an error',
      { data: apdex(9950), errors: [{ message: 'unknown metric' }] },
      'Error',
      /^skywalking: unknown metric$/,
    ],
    ['a page', '<html>', 'Error', /^skywalking: the answer is not that of a GraphQL API$/],
  ]
  for (const [name, answer, phase, message] of answers)
    test(name, async () => {
      lab.serve(api(answer))
      const { measurement } = await lab.measure(metric())
      assert.equal(measurement.phase, phase, measurement.message)
      if (message) assert.match(measurement.message ?? '', message)
    })

  test('the value is the whole data', async () => {
    lab.serve(api(apdex(9950)))
    const { measurement } = await lab.measure(metric())
    assert.equal(measurement.value, '{"service_apdex":{"label":null,"values":{"values":[{"value":9950}]}}}')
  })

  test('a status that is no success', async () => {
    lab.serve(api('secret page', 502))
    assert.equal((await lab.measure(metric())).measurement.message, 'skywalking: HTTP 502')
    // The client that Argo uses does not look at the status.
    lab.serve(api(apdex(9950), 500))
    assert.equal((await lab.measure(metric())).measurement.phase, 'Error')
  })

  test('Argo’s reading: no data is an error', async () => {
    lab.serve(api({ data: null }))
    assert.equal((await lab.measure(metric(), 'argo')).measurement.phase, 'Error')
  })
})
