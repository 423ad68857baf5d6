/** The verdict lattice as tables, each row in both readings: what a measurement, a metric and a run are judged to be. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addMeasurement } from '../../../analysis/domain/counters.ts'
import { type AssessedMetric, assessMetric, assessRun } from '../../../analysis/domain/judge.ts'
import { judgeReading, type VerdictMode } from '../../../analysis/domain/verdict.ts'
import type { Measurement, Metric, MetricResult } from '../../../controller/api/analysis.ts'
import { readLimits } from '../../../controller/metric-language/analysis-metric.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'

const success = { successCondition: 'result[0] < 0.05' }
const failure = { failureCondition: 'result[0] > 0.05' }
const both = { successCondition: 'result[0] < 0.05', failureCondition: 'result[0] > 0.2' }
const { NaN: nan, POSITIVE_INFINITY: inf } = Number

/** value, conditions, strict, argo */
const readings: readonly (readonly [Value, object, string, string])[] = [
  [[0.01], success, 'Successful', 'Successful'],
  [[0.5], success, 'Failed', 'Failed'],
  [[0.01], failure, 'Successful', 'Successful'],
  [[0.5], failure, 'Failed', 'Failed'],
  [[0.01], both, 'Successful', 'Successful'],
  [[0.1], both, 'Inconclusive', 'Inconclusive'],
  [[0.5], both, 'Failed', 'Failed'],
  [[0.01], { ...success, failureCondition: 'result[0] > 0' }, 'Failed', 'Failed'],
  [[nan], success, 'NoData', 'Failed'],
  [[nan], failure, 'NoData', 'Successful'],
  [[nan], both, 'NoData', 'Inconclusive'],
  [[inf], success, 'NoData', 'Failed'],
  [[-inf], failure, 'NoData', 'Successful'],
  [[0.01, nan], success, 'NoData', 'Successful'],
  [nan, { failureCondition: 'result > 1' }, 'NoData', 'Successful'],
  [[nan], { successCondition: 'isNaN(result[0]) || result[0] < 1' }, 'NoData', 'Successful'],
  [[], success, 'NoData', 'Error'],
  [[], { successCondition: 'len(result) == 0 || result[0] < 1' }, 'NoData', 'Successful'],
  [[], { failureCondition: 'any(result, # > 1)' }, 'NoData', 'Successful'],
  [null, { successCondition: 'result == nil' }, 'NoData', 'Successful'],
  ['', { successCondition: 'result == ""' }, 'NoData', 'Successful'],
  [{}, { failureCondition: 'result.bad' }, 'NoData', 'Error'],
  [[0.01], {}, 'NoData', 'Successful'],
  [{ a: 0, b: 0 }, { failureCondition: 'result.a / result.b > 0.1' }, 'NoData', 'Successful'],
  ['text', success, 'Error', 'Error'],
  [[0.01], { successCondition: 'result[' }, 'Error', 'Error'],
  [[0.01], { successCondition: 'result[0]' }, 'Error', 'Error'],
  [true, { successCondition: 'result' }, 'Successful', 'Successful'],
]

describe('one reading', () => {
  for (const mode of ['strict', 'argo'] as const) {
    for (const [value, conditions, strict, argo] of readings) {
      const expected = mode === 'strict' ? strict : argo
      test(`${mode}: ${JSON.stringify(value)} with ${JSON.stringify(conditions)} is ${expected}`, () => {
        const verdict = judgeReading({ kind: 'sample', value, text: '' }, conditions, mode)
        assert.equal(verdict.isNoData ? 'NoData' : verdict.phase, expected, verdict.message)
        if (verdict.isNoData) assert.match(verdict.message ?? '', /^NoData: /)
      })
    }
  }

  test('a provider that has nothing is NoData, and an Error in the other reading', () => {
    const reading = { kind: 'noData', why: 'the body is empty' } as const
    assert.equal(judgeReading(reading, success, 'strict').message, 'NoData: the body is empty')
    assert.equal(judgeReading(reading, success, 'argo').phase, 'Error')
  })
})

