/** Schedule, arguments and the status of a run from pass to pass. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { substituteArguments } from '../../../analysis/domain/args.ts'
import { computeStatus } from '../../../analysis/domain/progress.ts'
import { decideSchedule } from '../../../analysis/domain/schedule.ts'
import type { VerdictMode } from '../../../analysis/domain/verdict.ts'
import type {
  AnalysisRunSpec,
  AnalysisRunStatus,
  Measurement,
  Metric,
  MetricResult,
} from '../../../controller/api/analysis.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'

const start = Date.UTC(2026, 0, 1)
const seconds = (count: number): number => start + count * 1000
const metric = (changes: Partial<Metric> = {}): Metric => ({
  name: 'm',
  provider: { prometheus: { query: 'up{job="{{args.job}}"}' } },
  ...changes,
})
const measured = (phase: Measurement['phase'], atSeconds: number): Measurement => ({
  phase,
  startedAt: formatInstant(seconds(atSeconds)),
  finishedAt: formatInstant(seconds(atSeconds)),
})

describe('the schedule', () => {
  const look = (
    changes: Partial<Metric>,
    result: Partial<MetricResult> | undefined,
    atSeconds: number,
    isTerminating = false,
    lookedAt: readonly string[] = [],
  ) => {
    const { due, wakeAt } = decideSchedule({
      metrics: [metric(changes)],
      results: result ? [{ name: 'm', phase: 'Running', ...result }] : [],
      startedAtMs: start,
      isTerminating,
      lookedAt,
      now: seconds(atSeconds),
    })
    return due.length > 0 ? 'now' : wakeAt === undefined ? 'never' : `at ${(wakeAt - start) / 1000}`
  }
  const after = (phase: Measurement['phase'], count = 1) => ({ count, measurements: [measured(phase, 5)] })

  /** metric, result, at, what happens */
  const rows: readonly (readonly [Partial<Metric>, Partial<MetricResult> | undefined, number, string])[] = [
    [{}, undefined, 0, 'now'],
    [{ initialDelay: '30s' }, undefined, 10, 'at 30'],
    [{ initialDelay: '30s' }, undefined, 30, 'now'],
    [{ interval: '1m' }, after('Successful'), 20, 'at 65'],
    [{ interval: '1m' }, after('Successful'), 65, 'now'],
    [{ interval: '5m' }, after('Error', 0), 6, 'at 15'],
    [{}, after('Error', 0), 15, 'now'],
    [{}, after('Successful'), 100, 'never'],
    [{ interval: '1m', count: 2 }, after('Failed', 2), 1000, 'never'],
    [{ interval: '1m' }, { ...after('Failed'), phase: 'Failed' }, 1000, 'never'],
    [{}, { measurements: [{ phase: 'Running', startedAt: formatInstant(start) }] }, 1, 'now'],
    [{}, { measurements: [{ phase: 'Running', resumeAt: formatInstant(seconds(9)) }] }, 1, 'at 9'],
  ]
  for (const [changes, result, at, expected] of rows)
    test(`${JSON.stringify(changes)} after ${result?.measurements?.[0]?.phase ?? 'nothing'} at ${at} s: ${expected}`, () =>
      assert.equal(look(changes, result, at), expected))

  test('a look that was not stored asks for the next one, of a measurement that is open', () => {
    const open = { measurements: [{ phase: 'Running' as const, resumeAt: formatInstant(seconds(15)) }] }
    const ask = (result: Partial<MetricResult>, nextSeconds: number, isTerminating = false) =>
      decideSchedule({
        metrics: [metric({ interval: '1m' })],
        results: [{ name: 'm', phase: 'Running', ...result }],
        startedAtMs: start,
        isTerminating,
        nextLooks: new Map([['m', seconds(nextSeconds)]]),
        now: seconds(20),
      })
    assert.deepEqual(ask(open, 30), { due: [], wakeAt: seconds(30) })
    assert.deepEqual(ask(open, 10).due.length, 1)
    assert.deepEqual(ask(after('Successful'), 600), { due: [], wakeAt: seconds(65) })
    assert.equal(ask(open, 30, true).due.length, 1)
  })

  test('nothing is measured while the run is ending', () => assert.equal(look({}, undefined, 0, true), 'never'))

  const runsJob: Partial<Metric> = { provider: { job: {} } }
  const running = { measurements: [{ phase: 'Running' as const, startedAt: formatInstant(start) }] }

  test('a Job is looked at whenever something asks for it, however long it should have been left alone', () => {
    const measurement = { ...running.measurements[0], phase: 'Running' as const, resumeAt: formatInstant(seconds(600)) }
    assert.equal(look(runsJob, { measurements: [measurement] }, 1), 'now')
  })

  /** age in seconds, seconds until the next look */
  for (const [age, delay] of [
    [0, 1],
    [2, 2],
    [50, 10],
    [1800, 60],
    [86_400, 60],
  ] as const)
    test(`a Job of ${age} s that has not ended is looked at again after ${delay} s`, () =>
      assert.equal(look(runsJob, running, age, false, ['m']), `at ${age + delay}`))

  test('one that may not have been created is tried again after a second, and not at once', () =>
    assert.equal(look(runsJob, undefined, 3, false, ['m']), 'at 4'))

  test('while the run is ending, Jobs and what is unfinished are looked at to be ended', () => {
    assert.equal(look(runsJob, running, 1, true, ['m']), 'now')
    assert.equal(look(runsJob, undefined, 1, true), 'now', 'a pass that was cut short may have created it')
    assert.equal(look({}, running, 1, true), 'now')
    assert.equal(look(runsJob, { phase: 'Successful' }, 1, true), 'never')
  })
})

