/** `lint` and the webhook say where an analysis compares with stable although stable has no traffic by then, and nothing where that is not so. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { AnalysisTemplateSpec, Metric } from '../../../controller/api/analysis.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStrategy, Rollout, RolloutAnalysis } from '../../../controller/api/rollout.ts'
import {
  CHART_COMPARISONS,
  collectTemplates,
  warnOfFullWeight,
} from '../../../controller/domain/validation/full-weight.ts'

const metric = (name: string, provider: Metric['provider']): Metric => ({ name, provider })
const gate = (name: string, kind: string): Metric =>
  metric(name, { plugin: { 'penstock/gate': { gate: kind, canary: '{{args.new}}', stable: '{{ args.old }}' } } })
const query = (text: string): Metric => metric('query', { prometheus: { query: text } })

const template = (name: string, spec: AnalysisTemplateSpec, namespace?: string): KubeObject =>
  ({
    kind: 'AnalysisTemplate',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec,
  }) as KubeObject

const others = [
  template('errors', { metrics: [gate('e', 'errorRate'), gate('o', 'events')] }),
  template('p99', { metrics: [gate('l', 'latency')] }),
  template('orders', { metrics: [gate('o', 'events')] }),
  template('ratio', { metrics: [query('a{h="{{args.new}}"} / a{h="{{args.old}}"}')] }),
  template('slo', { metrics: [query('a{h="{{args.new}}"}')] }),
  template('dry', { metrics: [gate('e', 'errorRate')], dryRun: [{ metricName: 'e' }] }),
  template('nested', { templates: [{ templateName: 'p99' }, { templateName: 'orders' }] }),
  template('lost', { templates: [{ templateName: 'gone' }] }),
  template('errors', { metrics: [] }, 'elsewhere'),
]

const args = [
  { name: 'new', valueFrom: { podTemplateHashValue: 'Latest' } },
  { name: 'old', valueFrom: { podTemplateHashValue: 'Stable' } },
] as const
const ask = (...names: readonly string[]): RolloutAnalysis => ({
  templates: names.map((templateName) => ({ templateName })),
  args: [...args],
})

const rolloutOf = (strategy: NonNullable<Rollout['spec']['strategy']>): Rollout => ({
  metadata: { name: 'web' },
  spec: { strategy },
})
const found = (rollout: Rollout): readonly string[] =>
  warnOfFullWeight(rollout, collectTemplates(rollout, others)).map(
    ({ field, message }) => `${field.replace('spec.strategy.', '')}: ${message.split(' with stable')[0]}`,
  )
const canary = (canary: CanaryStrategy): readonly string[] => found(rolloutOf({ canary }))

const at = (weight: number, analysis: RolloutAnalysis): CanaryStrategy => ({
  steps: [{ setWeight: 20 }, { setWeight: weight }, { pause: {} }, { analysis }],
})
const place = 'canary.steps[3].analysis.templates'

describe('an analysis of a canary where stable has no traffic', () => {
  /** What, the strategy, what is told. */
  const rows: readonly (readonly [string, CanaryStrategy, readonly string[]])[] = [
    ['errors at all traffic', at(100, ask('errors')), [`${place}[0].templateName: metric e compares`]],
    ['at a little less', at(99, ask('errors')), []],
    [
      'each of several templates',
      at(100, ask('orders', 'p99', 'errors')),
      [`${place}[1].templateName: metric l compares`, `${place}[2].templateName: metric e compares`],
    ],
    ['events alone: they have the hours before', at(100, ask('orders')), []],
    ['a query that names both versions', at(100, ask('ratio')), [`${place}[0].templateName: metric query compares`]],
    ['a query that names the new one alone', at(100, ask('slo')), []],
    ['a dry run of the template', at(100, ask('dry')), []],
    ['a dry run of the Rollout', at(100, { ...ask('p99'), dryRun: [{ metricName: 'l' }] }), []],
    ['nested templates', at(100, ask('nested')), [`${place}[0].templateName: metric l compares`]],
    ['a template that nobody gave, or a part of one', at(100, ask('unknown', 'lost')), []],
    ['an argument that is not the stable hash', at(100, { ...ask('p99'), args: [{ name: 'old', value: 'v1' }] }), []],
    [
      'the whole of a router that has another one',
      { ...at(1000, ask('p99')), trafficRouting: { maxTrafficWeight: 1000 } },
      [`${place}[0].templateName: metric l compares`],
    ],
    ['a tenth of it', { ...at(100, ask('p99')), trafficRouting: { maxTrafficWeight: 1000 } }, []],
    [
      'in the background from there on',
      { analysis: { ...ask('p99'), startingStep: 1 }, steps: [{ setWeight: 20 }, { setWeight: 100 }, { pause: {} }] },
      ['canary.analysis.templates[0].templateName: metric l compares'],
    ],
    [
      'in the background from before',
      { analysis: { ...ask('p99'), startingStep: 0 }, steps: [{ setWeight: 20 }, { setWeight: 100 }, { pause: {} }] },
      [],
    ],
    ['in the background without steps', { analysis: ask('p99') }, []],
    ['no analysis', { steps: [{ setWeight: 100 }, { pause: {} }] }, []],
  ]
  for (const [what, strategy, expected] of rows) test(what, () => assert.deepEqual(canary(strategy), expected))
})

test('after a blue-green promotion all traffic is on the new version; before it the preview may have some', () => {
  const services = { activeService: 'a', previewService: 'p' }
  const told = found(rolloutOf({ blueGreen: { ...services, postPromotionAnalysis: ask('errors', 'slo') } }))
  assert.deepEqual(told, ['blueGreen.postPromotionAnalysis.templates[0].templateName: metric e compares'])
  assert.deepEqual(found(rolloutOf({ blueGreen: { ...services, prePromotionAnalysis: ask('errors') } })), [])
})

describe('gates of the chart', () => {
  const folder = fileURLToPath(new URL('../../../charts/penstock/files/gates', import.meta.url))
  const chart = readdirSync(folder).map((file) => parse(readFileSync(join(folder, file), 'utf8')) as KubeObject)
  const asked = {
    templates: Object.keys(CHART_COMPARISONS).map((key) => ({
      templateName: key.slice('cluster/'.length),
      clusterScope: true,
    })),
    args: [{ name: 'stable-hash', valueFrom: { podTemplateHashValue: 'Stable' as const } }],
  }

  test('are known by name where the manifests come without them, and say the same as their own text', () => {
    const rollout = rolloutOf({ canary: at(100, asked) })
    const known = warnOfFullWeight(rollout, {})
    assert.equal(known.length, chart.length)
    assert.deepEqual(known, warnOfFullWeight(rollout, collectTemplates(rollout, chart)))
  })
})