/** S successful, F failed, I inconclusive, N no data, T cut short (Argo: a success), E error, R unfinished. */
function record(history: string, mode: VerdictMode = 'strict'): MetricResult {
  const phases = {
    S: 'Successful',
    F: 'Failed',
    I: 'Inconclusive',
    N: 'Inconclusive',
    T: mode === 'argo' ? 'Successful' : 'Inconclusive',
    E: 'Error',
    R: 'Running',
  } as const
  let result: MetricResult = { name: 'm', phase: 'Pending' }
  for (const letter of history) {
    const phase = phases[letter as keyof typeof phases]
    const measurement: Measurement = {
      phase,
      ...(letter === 'R' ? {} : { finishedAt: '2026-01-01T00:00:00Z' }),
      ...(letter === 'T' ? { message: 'Metric Terminated' } : {}),
      ...(letter === 'N' ? { message: 'NoData: empty', metadata: { verdict: 'NoData' } } : {}),
    }
    result = addMeasurement(result, measurement, 10)
  }
  return result
}

const limits = (changes: Partial<Metric>) => readLimits({ name: 'm', provider: {}, ...changes })
const endless = { interval: '1s' }
const three = { interval: '1s', count: 3 }

/** history, metric, terminating, strict, argo */
const metrics: readonly (readonly [string, Partial<Metric>, boolean, string, string])[] = [
  ['', {}, false, 'Pending', 'Pending'],
  ['', {}, true, 'Inconclusive Terminated', 'Successful'],
  ['S', {}, false, 'Successful', 'Successful'],
  ['F', {}, false, 'Failed', 'Failed'],
  ['I', {}, false, 'Inconclusive', 'Inconclusive'],
  ['N', {}, false, 'Inconclusive NoData', 'Inconclusive'],
  ['E', {}, false, 'Running', 'Running'],
  ['EEEE', {}, false, 'Running', 'Running'],
  ['EEEEE', {}, false, 'Error ProviderError', 'Error ProviderError'],
  ['EE', { consecutiveErrorLimit: 1 }, false, 'Error ProviderError', 'Error ProviderError'],
  ['EESEE', { ...three, consecutiveErrorLimit: 2 }, false, 'Running', 'Running'],
  ['R', {}, false, 'Running', 'Running'],
  ['R', {}, true, 'Running', 'Running'],
  ['T', {}, true, 'Inconclusive Terminated', 'Successful'],
  ['T', endless, true, 'Inconclusive Terminated', 'Successful'],
  ['SST', endless, true, 'Successful', 'Successful'],
  ['SFST', { ...endless, failureLimit: 1 }, true, 'Successful', 'Successful'],
  ['SFT', { ...endless, failureLimit: 1 }, true, 'Inconclusive Terminated', 'Successful'],
  ['SET', endless, true, 'Inconclusive Terminated', 'Successful'],
  ['SNT', { ...endless, inconclusiveLimit: 1 }, true, 'Inconclusive Terminated', 'Successful'],
  ['SST', { ...three, inconclusiveLimit: 1 }, true, 'Inconclusive Terminated', 'Successful'],
  ['ST', three, true, 'Inconclusive Terminated', 'Successful'],
  ['SS', three, false, 'Running', 'Running'],
  ['SSS', three, false, 'Successful', 'Successful'],
  ['SFS', { ...three, failureLimit: 1 }, false, 'Successful', 'Successful'],
  ['FFF', { ...three, failureLimit: 3 }, false, 'Inconclusive NoEvidence', 'Successful'],
  ['F', { count: 1, failureLimit: 1 }, false, 'Inconclusive NoEvidence', 'Successful'],
  ['NNN', { ...three, inconclusiveLimit: 3 }, false, 'Inconclusive NoData', 'Successful'],
  ['NSN', { ...three, inconclusiveLimit: 2 }, false, 'Successful', 'Successful'],
  ['NNN', { ...three, inconclusiveLimit: 2 }, false, 'Inconclusive NoData', 'Inconclusive'],
  ['FEE', { ...three, consecutiveErrorLimit: 1 }, false, 'Failed', 'Error ProviderError'],
  ['FI', three, false, 'Failed', 'Failed'],
  ['IFEE', { ...three, consecutiveErrorLimit: 1 }, false, 'Failed', 'Error ProviderError'],
  ['FSS', { ...endless, failureLimit: -1, consecutiveSuccessLimit: 2 }, false, 'Successful', 'Successful'],
  ['FSFS', { ...endless, failureLimit: -1, consecutiveSuccessLimit: 2 }, false, 'Running', 'Running'],
  ['FSF', { ...three, failureLimit: -1, consecutiveSuccessLimit: 2 }, false, 'Failed', 'Failed'],
  [
    'FSI',
    { ...three, failureLimit: 1, inconclusiveLimit: 1, consecutiveSuccessLimit: 2 },
    false,
    'Inconclusive',
    'Inconclusive',
  ],
  ['SS', endless, false, 'Running', 'Running'],
  ['SS', endless, true, 'Successful', 'Successful'],
  ['SE', endless, true, 'Inconclusive Terminated', 'Successful'],
  ['SN', { ...endless, inconclusiveLimit: 1 }, true, 'Inconclusive Terminated', 'Successful'],
  ['SS', three, true, 'Inconclusive Terminated', 'Successful'],
  ['E', {}, true, 'Inconclusive Terminated', 'Successful'],
]

