/** Samples on their way from Prometheus' answer to a gate: read, told apart, kept as they come, and never the worse for being fetched in parts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unpackSeries } from '../../../../../analysis/domain/gates/sample-log.ts'
import { createClassifier } from '../../../../../analysis/providers/gate/classify.ts'
import { type RawSeries, readMatrix } from '../../../../../analysis/providers/gate/matrix.ts'
import { createGateMemory } from '../../../../../analysis/providers/gate/memory.ts'
import { createGateSamples } from '../../../../../analysis/providers/gate/samples-of-run.ts'
import { createSeriesStream } from '../../../../../analysis/providers/gate/series-stream.ts'
import { gateMetricSchema } from '../../../../../controller/api/gate.ts'
import { planGate } from '../../../../../controller/metric-language/gate-plan.ts'

const plan = (config: object = {}) =>
  planGate(gateMetricSchema.parse({ gate: 'errorRate', canary: 'new', stable: 'old', ...config })).plan
const classify = createClassifier(plan(), 'requests', [])
const matrix = (result: unknown, rest: object = {}, status = 200) =>
  readMatrix({
    status,
    headers: {},
    body: JSON.stringify({ status: 'success', data: { resultType: 'matrix', result }, ...rest }),
  })
const raw = (labels: object, times: readonly number[], values: readonly number[] = times): RawSeries => ({
  labels: { pod: 'a', rollouts_pod_template_hash: 'new', code: '200', ...labels },
  times: [...times],
  values: [...values],
  histograms: [],
})

describe('an answer of Prometheus', () => {
  test('samples keep their own times, and what is no number stays none', () =>
    assert.deepEqual(
      matrix([
        {
          metric: { a: 'b' },
          values: [
            [1.0014, '3'],
            [2, 'NaN'],
            [3, '+Inf'],
          ],
        },
      ]),
      {
        series: [
          {
            labels: { a: 'b' },
            times: [1001, 2000, 3000],
            values: [3, Number.NaN, Number.POSITIVE_INFINITY],
            histograms: [],
          },
        ],
      },
    ))

  test('native histograms', () =>
    assert.deepEqual(
      matrix([
        {
          metric: {},
          histograms: [
            [
              1,
              {
                count: '7',
                sum: '3',
                buckets: [
                  [0, '0.5', '1', '4'],
                  [3, '-0.1', '0.1', '3'],
                ],
              },
            ],
          ],
        },
      ]),
      {
        series: [
          {
            labels: {},
            times: [1000],
            values: [],
            histograms: [
              {
                count: 7,
                buckets: [
                  { lower: 0.5, upper: 1, count: 4 },
                  { lower: -0.1, upper: 0.1, count: 3 },
                ],
              },
            ],
          },
        ],
      },
    ))

  const problems: readonly (readonly [string, ReturnType<typeof readMatrix>, RegExp])[] = [
    ['a warning', matrix([], { warnings: ['store-1: unavailable'] }), /^the answer is partial: store-1: unavailable$/],
    [
      'an error',
      matrix([], { status: 'error', errorType: 'bad_data', error: 'parse error' }, 400),
      /^bad_data: parse error$/,
    ],
    ['another status', matrix([], {}, 503), /^HTTP 503: no reason given$/],
    ['no JSON', readMatrix({ status: 502, headers: {}, body: '<html>' }), /^HTTP 502$/],
    [
      'a vector',
      readMatrix({ status: 200, headers: {}, body: '{"status":"success","data":{"resultType":"vector","result":[]}}' }),
      /not a matrix/,
    ],
    ['samples of another shape', matrix([{ metric: {}, values: [[1, 2]] }]), /cannot be read/],
    [
      'too many series',
      matrix(Array.from({ length: 10_001 }, () => ({ metric: {}, values: [] }))),
      /matches 10001 series/,
    ],
  ]
  for (const [name, reading, words] of problems)
    test(`${name} is a problem`, () => {
      assert.ok('problem' in reading, JSON.stringify(reading))
      assert.match(reading.problem, words)
    })
})

describe('samples taken straight from the text', () => {
  const texts = [
    '[[1.5,"2"],[3,"4"]]',
    '[[1767269282.711,"715"],[1767269283,"1e+06"],[1767269284.7,"NaN"],[1767269285.07,"-0.25"]]',
    '[[0,"0"],[1,"+Inf"],[2,"12345678901234567890"],[3,""]]',
    '[]',
    '[[1, "2"]]',
    '[[1e3,"2"]]',
    '[[1.23456,"2"]]',
  ]
  for (const text of texts)
    test(`${text} reads as its JSON does`, () => {
      const metric = JSON.stringify({ a: `"values":${text}`, values: 'x' })
      const read = (values: string) =>
        readMatrix({
          status: 200,
          headers: {},
          body: `{"status":"success","data":{"resultType":"matrix","result":[{"metric":${metric},"values":${values}},{"metric":{},"values":[[7,"8"]]}]}}`,
        })
      // A space keeps the text from being taken apart.
      assert.deepEqual(read(text), read(` ${text}`))
      assert.ok('series' in read(text))
    })
})

describe('what a series is', () => {
  const labels = {
    pod: 'a',
    rollouts_pod_template_hash: 'new',
    code: '503',
    method: 'POST',
    route: '/pay',
    job: 'x',
    region: 'eu',
  }
  test('version, pod, failure and what it counts', () =>
    assert.deepEqual(classify(labels, false), {
      arm: 'canary',
      pod: 'a',
      role: 'failed',
      detail: '503 POST /pay',
      fullDetail: '503 POST /pay region=eu',
    }))
  test('a code counts as a failure as a whole', () =>
    assert.equal(classify({ ...labels, code: '1503' }, false)?.role, 'requests'))
  test('another version is neither arm', () =>
    assert.equal(classify({ ...labels, rollouts_pod_template_hash: 'older' }, false), undefined))
  test('a proxy is a pod of its own for each version', () => {
    const proxy = createClassifier(plan({ preset: 'envoy' }), 'requests', [])
    assert.equal(proxy({ pod: 'p', envoy_cluster_name: 'old' }, false)?.pod, 'p (stable)')
  })
  test('bounds are seconds, whatever the unit, and equal ones are equal numbers', () => {
    const buckets = createClassifier(plan({ gate: 'latency', preset: 'istio' }), 'buckets', [])
    assert.equal(buckets({ ...labels, le: '700' }, false)?.le, 0.7)
    assert.equal(buckets({ ...labels, le: '+Inf' }, false)?.le, Number.POSITIVE_INFINITY)
    assert.equal(buckets(labels, true)?.role, 'native')
  })
  test('a counter of failures beside the requests is counted on top of nothing', () => {
    const failed = createClassifier(plan({ failed: 'failures_total' }), 'failed', [])
    assert.equal(failed(labels, false)?.role, 'events')
    assert.equal(createClassifier(plan({ failed: 'failures_total' }), 'requests', [])(labels, false)?.role, 'requests')
  })
})

describe('a stream of samples', () => {
  /** Scrapes at which each of three counters was seen. */
  const scrapes = [
    [1, 2, 3, 4, 5, 6],
    [1, 2, 4, 5, 6],
    [3, 4],
  ] as const
  const all = scrapes.map((times, index) => raw({ code: `20${index}` }, times))
  const within = (from: number, to: number): readonly RawSeries[] =>
    all
      .map(({ labels, times }) =>
        raw(
          labels,
          times.filter((time) => time > from && time <= to),
        ),
      )
      .filter(({ times }) => times.length > 0)

  test('is the same however it was cut and how much the parts overlap', () => {
    const whole = createSeriesStream(classify)
    whole.append(all, 6)
    for (const cuts of [
      [0, 3, 6],
      [0, 1, 2, 3, 4, 5, 6],
      [0, 5, 6],
    ])
      for (const overlap of [0, 1, 3]) {
        const parts = createSeriesStream(classify)
        for (const [index, until] of cuts.entries())
          if (index > 0) parts.append(within((cuts[index - 1] ?? 0) - overlap, until), until)
        assert.deepEqual(unpackSeries(parts.log), unpackSeries(whole.log))
      }
    for (const [index, { times, values }] of unpackSeries(whole.log).entries()) {
      assert.deepEqual(times, scrapes[index])
      assert.equal(values.length, times.length)
    }
  })

  test('counters of one scrape share their times', () => {
    const stream = createSeriesStream(classify)
    stream.append([raw({ code: '200' }, [1, 2]), raw({ code: '503' }, [1, 2])], 2)
    assert.equal(stream.log[0]?.times, stream.log[1]?.times)
  })

  test('two counters with one short name get their full ones, and copies of one counter do not', () => {
    const stream = createSeriesStream(classify)
    stream.append([raw({ region: 'eu' }, [1]), raw({ region: 'us' }, [1]), raw({ region: 'us', job: 'again' }, [1])], 1)
    assert.deepEqual(
      stream.log.map(({ detail }) => detail),
      ['200', '200 region=us', '200 region=us'],
    )
  })
})

