/** `penstock/mann-whitney` against a server that takes Prometheus' documented range queries only, and answers with values it makes up. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { seededRandom } from '../../../fakes/fake-random.ts'
import { type Handler, type Lab, openLab } from './lab.ts'

/** The value at one step, of how many there are; undefined for a gap. */
type Series = (index: number, steps: number) => number | undefined

interface World {
  readonly canary?: Series
  readonly stable?: Series
  readonly [query: string]: Series | undefined
}

/** Answers `query` with the series of that name. */
const prometheus =
  (world: World, { steps = 50, step = 60 } = {}): Handler =>
  ({ method, path, headers, body }) => {
    assert.deepEqual([method, path], ['POST', '/api/v1/query_range'])
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
    const { query = '', start, end, step: asked, ...rest } = Object.fromEntries(new URLSearchParams(body))
    assert.deepEqual(rest, { timeout: '30s' })
    assert.equal(Number(asked), step)
    assert.equal(Number(end) % step, 0, 'aligned')
    assert.equal((Number(end) - Number(start)) / step + 1, steps)
    const series = world[query]
    const values = Array.from(
      { length: steps },
      (_, index) => [Number(start) + index * step, series?.(index, steps)] as const,
    )
    const known = values.flatMap(([time, value]) => (value === undefined ? [] : [[time, String(value)]]))
    const result = known.length === 0 ? [] : [{ metric: {}, values: known }]
    return { body: JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }) }
  }

const noise = (mean: number, spread: number, seed: number): Series => {
  const random = seededRandom(seed)
  const values = Array.from({ length: 10_000 }, () => mean + spread * (random.next() - 0.5))
  return (index) => values[index]
}

