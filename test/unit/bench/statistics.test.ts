/** Percentiles by nearest rank, and the command line of the benchmarks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseControllerMetrics, subtractCalls, sumWrites } from '../../bench/controller-metrics.ts'
import { parseOptions, UsageError } from '../../bench/options.ts'
import { reportRouters } from '../../bench/report-routers.ts'
import { percentile, summarize, wilsonInterval } from '../../bench/statistics.ts'

describe('percentiles', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

  test('are samples that were measured, by nearest rank, in any order of the input', () => {
    assert.equal(percentile(hundred, 50), 50)
    assert.equal(percentile(hundred, 95), 95)
    assert.equal(percentile(hundred, 100), 100)
    assert.equal(percentile([15, 20, 35, 40, 50], 30), 20)
    assert.equal(percentile([15, 20, 35, 40, 50], 95), 50)
    assert.equal(percentile([2, 10, 1], 50), 2, 'sorted as numbers')
  })

  test('of one sample are that sample, however small the percentage', () => {
    assert.equal(percentile([7], 95), 7)
    assert.equal(percentile([7, 8], Number.MIN_VALUE), 7)
  })

  test('leave the samples as they were', () => {
    const samples = [3, 1, 2]
    percentile(samples, 50)
    assert.deepEqual(samples, [3, 1, 2])
  })

  test('of nothing, or of an impossible percentage, are an error', () => {
    assert.throws(() => percentile([], 50), RangeError)
    for (const percent of [0, -1, 101, Number.NaN]) assert.throws(() => percentile([1], percent), RangeError)
  })

  test('a summary has count, extremes, median and p95', () => {
    assert.deepEqual(summarize(hundred), { count: 100, min: 1, median: 50, p95: 95, max: 100 })
    assert.throws(() => summarize([]), RangeError)
  })
})

describe('the interval of a share', () => {
  // R: prop.test(x, n, correct = FALSE)$conf.int
  const rows: readonly (readonly [hits: number, count: number, lower: number, upper: number])[] = [
    [5, 10, 0.2366, 0.7634],
    [1, 500, 0.0004, 0.0112],
    [0, 1000, 0, 0.0038],
    [20, 20, 0.8389, 1],
  ]
  for (const [hits, count, lower, upper] of rows)
    test(`${hits} of ${count}`, () => {
      const interval = wilsonInterval(hits / count, count)
      assert.ok(Math.abs(interval.lower - lower) < 6e-5, `lower ${interval.lower}`)
      assert.ok(Math.abs(interval.upper - upper) < 6e-5, `upper ${interval.upper}`)
    })
})

describe('the command line', () => {
  test('knows the suites and their defaults', () => {
    assert.deepEqual(parseOptions(['idle', '--minutes', '2', '--json']), {
      suite: 'idle',
      json: true,
      rollouts: 20,
      rounds: 2,
      minutes: 2,
      hours: 24,
      loadPerRollout: 12,
      requests: 10_000,
      routers: [],
      controllerFlags: [],
      baseline: undefined,
      seed: 1,
      noise: 'own',
      only: undefined,
      record: false,
    })
    assert.equal(parseOptions(['routers'])?.rollouts, 500)
    const chosen = parseOptions(['routers', '--router', 'istio', '--router', 'smi', '--flag=--qps=40'])
    assert.deepEqual([chosen?.routers, chosen?.controllerFlags], [['istio', 'smi'], ['--qps=40']])
    assert.equal(parseOptions(['--help']), undefined)
  })

  test('refuses what it does not know with one sentence', () => {
    for (const args of [
      [],
      ['speed'],
      ['idle', 'writes'],
      ['writes', '--rollouts', '21'],
      ['idle', '--rollouts', '1.5'],
      ['proxies', '--requests', '99'],
      ['routers', '--router', 'alb'],
      ['routers', '--rollouts', '2001'],
    ])
      assert.throws(() => parseOptions(args), UsageError)
    assert.throws(
      () => parseOptions(['idle', '--minutes', '']),
      /^Error: --minutes: expected a number from 0.05 to 120/,
    )
    assert.throws(() => parseOptions(['speed']), /unknown suite "speed": expected reaction, writes, idle/)
  })
})

describe("the controller's own metrics", () => {
  const text = [
    '# TYPE controller_clientset_k8s_request_total counter',
    'controller_clientset_k8s_request_total{kind="rollouts",namespace="a",name="x",verb="patch",status_code="200"} 3',
    'controller_clientset_k8s_request_total{kind="rollouts",namespace="a",name="y",verb="patch",status_code="409"} 1',
    'controller_clientset_k8s_request_total{kind="leases",namespace="a",name="l",verb="patch",status_code="200"} 9',
    'controller_clientset_k8s_request_total{kind="rollouts",namespace="a",name="N/A",verb="list",status_code="200"} 9',
    'controller_clientset_k8s_request_total{kind="rollouts",namespace="a",name="N/A",verb="watch",status_code="200"} 7',
    'controller_clientset_k8s_request_total{kind="pods",namespace="a",name="N/A",verb="get",status_code="0"} 2',
    'process_resident_memory_bytes 1.048576e+06',
    'process_cpu_seconds_total 0.5',
  ].join('\n')

  test('give calls by verb and kind, without watches and the Lease, and writes by themselves', () => {
    assert.deepEqual(parseControllerMetrics(text), {
      writes: { 'patch rollouts': 4 },
      calls: { 'patch rollouts': 3, 'list rollouts': 9 },
      failedCalls: { 'patch rollouts': 1, 'get pods': 2 },
      rssBytes: 1_048_576,
      cpuSeconds: 0.5,
    })
  })

  test('between two readings only what happened counts', () => {
    const counted = subtractCalls({ 'patch rollouts': 4, 'create events': 2 }, { 'patch rollouts': 4 })
    assert.deepEqual(counted, { 'create events': 2 })
    assert.equal(sumWrites(counted), 2)
  })
})

describe('the report on routers', () => {
  const result = {
    id: 'istio',
    rollouts: 2,
    object: 'virtualservices',
    rounds: [
      [10, 20],
      [30, 9_000],
    ],
    calls: {
      'get rollouts': 1,
      'list endpointslices': 1,
      'patch rollouts': 3,
      'patch virtualservices': 1,
      'create events': 2,
    },
    failedCalls: {},
  } as const

  test('gives nearest ranks, and each call where it belongs', () => {
    const { text, failure } = reportRouters({ results: [result], failures: [] })
    const words = text.split('\n')[1]?.split(/ {2,}/)
    assert.deepEqual(words, [
      'istio',
      '20',
      '9000',
      '9000',
      'met',
      'virtualservices 1.0',
      '3.0',
      '0.0',
      '2.0',
      '2.0',
      '0.0',
      '0.0',
    ])
    assert.equal(failure, undefined)
    assert.match(text, /the target is for 500/)
  })

  test('a second write of the object and a read beyond the guards are failures, a late object is none', () => {
    const calls = { ...result.calls, 'patch virtualservices': 1.5, 'get services': 0.5 }
    const { failure, text } = reportRouters({
      results: [{ ...result, calls, rounds: [[10_001]] }],
      failures: ['nginx: waited'],
    })
    assert.match(text, /missed/)
    assert.equal(
      failure,
      "nginx: waited; istio: 1.5 writes of virtualservices for one change of the weight, expected 1; istio: 0.5 reads for one change besides the guards', expected 0",
    )
  })
})