describe('arguments', () => {
  const put = (changes: Partial<Metric>, values: Record<string, string>, mode: 'strict' | 'argo' = 'strict') => {
    const outcome = substituteArguments(metric(changes), new Map(Object.entries(values)), mode)
    return 'problem' in outcome ? outcome.problem : outcome.metric
  }
  test('are put everywhere in a metric, numbers in strings included', () => {
    const outcome = put(
      { count: '{{args.n}}', successCondition: 'result < {{ args.limit }}' },
      { job: 'a', n: '3', limit: '0.1' },
    )
    assert.ok(typeof outcome === 'object')
    assert.equal(outcome.provider.prometheus?.query, 'up{job="a"}')
    assert.equal(outcome.count, '3')
    assert.equal(outcome.successCondition, 'result < 0.1')
  })
  test('without a value are an error that names them', () => assert.equal(put({}, {}), 'args.job was not resolved'))
  test('of another kind are an error', () =>
    assert.equal(put({ name: '{{workflow.name}}' }, { job: 'a' }), 'failed to resolve {{workflow.name}}'))
  test('are not looked at again', () => {
    const outcome = put({}, { job: '{{args.secret}}', secret: 's3cret' })
    assert.ok(typeof outcome === 'object')
    assert.equal(outcome.provider.prometheus?.query, 'up{job="{{args.secret}}"}')
  })
  test('that would break a query out of its quotes are refused', () => {
    assert.match(
      JSON.stringify(put({}, { job: 'a"} or vector(1) #' })),
      /metric m: args\.job contains an unbalanced quote/,
    )
    assert.match(JSON.stringify(put({}, { job: 'a\nb' })), /line break/)
    assert.equal(typeof put({}, { job: 'a\nb' }, 'argo'), 'object')
  })
})