describe('penstock/mann-whitney', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab()
  })
  after(() => lab.close())

  const metric = (more: object = {}, conditions: object = {}) => ({
    provider: {
      plugin: {
        'penstock/mann-whitney': {
          address: lab.address,
          ...('metrics' in more ? {} : { canaryQuery: 'canary', stableQuery: 'stable' }),
          ...more,
        },
      },
    },
    ...conditions,
  })
  const stable = noise(100, 20, 1)
  const same = noise(100, 20, 2)
  const higher = noise(130, 20, 3)
  const zero: Series = () => 0
  const some: Series = (index) => (index % 8 === 0 ? 5 : 0)
  const none: Series = () => undefined
  const few: Series = (index, steps) => (index >= steps - 3 ? 200 : undefined)

  /** canary, stable, configuration, strict, the reading of Kayenta */
  const rows: readonly (readonly [string, World, object, string, string])[] = [
    ['alike', { canary: same, stable }, {}, 'Successful 100', 'Successful 100'],
    ['higher', { canary: higher, stable }, {}, 'Failed 0', 'Failed 0'],
    [
      'higher where only a fall matters',
      { canary: higher, stable },
      { direction: 'decrease' },
      'Successful 100',
      'Successful 100',
    ],
    ['higher, and allowed', { canary: higher, stable }, { allowedIncrease: 1.5 }, 'Successful 100', 'Successful 100'],
    ['lower', { canary: stable, stable: higher }, {}, 'Failed 0', 'Failed 0'],
    // Seven of 50 steps with an error, where stable never had one.
    [
      'errors where there were none',
      { canary: some, stable: zero },
      { direction: 'increase' },
      'Failed 0',
      'Successful 100',
    ],
    [
      'one error where there were none',
      { canary: (index) => (index === 3 ? 5 : 0), stable: zero },
      {},
      'Successful 100',
      'Successful 100',
    ],
    [
      'none where there were some',
      { canary: zero, stable: some },
      { direction: 'increase' },
      'Successful 100',
      'Successful 100',
    ],
    ['nothing in both', { canary: zero, stable: zero }, {}, 'Successful 100', 'Successful 100'],
    ['no canary', { canary: none, stable }, {}, 'Inconclusive', 'Failed 0'],
    ['no stable', { canary: same, stable: none }, {}, 'Inconclusive', 'Failed 0'],
    [
      'no canary, nothing instead',
      { canary: none, stable: none },
      { nanStrategy: 'replace' },
      'Successful 100',
      'Successful 100',
    ],
    ['a canary of three values', { canary: few, stable }, {}, 'Inconclusive', 'Failed 0'],
    ['no canary, which must be', { canary: none, stable }, { mustHaveData: true }, 'Failed 0', 'Failed 0'],
  ]
  for (const [name, world, more, strict, kayenta] of rows)
    test(name, async () => {
      for (const [reading, expected] of [
        ['strict', strict],
        ['kayenta', kayenta],
      ] as const) {
        lab.serve(prometheus(world))
        const { measurement } = await lab.measure(metric({ reading, ...more }))
        const score = measurement.value === undefined ? '' : ` ${JSON.parse(measurement.value).score}`
        assert.equal(`${measurement.phase}${score}`, expected, `${reading}: ${measurement.message}`)
        assert.equal(lab.seen().length, 2)
      }
    })

  test('it says what it saw', async () => {
    lab.serve(prometheus({ canary: higher, stable }))
    const { measurement } = await lab.measure(metric())
    const line = measurement.metadata?.metric ?? ''
    assert.match(
      line,
      /^High: shift [\d.]+ \([\d.]+ to [\d.]+ at 98 %\), effect 1\.\d+, p [\de.-]+, 50 values of the canary, 50 of stable$/,
    )
    const [, shift, low, high, , p] =
      /shift ([\d.]+) \(([\d.]+) to ([\d.]+) at 98 %\), effect ([\d.]+), p ([\de.-]+)/.exec(line) ?? []
    assert.ok(Number(low) < Number(shift) && Number(shift) < Number(high) && Math.abs(Number(shift) - 30) < 5, line)
    assert.ok(Number(p) > 0 && Number(p) < 1e-6, line)
    assert.equal(measurement.message, `score 0; metric ${line}`)
  })

  test('several metrics, weighted, with a canary that was born late', async () => {
    const late: Series = (index, steps) => (index < steps / 2 ? undefined : same(index, steps))
    lab.serve(prometheus({ c1: late, s1: stable, c2: higher, s2: stable }))
    const metrics = [
      { name: 'latency', canaryQuery: 'c1', stableQuery: 's1', group: 'speed' },
      { name: 'errors', canaryQuery: 'c2', stableQuery: 's2', group: 'failures' },
    ]
    const { measurement } = await lab.measure(
      metric({ metrics, groupWeights: { speed: 80 }, threshold: { pass: 90, marginal: 70 } }),
    )
    assert.equal(measurement.phase, 'Inconclusive')
    assert.equal(
      measurement.value,
      '{"metrics":[{"label":"Pass","name":"latency"},{"label":"High","name":"errors"}],"score":80}',
    )
    assert.match(measurement.metadata?.latency ?? '', /25 values of the canary, 25 of stable$/)
  })

  test('a critical metric fails the whole', async () => {
    lab.serve(prometheus({ c1: same, s1: stable, c2: higher, s2: stable }))
    const metrics = (criticalIncrease: number) => [
      { name: 'latency', canaryQuery: 'c1', stableQuery: 's1' },
      { name: 'errors', canaryQuery: 'c2', stableQuery: 's2', critical: true, criticalIncrease },
    ]
    const low = { marginal: 40 }
    assert.equal((await lab.measure(metric({ metrics: metrics(1.2), threshold: low }))).measurement.phase, 'Failed')
    assert.equal((await lab.measure(metric({ metrics: metrics(2), threshold: low }))).measurement.phase, 'Inconclusive')
  })

  test('conditions judge what was computed', async () => {
    lab.serve(prometheus({ canary: higher, stable }))
    const failureCondition = "any(result.metrics, #.label == 'High' && #.lower > 10 && #.p < 0.01)"
    const { measurement } = await lab.measure(metric({}, { successCondition: 'result.score >= 95', failureCondition }))
    assert.equal(measurement.phase, 'Failed')
  })

  test('steps and how many', async () => {
    lab.serve(prometheus({ canary: same, stable }, { steps: 20, step: 15 }))
    assert.equal((await lab.measure(metric({ step: '15s', lookback: '5m' }))).measurement.phase, 'Successful')
  })

  const broken: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'two series',
      '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]},{"metric":{},"values":[]}]}}',
      200,
      /metric, canary: the query returns 2 series/,
    ],
    [
      'part of an answer',
      '{"status":"success","warnings":["partial"],"data":{"resultType":"matrix","result":[]}}',
      200,
      /partial/,
    ],
    ['an error', '{"status":"error","errorType":"bad_data","error":"parse error"}', 400, /bad_data: parse error/],
    ['a page', '<html>secret', 502, /HTTP 502$/],
  ]
  for (const [name, body, status, message] of broken)
    test(`${name} is an error`, async () => {
      lab.serve(() => ({ status, body }))
      const { measurement } = await lab.measure(metric())
      assert.equal(measurement.phase, 'Error')
      assert.match(measurement.message ?? '', message)
    })
})
