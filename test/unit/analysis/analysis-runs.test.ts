/** Templates and a rollout's wishes become one AnalysisRun: names, labels, arguments, and every way it can be refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisTemplate, AnalysisTemplateSpec, Argument } from '../../../controller/api/analysis.ts'
import type { Rollout, RolloutAnalysis } from '../../../controller/api/rollout.ts'
import { type AnalysisRunRequest, buildAnalysisRun } from '../../../controller/domain/analysis/analysis-runs.ts'
import { readField } from '../../../controller/domain/analysis/fields.ts'

const rollout: Rollout = {
  metadata: {
    name: 'checkout',
    namespace: 'shop',
    uid: 'u-1',
    labels: { team: 'pay' },
    annotations: { 'penstock.dev/compat': 'argo' },
  },
  spec: { selector: { matchLabels: { app: 'checkout' } }, strategy: { canary: { steps: [{ setWeight: 5 }] } } },
  status: { canary: { weights: { canary: { weight: 5 }, stable: { weight: 95 } } } },
}

const metric = (name: string) => ({
  name,
  successCondition: 'result[0] < {{args.limit}}',
  provider: { prometheus: { address: 'http://prometheus:9090', query: 'up' } },
})
const template = (name: string, spec: AnalysisTemplateSpec): AnalysisTemplate => ({ metadata: { name }, spec })

function build(
  templates: readonly AnalysisTemplate[],
  analysis: RolloutAnalysis,
  changes: Partial<AnalysisRunRequest> = {},
) {
  return buildAnalysisRun({
    rollout,
    podHash: { stable: 'aaa', latest: 'bbb' },
    revision: 3,
    kind: 'Step',
    stepIndex: 1,
    analysis,
    templates: Object.fromEntries(templates.map((entry) => [entry.metadata.name, entry])),
    nameSuffix: '',
    ...changes,
  })
}

function runOf(outcome: ReturnType<typeof build>) {
  assert.ok('run' in outcome, 'problem' in outcome ? outcome.problem : '')
  return outcome.run
}
function problemOf(outcome: ReturnType<typeof build>): string {
  assert.ok('problem' in outcome, 'a run was built')
  return outcome.problem
}

const secretOf = (name: string, secret: string): Argument => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key: 'k' } },
})
const errors = template('errors', { metrics: [metric('errors')], args: [{ name: 'limit', value: '0.05' }] })
const refs = (...names: string[]): RolloutAnalysis => ({ templates: names.map((templateName) => ({ templateName })) })

describe('the run of a step', () => {
  test('is named, labelled and owned as Argo does it', () => {
    const run = runOf(build([errors], refs('errors'), { instanceId: 'blue' }))
    assert.deepEqual(run.metadata, {
      name: 'checkout-bbb-3-1',
      namespace: 'shop',
      labels: {
        app: 'checkout',
        'argo-rollouts.argoproj.io/controller-instance-id': 'blue',
        'rollout-type': 'Step',
        'rollouts-pod-template-hash': 'bbb',
        'step-index': '1',
      },
      annotations: { 'penstock.dev/compat': 'argo', 'rollout.argoproj.io/revision': '3' },
      ownerReferences: [
        {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          name: 'checkout',
          uid: 'u-1',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    })
  })

  test('names tell the kinds apart', () => {
    const names = (['Background', 'PrePromotion', 'PostPromotion'] as const).map(
      (kind) => runOf(build([errors], refs('errors'), { kind, nameSuffix: '.1' })).metadata.name,
    )
    assert.deepEqual(names, ['checkout-bbb-3.1', 'checkout-bbb-3-pre.1', 'checkout-bbb-3-post.1'])
  })

  test('metadata of the analysis is added but cannot take over an identity label', () => {
    const analysisRunMetadata = { labels: { 'rollout-type': 'Background', tier: 'gold' }, annotations: { note: 'x' } }
    const { metadata } = runOf(build([errors], { ...refs('errors'), analysisRunMetadata }))
    assert.equal(metadata.labels?.['rollout-type'], 'Step')
    assert.equal(metadata.labels?.tier, 'gold')
    assert.equal(metadata.annotations?.note, 'x')
  })

  test('equal input gives equal bytes', () => {
    const bytes = () => JSON.stringify(runOf(build([errors], refs('errors'))))
    assert.equal(bytes(), bytes())
    const labelled = (labels: Readonly<Record<string, string>>) =>
      JSON.stringify(runOf(build([errors], { ...refs('errors'), analysisRunMetadata: { labels } })))
    assert.equal(labelled({ a: '1', b: '2' }), labelled({ b: '2', a: '1' }), 'in whichever order labels are written')
  })
})

describe('arguments', () => {
  const declare = (...args: Argument[]) => template('t', { metrics: [metric('m')], args })
  const resolve = (declared: Argument[], given: Argument[] = []) =>
    runOf(build([declare(...declared)], { ...refs('t'), args: given })).spec.args

  test('the rollout overrides a default, and what no template declares is ignored', () => {
    const given = [
      { name: 'limit', value: '0.1' },
      { name: 'stray', value: 'x' },
    ]
    assert.deepEqual(resolve([{ name: 'limit', value: '0.05' }], given), [{ name: 'limit', value: '0.1' }])
  })

  test('hashes and fields are resolved', () => {
    const given: Argument[] = [
      { name: 'canary', valueFrom: { podTemplateHashValue: 'Latest' } },
      { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' } },
      { name: 'team', valueFrom: { fieldRef: { fieldPath: "metadata.labels['team']" } } },
      { name: 'weight', valueFrom: { fieldRef: { fieldPath: 'status.canary.weights.canary.weight' } } },
    ]
    const declared = given.map(({ name }) => ({ name }))
    assert.deepEqual(
      resolve(declared, given)?.map(({ value }) => value),
      ['bbb', 'aaa', 'pay', '5'],
    )
  })

  test('a secret stays a reference', () => {
    const valueFrom = { secretKeyRef: { name: 'token', key: 'value' } }
    assert.deepEqual(resolve([{ name: 'token', valueFrom }]), [{ name: 'token', valueFrom }])
  })

  test('one without a value is a problem', () => {
    assert.equal(problemOf(build([declare({ name: 'limit' })], refs('t'))), 'args.limit was not resolved')
  })

  test('a field that leads nowhere is a problem that names it', () => {
    const args = [{ name: 'limit', valueFrom: { fieldRef: { fieldPath: 'status.alb.name' } } }]
    const problem = problemOf(build([declare({ name: 'limit' })], { ...refs('t'), args }))
    assert.equal(problem, 'args.limit: fieldPath status.alb.name leads to nothing')
  })
})

describe('merging templates', () => {
  test('metrics, arguments and rules come together in the order of the references, each template once', () => {
    const inner = template('inner', {
      metrics: [metric('inner')],
      args: [{ name: 'limit' }],
      dryRun: [{ metricName: 'inner' }],
    })
    const outer = template('outer', {
      metrics: [metric('outer')],
      args: [{ name: 'limit', value: '1' }],
      templates: [{ templateName: 'inner' }],
      measurementRetention: [{ metricName: '.*', limit: 5 }],
    })
    const { spec } = runOf(build([inner, outer], refs('outer', 'inner')))
    assert.deepEqual(
      spec.metrics.map(({ name }) => name),
      ['outer', 'inner'],
    )
    assert.deepEqual(spec.args, [{ name: 'limit', value: '1' }])
    assert.deepEqual(spec.dryRun, [{ metricName: 'inner' }])
    assert.deepEqual(spec.measurementRetention, [{ metricName: '.*', limit: 5 }])
  })

  test('a cluster template and one of the namespace may share a name', () => {
    const templates = {
      same: template('same', { metrics: [metric('a')] }),
      'cluster/same': template('same', { metrics: [metric('b')] }),
    }
    const analysis = { templates: [{ templateName: 'same' }, { templateName: 'same', clusterScope: true }] }
    assert.equal(runOf(build([], analysis, { templates })).spec.metrics.length, 2)
  })

  const problems: readonly (readonly [string, readonly AnalysisTemplate[], RegExp])[] = [
    ['a missing one', [], /AnalysisTemplate 'a' not found/],
    [
      'one that names itself',
      [template('a', { templates: [{ templateName: 'a' }] })],
      /'a' refers to itself: .*'a' → .*'a'/,
    ],
    [
      'a cycle',
      [template('a', { templates: [{ templateName: 'b' }] }), template('b', { templates: [{ templateName: 'a' }] })],
      /refers to itself: .*'a' → .*'b' → .*'a'/,
    ],
    [
      'two metrics of one name',
      [
        template('a', { metrics: [metric('m')], templates: [{ templateName: 'b' }] }),
        template('b', { metrics: [metric('m')] }),
      ],
      /two metrics have the same name 'm'/,
    ],
    [
      'an argument with two values',
      [
        template('a', {
          metrics: [metric('m')],
          args: [{ name: 'x', value: '1' }],
          templates: [{ templateName: 'b' }],
        }),
        template('b', { args: [{ name: 'x', value: '2' }] }),
      ],
      /Argument `x` specified multiple times with different values: '1', '2'/,
    ],
    [
      'an argument with two references',
      [
        template('a', { metrics: [metric('m')], args: [secretOf('x', 's1')], templates: [{ templateName: 'b' }] }),
        template('b', { args: [secretOf('x', 's2')] }),
      ],
      /Argument `x` specified multiple times with different values: .*s1.*s2/,
    ],
    [
      'a dry-run rule of two templates',
      [
        template('a', { metrics: [metric('m')], dryRun: [{ metricName: 'm' }], templates: [{ templateName: 'b' }] }),
        template('b', { dryRun: [{ metricName: 'm' }] }),
      ],
      /two Dry-Run metric rules have the same name 'm'/,
    ],
    [
      'a rule about no metric',
      [template('a', { metrics: [metric('m')], measurementRetention: [{ metricName: 'x', limit: 3 }] })],
      /measurementRetention\[0\]\.metricName: Rule didn't match any metric name\(s\)/,
    ],
    ['no metric at all', [template('a', {})], /no metrics specified/],
    [
      'an unknown provider',
      [template('a', { metrics: [{ name: 'm', provider: { oracle: {} } }] })],
      /metrics\[0\]\.provider: provider "oracle" is unknown; known providers: prometheus, web/,
    ],
  ]
  test('a text wins over a reference, whichever comes first', () => {
    const text = template('a', {
      metrics: [metric('m')],
      args: [{ name: 'x', value: '1' }],
      templates: [{ templateName: 'b' }],
    })
    const reference = template('b', { args: [secretOf('x', 's')] })
    assert.deepEqual(runOf(build([text, reference], refs('a'))).spec.args, [{ name: 'x', value: '1' }])
    assert.deepEqual(runOf(build([text, reference], refs('b', 'a'))).spec.args, [{ name: 'x', value: '1' }])
  })

  test('rules of the analysis come before those of the templates, and none is there twice', () => {
    const own = template('a', { metrics: [metric('m')], dryRun: [{ metricName: 'm' }] })
    const dryRun = [{ metricName: '.*' }]
    assert.deepEqual(runOf(build([own], { ...refs('a'), dryRun })).spec.dryRun, [...dryRun, { metricName: 'm' }])
    const repeated = build([own], { ...refs('a'), dryRun: [{ metricName: 'm' }] })
    assert.equal(problemOf(repeated), "two Dry-Run metric rules have the same name 'm'")
  })

  for (const [name, templates, message] of problems) {
    test(`${name} is refused`, () => assert.match(problemOf(build(templates, refs('a'))), message))
  }

  test('a template of the wrong shape is refused by the path of the mistake', () => {
    const broken: AnalysisTemplate = JSON.parse(
      '{"metadata":{"name":"a"},"spec":{"metrics":[{"name":7,"provider":{}}]}}',
    )
    assert.match(problemOf(build([broken], refs('a'))), /AnalysisTemplate 'a' is invalid: spec\.metrics\.0\.name/)
  })
})

describe('field paths', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['metadata.name', { value: 'checkout' }],
    ["metadata.annotations['absent']", { value: '' }],
    ['metadata.labels', { value: 'team="pay"' }],
    ['metadata.finalizers', { problem: 'unsupported fieldPath: metadata.finalizers' }],
    ['spec.strategy.canary.steps[0].setWeight', { value: '5' }],
    ['spec.strategy', { problem: 'fieldPath spec.strategy leads to something that is not a scalar' }],
    ['spec..x', { problem: 'invalid fieldPath: spec..x' }],
    ['constructor.name', { problem: 'fieldPath constructor.name leads to nothing' }],
    ['spec.__proto__.x', { problem: 'fieldPath spec.__proto__.x leads to nothing' }],
  ]
  for (const [path, expected] of rows) test(path, () => assert.deepEqual(readField(rollout, path), expected))
})