describe('the status after a pass', () => {
  const pass = (
    spec: AnalysisRunSpec,
    status: AnalysisRunStatus | undefined,
    entries: Record<string, Measurement>,
    at = 10,
    mode: VerdictMode = 'strict',
  ) => computeStatus({ spec, status, measured: new Map(Object.entries(entries)), mode, now: seconds(at) })
  const two: AnalysisRunSpec = { metrics: [metric({ name: 'a' }), metric({ name: 'b', interval: '10s', count: 2 })] }

  test('starts, goes on and completes', () => {
    const first = pass(two, undefined, { a: measured('Successful', 0), b: measured('Successful', 0) }, 0)
    assert.equal(first.phase, 'Running')
    assert.equal(first.startedAt, '2026-01-01T00:00:00Z')
    assert.equal(first.completedAt, undefined)
    const second = pass(two, first, { b: measured('Successful', 10) }, 10)
    assert.equal(second.phase, 'Successful')
    assert.equal(second.completedAt, '2026-01-01T00:00:10Z')
    assert.deepEqual(second.runSummary, { count: 2, successful: 2 })
  })

  test('a failure ends the others in the same pass, and they are not called Successful', () => {
    const status = pass(two, undefined, {
      a: { ...measured('Failed', 0), value: '[0.4]' },
      b: measured('Successful', 0),
    })
    assert.equal(status.phase, 'Failed')
    assert.deepEqual(
      status.metricResults?.map((result) => result.phase),
      ['Failed', 'Inconclusive'],
    )
    assert.equal(status.message, 'Metric "a" assessed Failed due to failed (1) > failureLimit (0)')
    assert.equal(status.metricResults?.[0]?.message, 'failed (1) > failureLimit (0), last value [0.4]')
  })

  test('a pass that brought nothing gives an equal status', () => {
    const first = pass(two, undefined, { b: measured('Successful', 0) }, 0)
    assert.deepEqual(pass(two, first, {}, 5), first)
  })

  test('is not Successful when terminated before a verdict', () => {
    const status = pass({ ...two, terminate: true }, undefined, {})
    assert.equal(status.phase, 'Inconclusive')
    assert.match(status.message ?? '', /^Terminated: /)
  })

  test('keeps what passed when terminated afterwards', () => {
    const spec = { metrics: [metric({ name: 'a' })] }
    const status = pass({ ...spec, terminate: true }, pass(spec, undefined, { a: measured('Successful', 0) }), {})
    assert.equal(status.phase, 'Successful')
  })

  test('keeps ten measurements, or as many as the rule says, and every count', () => {
    const spec: AnalysisRunSpec = {
      metrics: [metric({ name: 'many', interval: '1s' }), metric({ name: 'few', interval: '1s' })],
      measurementRetention: [{ metricName: '^few$', limit: 2 }],
    }
    let status: AnalysisRunStatus | undefined
    for (let at = 0; at < 15; at += 1)
      status = pass(spec, status, { many: measured('Successful', at), few: measured('Successful', at) }, at)
    assert.deepEqual(
      status?.metricResults?.map((result) => [result.measurements?.length, result.count]),
      [
        [10, 15],
        [2, 15],
      ],
    )
  })

  test('of several retention rules the last one that matches counts, as in Argo', () => {
    const spec: AnalysisRunSpec = {
      metrics: [metric({ name: 'many', interval: '1s' })],
      measurementRetention: [
        { metricName: 'm.*', limit: 2 },
        { metricName: 'many', limit: 3 },
      ],
    }
    let status: AnalysisRunStatus | undefined
    for (let at = 0; at < 5; at += 1) status = pass(spec, status, { many: measured('Successful', at) }, at)
    assert.equal(status?.metricResults?.[0]?.measurements?.length, 3)
  })

  test('Argo’s reading keeps its words: no result before a measurement, and the provider’s message alone', () => {
    const first = pass(two, undefined, { b: measured('Successful', 0) }, 0, 'argo')
    assert.deepEqual(
      first.metricResults?.map(({ name }) => name),
      ['b'],
    )
    assert.equal(first.runSummary?.count, 2)
    const failed = { ...measured('Failed', 1), value: '[0.4]' }
    assert.equal(pass(two, first, { a: failed }, 1, 'argo').metricResults?.[0]?.message, undefined)
    const words = pass(two, first, { a: { ...failed, message: 'its words' } }, 1, 'argo')
    assert.equal(words.metricResults?.[0]?.message, 'its words')
  })

  test('a dry metric says how it would have ended', () => {
    for (const mode of ['strict', 'argo'] as const) {
      const status = pass({ ...two, dryRun: [{ metricName: 'a' }] }, undefined, { a: measured('Failed', 0) }, 0, mode)
      assert.equal(status.metricResults?.[0]?.message, 'Metric assessed Failed due to failed (1) > failureLimit (0)')
    }
  })

  test('dry metrics are marked, summed up apart and decide nothing', () => {
    const spec = { ...two, dryRun: [{ metricName: 'a' }] }
    const first = pass(spec, undefined, { a: measured('Failed', 0), b: measured('Successful', 0) })
    assert.equal(first.phase, 'Running')
    const second = pass(spec, first, { b: measured('Successful', 10) })
    assert.equal(second.phase, 'Successful')
    assert.equal(second.metricResults?.[0]?.dryRun, true)
    assert.deepEqual(second.dryRunSummary, { count: 1, failed: 1 })
    assert.deepEqual(second.runSummary, { count: 1, successful: 1 })
  })

  test('an unfinished measurement is replaced when it is taken again', () => {
    const status: AnalysisRunStatus = {
      phase: 'Running',
      startedAt: formatInstant(start),
      metricResults: [
        { name: 'm', phase: 'Running', measurements: [{ phase: 'Running', startedAt: formatInstant(start) }] },
      ],
    }
    const after = pass({ metrics: [metric()] }, status, { m: measured('Successful', 3) })
    assert.equal(after.metricResults?.[0]?.measurements?.length, 1)
    assert.equal(after.phase, 'Successful')
  })
})