describe('samples of a run', () => {
  test('are fetched from before the release once, then only their end, and once for all that ask at one look', async () => {
    const asked: string[] = []
    const samples = createGateSamples('a', classify)
    const ask = ({ at, windowMs }: { readonly at: number; readonly windowMs: number }) => {
      asked.push(`${at - windowMs}..${at}`)
      return Promise.resolve({ series: [raw({}, [at])] })
    }
    const hour = 3_600_000
    await Promise.all([samples.read(hour, 3 * hour, ask), samples.read(hour, 3 * hour, ask)])
    await samples.read(hour, 3 * hour + 1000, ask)
    await samples.read(hour, 3 * hour + 15_000, ask)
    assert.deepEqual(asked, [
      `${hour - 120_000}..${2 * hour - 120_000}`,
      `${2 * hour - 120_000}..${3 * hour - 120_000}`,
      `${3 * hour - 120_000}..${3 * hour}`,
      `${3 * hour - 45_000}..${3 * hour + 15_000}`,
    ])
  })

  test('what failed is asked for again', async () => {
    const samples = createGateSamples('a', classify)
    assert.deepEqual(await samples.read(0, 1000, () => Promise.resolve({ problem: 'down' })), { problem: 'down' })
    const read = await samples.read(0, 1000, () => Promise.resolve({ series: [raw({}, [500])] }))
    assert.ok('log' in read && unpackSeries(read.log)[0]?.times[0] === 500)
  })

  test('memory is bounded, lets the oldest go first, and forgets a run that has ended', () => {
    const bytes = (count: number) => ({ read: () => Promise.resolve({ log: [] }), bytes: () => count })
    const memory = createGateMemory({ mostEntries: 3, mostBytes: 100 })
    for (const key of ['a', 'b', 'c', 'd']) memory.samples('run', key, () => bytes(10))
    assert.deepEqual(memory.size, { entries: 3, bytes: 30 })
    memory.samples('other', 'e', () => bytes(90))
    assert.deepEqual(memory.size, { entries: 2, bytes: 100 })
    memory.remember('run\nm', 'text')
    memory.forget('run')
    assert.deepEqual([memory.size.entries, memory.recall('run\nm')], [1, undefined])
  })
})
