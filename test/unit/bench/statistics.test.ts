/** Percentiles by nearest rank, and the command line of the benchmarks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseControllerMetrics, subtractCalls, sumWrites } from '../../bench/controller-metrics.ts'
import { parseOptions, UsageError } from '../../bench/options.ts'
import { percentile, summarize } from '../../bench/statistics.ts'

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

describe('the command line', () => {
  test('knows the suites and their defaults', () => {
    assert.deepEqual(parseOptions(['idle', '--minutes', '2', '--json']), {
      suite: 'idle',
      json: true,
      rollouts: 20,
      rounds: 2,
      minutes: 2,
      loadPerRollout: 12,
      requests: 10_000,
      baseline: undefined,
    })
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
    'process_resident_memory_bytes 1.048576e+06',
    'process_cpu_seconds_total 0.5',
  ].join('\n')

  test('give writes by verb and kind, without reads and the Lease', () => {
    assert.deepEqual(parseControllerMetrics(text), {
      writes: { 'patch rollouts': 4 },
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
