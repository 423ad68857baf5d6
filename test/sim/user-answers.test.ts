/** What Prometheus has to say for a user's conditions: every value is checked with the product's own judge, and what cannot be answered is named. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Conditions, judgeReading } from '../../analysis/domain/verdict.ts'
import type { AnalysisTemplate, Metric } from '../../controller/api/analysis.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { MetricAnswer } from '../../sim/models/outbound.ts'
import { measureTemplates } from '../../sim/user/measured-templates.ts'
import { findAnswers } from '../../sim/user/metric-answers.ts'

const judge = (answer: MetricAnswer | undefined, conditions: Conditions): string | undefined => {
  if (answer === undefined) return undefined
  const value = typeof answer === 'number' ? answer : [...answer]
  return judgeReading({ kind: 'sample', value, text: '' }, conditions, 'strict').phase
}

describe('values for conditions', () => {
  const answerable: readonly Conditions[] = [
    { successCondition: 'result[0] < 0.05' },
    { successCondition: 'result < 0.05' },
    { successCondition: 'result[0] >= 0.995' },
    { failureCondition: 'result[0] > 250 and result[0] < 260' },
    { successCondition: 'isNaN(result[0]) || result[0] <= 0.01' },
    { successCondition: 'len(result) == 2 && result[0] < result[1] * 1.2' },
    { successCondition: 'all(result, # < 0.2)' },
    { successCondition: 'result[0] > 99', failureCondition: 'result[0] < 95' },
    { successCondition: 'result[0] == 12345' },
    { successCondition: 'result[0] < -3' },
  ]
  for (const conditions of answerable)
    test(Object.values(conditions).join('; '), () => {
      const { content, discontent } = findAnswers([conditions], 'strict') ?? {}
      assert.equal(judge(content, conditions), 'Successful')
      assert.equal(judge(discontent, conditions), 'Failed')
    })

  test('a metric that is used twice has one value for both', () => {
    const usages = [{ successCondition: 'result[0] < 0.05' }, { successCondition: 'result[0] < 0.0002' }]
    const { content, discontent } = findAnswers(usages, 'strict') ?? {}
    for (const usage of usages)
      assert.deepEqual([judge(content, usage), judge(discontent, usage)], ['Successful', 'Failed'])
  })

  test('what nothing satisfies has no answer, and what refuses nothing has no bad one', () => {
    assert.equal(findAnswers([{ successCondition: 'result.ok == "yes"' }], 'strict'), undefined)
    assert.equal(findAnswers([{ successCondition: 'true' }], 'strict')?.discontent, undefined)
    assert.equal(findAnswers([{}], 'strict'), undefined)
  })
})

const rollout = (args: readonly { readonly name: string; readonly value: string }[]): Rollout => ({
  metadata: { name: 'shop', namespace: 'web' },
  spec: { strategy: { canary: { steps: [{ analysis: { templates: [{ templateName: 't' }], args: [...args] } }] } } },
})

const template = (...metrics: readonly Metric[]): AnalysisTemplate => ({
  kind: 'AnalysisTemplate',
  metadata: { name: 't' },
  spec: { args: [{ name: 'limit', value: '0.5' }], metrics: [...metrics] },
})

const asked: Metric = {
  name: 'errors',
  successCondition: 'result[0] < {{args.limit}}',
  provider: { prometheus: { address: 'https://elsewhere', query: 'errors', headers: [{ key: 'a', value: 'b' }] } },
}

describe("a user's templates", () => {
  test('ask the simulated Prometheus for their own query, each at an address of its own', () => {
    const { templates, answers } = measureTemplates(
      rollout([]),
      [template(asked, { ...asked, name: 'more' })],
      'strict',
    )
    const addresses = (templates[0]?.spec.metrics ?? []).map(({ provider }) => provider.prometheus)
    assert.deepEqual(addresses, [
      { address: 'http://prometheus.sim:9090/namespace/t/0', query: 'errors' },
      { address: 'http://prometheus.sim:9090/namespace/t/1', query: 'errors' },
    ])
    assert.deepEqual([...answers.keys()], ['/namespace/t/0', '/namespace/t/1'])
  })

  test('are answered as the arguments of the Rollout have it', () => {
    const limits = { default: rollout([]), own: rollout([{ name: 'limit', value: '-7' }]) }
    const answerOf = (one: Rollout) => measureTemplates(one, [template(asked)], 'strict').answers.get('/namespace/t/0')
    assert.deepEqual(answerOf(limits.default)?.content, [0])
    const { content, discontent } = answerOf(limits.own) ?? {}
    assert.equal(judge(content, { successCondition: 'result[0] < -7' }), 'Successful')
    assert.equal(judge(discontent, { successCondition: 'result[0] < -7' }), 'Failed')
  })

  test('say what was always content, and why', () => {
    const gate: Metric = { name: 'p99', provider: { plugin: { 'penstock/gate': { gate: 'latency', duration: '5m' } } } }
    const job: Metric = { name: 'smoke', provider: { job: { spec: {} } } }
    const odd: Metric = { ...asked, name: 'odd', successCondition: 'result.ok == "yes"' }
    const { templates, assumptions } = measureTemplates(rollout([]), [template(gate, job, odd)], 'strict')
    assert.match(assumptions[0] ?? '', /^always content: p99 of AnalysisTemplate t: .*penstock backtest/)
    assert.match(assumptions[1] ?? '', /^always content: smoke of AnalysisTemplate t: nobody answers for provider job$/)
    assert.match(assumptions[2] ?? '', /^always content: odd of AnalysisTemplate t: no value was found/)
    const [first, ...others] = templates[0]?.spec.metrics ?? []
    assert.equal(first?.initialDelay, '5m')
    for (const metric of others) assert.equal(metric.successCondition, 'result[0] == 1')
  })
})
