/** `influxdb` against a server that takes the query API's documented request only. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Handler, type Lab, openLab } from './lab.ts'

const QUERY = 'from(bucket: "metrics") |> range(start: -5m) |> mean()'

const api =
  (body: string, { status = 200, org = 'shop & co', token = 'influx-token' } = {}): Handler =>
  (request) => {
    assert.deepEqual([request.method, request.path], ['POST', '/api/v2/query'])
    assert.deepEqual(request.query, { org })
    assert.equal(request.headers.authorization, `Token ${token}`)
    assert.equal(request.headers['content-type'], 'application/json')
    assert.equal(request.headers.accept, 'application/csv')
    assert.deepEqual(JSON.parse(request.body), {
      dialect: { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true },
      query: QUERY,
      type: 'flux',
    })
    return { status, body }
  }

/** One table of annotated CSV, as the server writes it. */
const table = (type: string, ...values: readonly string[]): string =>
  [
    `#datatype,string,long,dateTime:RFC3339,${type},string`,
    '#group,false,false,false,false,true',
    '#default,_result,,,,',
    ',result,table,_time,_value,host',
    ...values.map((value) => `,,0,2026-01-01T00:00:00Z,${value},"a,""b"""`),
    '',
    '',
  ].join('\r\n')

const failure = [
  '#datatype,string,string',
  '#group,true,true',
  '#default,,',
  ',error,reference',
  ',"failed to execute query, sorry",897',
  '',
].join('\r\n')

describe('influxdb', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({
      secrets: (address) => ({
        influxdb: { authToken: 'influx-token', org: 'shop & co', address },
        second: { authToken: 'other-token', org: 'two', address: `${address}/` },
        tokenless: { org: 'two', address },
      }),
    })
  })
  after(() => lab.close())

  const metric = (successCondition = 'result[0] > 1', profile?: string) => ({
    provider: { influxdb: { query: QUERY, ...(profile === undefined ? {} : { profile }) } },
    successCondition,
  })

  const answers: readonly (readonly [string, string, string, string, RegExp | undefined, string?])[] = [
    [
      'numbers of all tables',
      table('double', '1.5', '2') + table('long', '7'),
      'result[2] == 7',
      'Successful',
      undefined,
      '[1.5 2 7]',
    ],
    ['a number below', table('double', '1'), 'result[0] > 1', 'Failed', undefined, '[1]'],
    ['booleans', table('boolean', 'true', 'false'), 'result[0] && !result[1]', 'Successful', undefined, '[true false]'],
    ['text', table('string', 'fine'), "result[0] == 'fine'", 'Successful', undefined, '[fine]'],
    ['no rows', table('double'), 'true', 'Inconclusive', /^NoData: no results returned from flux query$/],
    ['an empty answer', '\r\n', 'true', 'Inconclusive', /^NoData: no results returned/],
    [
      'a row without a value',
      table('double', '2', ''),
      'result[0] > 1',
      'Inconclusive',
      /^NoData: the result contains null$/,
      '[2 <nil>]',
    ],
    ['NaN', table('double', 'NaN'), 'result[0] > 1', 'Inconclusive', /^NoData: the result contains NaN$/, '[NaN]'],
    ['an error of the query', failure, 'true', 'Error', /^influxdb: failed to execute query, sorry$/],
    ['an error after rows', table('double', '2') + failure, 'result[0] > 1', 'Error', /^influxdb: failed to execute/],
    ['a number that is none', table('double', 'x'), 'true', 'Error', /not of the type that its column has/],
    ['a page', '<html>\n<body a=",">', 'true', 'Error', /the answer (has no annotations|is no CSV)/],
  ]
  for (const [name, body, condition, phase, message, value] of answers)
    test(name, async () => {
      lab.serve(api(body))
      const { measurement } = await lab.measure(metric(condition))
      assert.equal(measurement.phase, phase, measurement.message)
      assert.equal(measurement.value, value)
      if (message) assert.match(measurement.message ?? '', message)
    })

  test('another profile', async () => {
    lab.serve(api(table('double', '2'), { org: 'two', token: 'other-token' }))
    assert.equal((await lab.measure(metric(undefined, 'second'))).measurement.phase, 'Successful')
  })

  test('a status that is no success, without its body', async () => {
    lab.serve(api('{"code":"unauthorized","message":"influx-token"}', { status: 401 }))
    assert.equal((await lab.measure(metric())).measurement.message, 'influxdb: HTTP 401')
  })

  test('a profile that is missing or lacks a key is refused without a request', async () => {
    lab.serve(api(table('double', '2')))
    assert.match(
      (await lab.measure(metric('true', 'tokenless'))).measurement.message ?? '',
      /needs authToken, org and address/,
    )
    assert.match((await lab.measure(metric('true', 'none'))).measurement.message ?? '', /Secret "none" not found/)
    assert.equal(lab.seen().length, 0)
  })

  test('Argo’s reading: an error after rows is not seen, null is a value', async () => {
    lab.serve(api(table('double', '2', '') + failure))
    const { measurement } = await lab.measure(metric('result[0] > 1 && result[1] == nil'), 'argo')
    assert.deepEqual([measurement.phase, measurement.value], ['Successful', '[2 <nil>]'])
    lab.serve(api(failure))
    assert.equal((await lab.measure(metric(), 'argo')).measurement.phase, 'Error')
  })
})
