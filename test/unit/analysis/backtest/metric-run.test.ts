/**
 * A metric in a backtest is measured and counted as its AnalysisRun would be: when, how often, and what its end does to the release. Expectations are
 * those of Argo Rollouts' fields (interval, count, limits) and of the strict reading.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asReleased } from '../../../../analysis/domain/backtest/deal-pods.ts'
import { createMetricRun, type MetricTrack } from '../../../../analysis/domain/backtest/metric-run.ts'
import type { BacktestPlan, PlanMetric } from '../../../../analysis/domain/backtest/plan.ts'
import { playPlan } from '../../../../analysis/domain/backtest/replay-plan.ts'
import type { Reading, VerdictMode } from '../../../../analysis/domain/verdict.ts'
import type { Metric } from '../../../../controller/api/analysis.ts'
import { MINUTE, START } from './service.ts'

const metricWith = (fields: Partial<Metric>): Metric => ({
  name: 'errors',
  provider: { prometheus: { query: 'up' } },
  successCondition: 'result[0] < 0.05',
  ...fields,
})
const value = (...values: readonly number[]): Reading => ({
  kind: 'sample',
  value: values,
  text: `[${values.join(',')}]`,
})

interface Row {
  readonly name: string
  readonly fields: Partial<Metric>
  readonly readings: readonly Reading[]
  /** Seconds after the start. */
  readonly at: readonly number[]
  readonly phase: string | undefined
  readonly message?: RegExp
  readonly mode?: VerdictMode
}

const bad = value(0.1)
const good = value(0.01)
const nonsense: Reading = { kind: 'sample', value: 'text', text: 'text' }
const rows: readonly Row[] = [
  {
    name: 'once without an interval',
    fields: {},
    readings: [good],
    at: [0],
    phase: 'Successful',
  },
  {
    name: 'count and interval, after the initial delay',
    fields: { initialDelay: '1m', interval: '30s', count: 3 },
    readings: [good, good, good],
    at: [60, 90, 120],
    phase: 'Successful',
  },
  {
    name: 'one failure more than the limit',
    fields: { interval: '30s', failureLimit: 1 },
    readings: [bad, good, bad],
    at: [0, 30, 60],
    phase: 'Failed',
    message: /^failed \(2\) > failureLimit \(1\), last value \[0\.1\]$/,
  },
  {
    name: 'failures without a limit',
    fields: { interval: '30s', failureLimit: -1, count: 2 },
    readings: [bad, good],
    at: [0, 30],
    phase: 'Successful',
  },
  {
    name: 'lack of data is Inconclusive',
    fields: { interval: '30s' },
    readings: [value()],
    at: [0],
    phase: 'Inconclusive',
  },
  {
    name: 'errors are asked again after ten seconds, five in a row are enough',
    fields: { interval: '1m', successCondition: 'result < 1' },
    readings: [nonsense, nonsense, nonsense, nonsense, nonsense],
    at: [0, 10, 20, 30, 40],
    phase: 'Inconclusive',
  },
  {
    name: 'in compat they end as an Error',
    fields: { interval: '1m', successCondition: 'result < 1', consecutiveErrorLimit: 1 },
    readings: [nonsense, nonsense],
    at: [0, 10],
    phase: 'Error',
    mode: 'argo',
  },
  {
    name: 'an interval of nothing is a second',
    fields: { interval: '0s', count: 3 },
    readings: [good, good, good],
    at: [0, 1, 2],
    phase: 'Successful',
  },
]

describe('the run of a metric', () => {
  for (const { name, fields, readings, at, phase, message, mode = 'strict' } of rows)
    test(name, () => {
      // Within a second: a status has whole ones.
      const startedAt = START + 250
      const run = createMetricRun(metricWith(fields), startedAt, mode)
      const times: number[] = []
      let end: ReturnType<typeof run.measure>
      for (const reading of readings) {
        assert.equal(end, undefined)
        times.push(((run.nextAt() ?? 0) - startedAt) / 1000)
        end = run.measure(reading)
      }
      assert.deepEqual(times, at)
      assert.equal(end?.phase, phase)
      assert.equal(run.nextAt(), undefined)
      if (message) assert.match(end?.message ?? '', message)
    })
})

describe('in a plan', () => {
  const plan: BacktestPlan = {
    name: 'steps',
    stages: [
      { weightPercent: 10, durationMs: 2 * MINUTE, waitsFor: ['errors', 'not replayed'] },
      { weightPercent: 50, durationMs: 5 * MINUTE, waitsFor: [] },
    ],
    gates: [],
  }
  const play = (changes: Partial<PlanMetric>, readings: (minute: number, stage: number) => Reading, of = plan) => {
    const metric: PlanMetric = {
      name: 'errors',
      metric: metricWith({ interval: '1m', count: 3 }),
      watchesFrom: undefined,
      ...changes,
    }
    const track: MetricTrack = { valueAt: (at, stage) => readings((at - START) / MINUTE, stage) }
    const order = { plan: of, gates: [], metrics: [{ metric, track }], since: START, until: START + 20 * MINUTE }
    return playPlan({ ...order, deal: asReleased })
  }

  test('a step ends with its analysis, and does not wait for what is not replayed', () => {
    const { outcome, stages } = play({}, () => good)
    assert.equal(outcome, 'passed')
    assert.deepEqual(
      stages.map(({ startedAt, endedAt }) => [startedAt - START, endedAt - START]),
      [
        [0, 2 * MINUTE],
        [2 * MINUTE, 7 * MINUTE],
      ],
    )
  })
  test('a failed run aborts, one without data asks a person', () => {
    const failed = play({}, (minute) => (minute < 1 ? good : bad))
    assert.deepEqual(
      [failed.outcome, failed.gate, failed.reason, failed.at - START],
      ['aborted', 'errors', 'Failed', MINUTE],
    )
    assert.deepEqual([play({}, () => value()).outcome, play({}, () => value()).reason], ['held', 'Inconclusive'])
  })
  test('in the background it begins with its stage and ends with the plan', () => {
    const seen: (readonly [number, number])[] = []
    const endless = { watchesFrom: 1, metric: metricWith({ interval: '1m' }) }
    const waitingForNothing = { ...plan, stages: plan.stages.map((stage) => ({ ...stage, waitsFor: [] })) }
    const { outcome } = play(
      endless,
      (minute, stage) => {
        seen.push([minute, stage])
        return good
      },
      waitingForNothing,
    )
    assert.equal(outcome, 'passed')
    assert.deepEqual(seen, [
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 1],
    ])
  })
})
