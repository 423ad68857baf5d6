/** The `prometheus` provider against a real Prometheus: every kind of result, ranges, refusals and native histograms, through the real controller. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Metric } from '../../../controller/api/analysis.ts'
import { type Families, type NativeTarget, startNativeTarget } from './native-target.ts'
import { type PrometheusProcess, startPrometheus } from './prometheus-process.ts'
import { type Lab, openLab } from './providers/lab.ts'

const families: Families = {
  gauges: [
    ['requests_canary', { version: 'canary' }, 40],
    ['requests_stable', { version: 'stable' }, 60],
    ['tiny', {}, 0.00000125],
    ['broken', {}, Number.NaN],
  ],
  histograms: [['latency_seconds', 100]],
}

describe('prometheus, the real one', () => {
  let target: NativeTarget
  let prometheus: PrometheusProcess
  let lab: Lab
  before(async () => {
    target = await startNativeTarget(families)
    prometheus = await startPrometheus(target.target)
    lab = await openLab({ config: () => ({ prometheusAddress: prometheus.url }) })
    const deadline = performance.now() + 30_000
    while ((await prometheus.query('count_over_time(tiny[1m]) >= 3')) === undefined) {
      assert.ok(performance.now() < deadline, 'nothing was scraped within 30 s')
      await delay(250)
    }
  })
  after(async () => {
    await lab?.close()
    await prometheus?.close()
    await target?.close()
  })

  type Config = NonNullable<Metric['provider']['prometheus']>
  const take = async (config: Config, successCondition: string, mode: 'strict' | 'argo' = 'strict') => {
    const { measurement, metadata } = await lab.measure({ provider: { prometheus: config }, successCondition }, mode)
    assert.equal(metadata.ResolvedPrometheusQuery, config.query)
    return measurement
  }

  /** query, condition, phase, value or what the message begins with, in compat where it differs */
  const rows: readonly (readonly [string, string, string, string, string?, string?])[] = [
    ['scalar(tiny)', 'result > 0.000001', 'Successful', '0.00000125'],
    ['scalar(absent_metric)', 'result > 1', 'Inconclusive', 'NoData: the result is NaN', 'Failed', 'NaN'],
    ['1 / 0', 'result > 1', 'Inconclusive', 'NoData: the result is Infinity', 'Successful', '+Inf'],
    ['sort({__name__=~"requests_.+"})', 'result[0] == 40 && result[1] == 60', 'Successful', '[40,60]'],
    ['requests_canary / ignoring(version) requests_stable', 'result[0] < 0.7', 'Successful', '[0.6666666666666666]'],
    ['absent_metric', 'len(result) == 0', 'Inconclusive', 'NoData: the result is empty', 'Successful', '[]'],
    ['broken', 'result[0] < 1', 'Inconclusive', 'NoData: the result contains NaN', 'Failed', '[NaN]'],
    ['requests_canary[1m]', 'all(result, # == 40)', 'Successful', '[40,40,40'],
    ['"a text"', 'result == "a text"', 'Successful', 'a text', 'Error', 'prometheus: a string cannot be judged'],
    [
      '{__name__=~"requests_.+"} + on() {__name__=~"requests_.+"}',
      'true',
      'Error',
      'prometheus: execution: found duplicate series',
    ],
    ['quantile_over_time(0.5, requests_canary)', 'true', 'Error', 'prometheus: bad_data: invalid parameter "query"'],
    ['histogram_count(latency_seconds)', 'result[0] == 100', 'Successful', '[100]'],
    ['histogram_quantile(0.99, latency_seconds)', 'result[0] > 1.9 && result[0] <= 2', 'Successful', '[1.9'],
    [
      'latency_seconds',
      'result[0] < 1',
      'Error',
      'prometheus: native histograms cannot be judged',
      'Successful',
      '[0]',
    ],
    ['latency_seconds[1m]', 'len(result) == 0', 'Error', 'prometheus: native histograms', 'Successful', '[]'],
  ]
  for (const [query, condition, phase, said, argoPhase = phase, argoSaid = said] of rows)
    test(`${query} is ${phase}`, async () => {
      for (const [mode, wanted, begins] of [
        ['strict', phase, said],
        ['argo', argoPhase, argoSaid],
      ] as const) {
        const measurement = await take({ query }, condition, mode)
        const isTold = measurement.phase === 'Error' || begins.startsWith('NoData')
        const told = (isTold ? measurement.message : measurement.value) ?? ''
        assert.deepEqual([measurement.phase, told.slice(0, begins.length)], [wanted, begins], `${mode}: ${told}`)
      }
    })

  test('a range is one flat list of its steps, series after series', async () => {
    const rangeQuery = { start: 'now() - duration("2s")', end: 'now()', step: '1s' }
    const measurement = await take({ query: 'vector(7)', rangeQuery }, 'len(result) == 3 && all(result, # == 7)')
    assert.deepEqual([measurement.phase, measurement.value], ['Successful', '[7,7,7]'])
    const both = await take(
      { query: 'sum by (version) ({__name__=~"requests_.+"})', rangeQuery: { ...rangeQuery, start: 'now()' } },
      'sum(result) == 100',
    )
    assert.equal(both.phase, 'Successful', both.value)
  })

  test('a range of too many steps is refused in Prometheus’ words', async () => {
    const rangeQuery = { start: 'now() - duration("24h")', end: 'now()', step: '1s' }
    const measurement = await take({ query: 'up', rangeQuery }, 'true')
    assert.equal(measurement.phase, 'Error')
    assert.match(measurement.message ?? '', /^prometheus: bad_data: exceeded maximum resolution of 11,000 points/)
  })

  test('a range that ends before it starts is refused', async () => {
    const rangeQuery = { start: 'now()', end: 'now() - duration("1m")', step: '1s' }
    const measurement = await take({ query: 'up', rangeQuery }, 'true')
    assert.match(measurement.message ?? '', /^prometheus: bad_data: .*end timestamp must not be before start/)
  })

  test('an address with a path of its own is asked below it, and another service is told apart', async () => {
    const measurement = await take({ address: `${prometheus.url}/elsewhere`, query: 'up' }, 'true')
    assert.deepEqual([measurement.phase, measurement.message], ['Error', 'prometheus: HTTP 404'])
  })
})