describe('one metric', () => {
  for (const mode of ['strict', 'argo'] as const) {
    for (const [history, metric, isTerminating, strict, argo] of metrics) {
      const expected = mode === 'strict' ? strict : argo
      const ending = isTerminating ? ', terminating' : ''
      test(`${mode}: ${history || 'nothing'} under ${JSON.stringify(metric)}${ending} is ${expected}`, () => {
        const { phase, cause } = assessMetric(record(history, mode), limits(metric), isTerminating, mode)
        assert.equal(mode === 'argo' && cause === 'NoData' ? phase : [phase, cause].filter(Boolean).join(' '), expected)
      })
    }
  }

  test('an endless metric whose only kept measurement was cut short stands by what it said before', () => {
    const cut = (history: string) => {
      const { measurements, ...counted } = record(history)
      return { ...counted, measurements: measurements?.slice(-1) ?? [] }
    }
    assert.equal(assessMetric(cut('SST'), limits(endless), true, 'strict').phase, 'Successful')
    assert.equal(assessMetric(cut('SET'), limits(endless), true, 'strict').phase, 'Inconclusive')
    assert.equal(assessMetric(cut('T'), limits(endless), true, 'strict').phase, 'Inconclusive')
  })

  test('what was cut short counts for nothing', () => {
    const { count, inconclusive, consecutiveSuccess } = record('SST')
    assert.deepEqual([count, inconclusive, consecutiveSuccess], [2, undefined, 2])
  })

  test('a completed metric keeps its phase', () => {
    const result: MetricResult = { ...record('S'), phase: 'Failed' }
    assert.equal(assessMetric(result, limits({}), true, 'strict').phase, 'Failed')
  })
})

const metric = (name: string, history: string, changes: Partial<Metric> = {}, isDryRun = false): AssessedMetric => ({
  name,
  isDryRun,
  assessment: assessMetric(record(history), limits(changes), false, 'strict'),
  lastMeasurement: record(history).measurements?.at(-1),
})
const cutShort = (name: string): AssessedMetric => ({
  name,
  isDryRun: false,
  assessment: assessMetric(record('S'), limits(three), true, 'strict'),
  lastMeasurement: undefined,
})

