/** Rules that pick metrics by a pattern: a misspelt one is told, in Argo's words, before it gates what was meant to be dry. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Metric } from '../../../controller/api/analysis.ts'
import { renderAnalysisProblems, validateAnalysis } from '../../../controller/metric-language/validate-analysis.ts'

const sound: Metric = {
  name: 'errors',
  successCondition: 'result[0] < 0.05',
  provider: { prometheus: { address: 'http://prometheus:9090', query: 'up' } },
}

describe('dry-run and retention rules', () => {
  const ruled = (metricName: string, changes: object = {}): string =>
    renderAnalysisProblems(
      validateAnalysis({
        metrics: [sound, { ...sound, name: 'latency' }],
        dryRun: [{ metricName }],
        measurementRetention: [{ metricName, limit: 5 }],
        ...changes,
      }),
    )
  const none = "Rule didn't match any metric name(s)"

  test('match anywhere in a name, as in Argo', () => {
    for (const pattern of ['errors', 'err', 'lat.*', '.*', '^latency$', 'errors|x']) assert.equal(ruled(pattern), '')
  })
  test('that are about no metric are refused in Argo’s words', () =>
    assert.equal(ruled('erorrs'), `dryRun[0].metricName: ${none}; measurementRetention[0].metricName: ${none}`))
  test('that are no pattern are refused', () => assert.match(ruled('a('), /dryRun\[0\]\.metricName: bad pattern/))
  test('may be about a metric of another template, or one that an argument names', () => {
    assert.equal(ruled('other', { templates: [{ templateName: 'other' }] }), '')
    assert.equal(ruled('other', { metrics: [{ ...sound, name: '{{args.name}}' }] }), '')
  })
})
