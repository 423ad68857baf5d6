/** `wavefront` against a server that takes the chart API's documented request only. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Handler, type Lab, openLab } from './lab.ts'

const QUERY = 'ts("http.errors", env=prod)'
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

const chart =
  (answer: object | string, status = 200): Handler =>
  ({ method, path, query, headers, body }) => {
    assert.deepEqual([method, path, body], ['GET', '/api/v2/chart/api', ''])
    assert.equal(headers.authorization, 'Bearer wf-token-1')
    assert.equal(headers.accept, 'application/json')
    const { s: start, e: end, ...rest } = query
    assert.deepEqual(rest, {
      autoEvents: 'false',
      g: 's',
      i: 'true',
      includeObsoleteMetrics: 'false',
      listmode: 'false',
      p: '1',
      q: QUERY,
      strict: 'false',
    })
    assert.equal(start, end)
    assert.match(start ?? '', /^\d{10}000$/)
    assert.ok(Math.abs(Number(start) / 1000 - nowSeconds()) <= 30)
    return { status, body: typeof answer === 'string' ? answer : JSON.stringify(answer) }
  }

const series = (...lists: readonly (readonly (readonly [number, number])[])[]): object => ({
  timeseries: lists.map((data) => ({ label: 'x', host: 'h', tags: {}, data })),
})
const metric = (successCondition = 'result < 1', address = 'shop.wavefront.com') => ({
  provider: { wavefront: { address, query: QUERY } },
  successCondition,
})

describe('wavefront', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({
      secrets: () => ({
        'wavefront-api-tokens': { 'shop.wavefront.com': 'wf-token-1', 'other.wavefront.com': 'wf-token-2' },
      }),
      redirect: (url, address) => url.replace(/^https:\/\/shop\.wavefront\.com(?=\/)/, address),
    })
  })
  after(() => lab.close())

  test('one series is a number: its point nearest to now', async () => {
    const now = nowSeconds()
    lab.serve(
      chart({
        ...series([
          [now - 600, 7],
          [now - 60, 0.125],
          [now + 3600, 9],
        ]),
        warnings: 'slow query',
      }),
    )
    const { measurement } = await lab.measure(metric())
    assert.deepEqual([measurement.phase, measurement.value], ['Successful', '0.13'], measurement.message)
    const { timestamps, drift, warnings } = measurement.metadata ?? {}
    assert.deepEqual([timestamps, warnings], [String(now - 60), 'slow query'])
    assert.ok(Number(drift) <= -60 && Number(drift) > -90, drift)
  })

  test('several series are a list', async () => {
    const now = nowSeconds()
    lab.serve(chart(series([[now, 1]], [[now + 0.75, 2]])))
    const { measurement } = await lab.measure(metric('all(result, # < 3) && len(result) == 2'))
    assert.deepEqual([measurement.phase, measurement.value], ['Successful', '[1.00,2.00]'])
    assert.equal(measurement.metadata?.timestamps, `[${now},${now}]`)
    assert.match(measurement.metadata?.drift ?? '', /^\[(0|-\d+),(0|-\d+)\]$/)
  })

  const rows: readonly (readonly [string, Handler, string, RegExp])[] = [
    ['no series', chart({ timeseries: [] }), 'Inconclusive', /^NoData: No TimeSeries found/],
    [
      'a series without a point',
      chart(series([], [[nowSeconds(), 0]])),
      'Inconclusive',
      /^NoData: a series .* has no point$/,
    ],
    [
      'an error in a 200',
      chart({ errorType: 'QuerySyntaxError', errorMessage: 'bad ts()' }),
      'Error',
      /^wavefront: QuerySyntaxError: bad ts\(\)$/,
    ],
    ['a point that is none', chart('{"timeseries":[{"data":[[1,"x"]]}]}'), 'Error', /not that of its chart API/],
    ['a page', chart('<html>'), 'Error', /not that of its chart API/],
    ['another status', chart('wf-token-1 is not allowed', 403), 'Error', /^wavefront: HTTP 403$/],
  ]
  for (const [name, handler, phase, message] of rows)
    test(name, async () => {
      lab.serve(handler)
      const { measurement } = await lab.measure(metric())
      assert.equal(measurement.phase, phase)
      assert.match(measurement.message ?? '', message)
    })

  test('an address without a token is refused without a request', async () => {
    lab.serve(chart(series([[1, 0]])))
    const { measurement } = await lab.measure(metric('true', 'nobody.wavefront.com'))
    assert.match(measurement.message ?? '', /^wavefront: API token not found/)
    assert.equal(lab.seen().length, 0)
  })

  test('Argo’s reading: no series is an error, a series without a point is 0', async () => {
    lab.serve(chart({ timeseries: [] }))
    assert.equal((await lab.measure(metric(), 'argo')).measurement.phase, 'Error')
    lab.serve(chart(series([])))
    const { measurement } = await lab.measure(metric('result == 0'), 'argo')
    assert.deepEqual(
      [measurement.phase, measurement.value, measurement.metadata?.timestamps],
      ['Successful', '0.00', '0'],
    )
  })
})