/** metrics, strict, argo */
const runs: readonly (readonly [string, readonly AssessedMetric[], string, string])[] = [
  ['all passed', [metric('a', 'S'), metric('b', 'S')], 'Successful', 'Successful'],
  ['one goes on', [metric('a', 'S'), metric('b', 'S', three)], 'Running', 'Running'],
  ['one failed', [metric('a', 'S'), metric('b', 'F')], 'Failed', 'Failed'],
  ['failed beats errors', [metric('a', 'EEEEE'), metric('b', 'F')], 'Failed', 'Failed'],
  ['provider down', [metric('a', 'S'), metric('b', 'EEEEE')], 'Inconclusive ProviderError', 'Error'],
  ['error beats no data', [metric('a', 'N'), metric('b', 'EEEEE')], 'Inconclusive ProviderError', 'Error'],
  ['no data', [metric('a', 'S'), metric('b', 'N')], 'Inconclusive NoData', 'Inconclusive'],
  ['no data speaks before what it cut short', [cutShort('a'), metric('b', 'N')], 'Inconclusive NoData', 'Inconclusive'],
  ['only dry', [metric('a', 'F', {}, true)], 'Successful', 'Successful'],
  ['a dry failure does not count', [metric('a', 'F', {}, true), metric('b', 'S')], 'Successful', 'Successful'],
]

describe('one run', () => {
  for (const mode of ['strict', 'argo'] as const) {
    for (const [name, assessed, strict, argo] of runs) {
      const expected = mode === 'strict' ? strict : argo
      test(`${mode}: ${name} is ${expected}`, () => {
        const run = assessRun(assessed, false, mode)
        const cause = mode === 'strict' ? /^(\w+): Metric/.exec(run.message ?? '')?.[1] : undefined
        assert.equal([run.phase, cause].filter(Boolean).join(' '), expected)
      })
    }
  }

  test('the message is Argo’s, word for word', () => {
    assert.equal(
      assessRun([metric('m', 'F')], false, 'strict').message,
      'Metric "m" assessed Failed due to failed (1) > failureLimit (0)',
    )
  })

  test('a run that was ended says so where there is nothing else to say, in both readings', () => {
    for (const mode of ['strict', 'argo'] as const)
      assert.deepEqual(assessRun([metric('m', 'S')], true, mode), { phase: 'Successful', message: 'Run Terminated' })
  })

  test('Argo has no words for a count that was reached without enough successes in a row', () => {
    const inARow = { ...three, failureLimit: 1, consecutiveSuccessLimit: 2 }
    const assessed = (mode: VerdictMode): AssessedMetric => ({
      ...metric('m', 'SFS', inARow),
      assessment: assessMetric(record('SFS'), limits(inARow), false, mode),
    })
    assert.deepEqual(assessRun([assessed('argo')], false, 'argo'), { phase: 'Inconclusive' })
    assert.match(assessRun([assessed('strict')], false, 'strict').message ?? '', /consecutiveSuccess \(1\) < /)
  })

  test('what is missing is said', () => {
    const { message } = assessRun([metric('m', 'N')], false, 'strict')
    assert.equal(
      message,
      'NoData: Metric "m" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): empty',
    )
  })

  test('no verdict ever passes that no measurement passed', () => {
    const letters = ['S', 'F', 'I', 'N', 'E']
    const shapes: readonly Partial<Metric>[] = [
      {},
      three,
      endless,
      { ...three, failureLimit: 3 },
      { ...three, inconclusiveLimit: 3 },
      { ...endless, failureLimit: -1, consecutiveSuccessLimit: 1 },
    ]
    for (const a of letters)
      for (const b of letters)
        for (const c of letters)
          for (const shape of shapes)
            for (const isTerminating of [true, false]) {
              const history = `${a}${b}${c}`
              const { phase } = assessMetric(record(history), limits(shape), isTerminating, 'strict')
              if (phase === 'Successful')
                assert.ok(history.includes('S'), `${history} passed under ${JSON.stringify(shape)}`)
            }
  })
})
