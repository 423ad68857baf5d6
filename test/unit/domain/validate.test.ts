/** Rules about the Rollout's own fields, its selector and its strategy; words that other tools match on are Argo's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderPath, renderProblems } from '../../../controller/domain/validation/problem.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { rollout } from '../../builders/rollout.ts'
import { accepts, type Row, refuses, spec, step } from './validation-table.ts'

const NATURAL = 'must be greater than or equal to 0'
const labels = { app: 'shop' }
const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'x' }] } }
const select = (...matchExpressions: readonly object[]) => spec({ selector: { matchLabels: labels, matchExpressions } })
const workload = (ref: object, more: object = {}) =>
  spec({
    workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', ...ref },
    template: undefined,
    ...more,
  })

const rows: readonly Row[] = [
  ['no selector', spec({ selector: undefined }), 'spec.selector', "Rollout has missing field '.spec.selector'"],
  ['empty selector', spec({ selector: {} }), 'spec.selector', 'empty selector is invalid for deployment'],
  [
    'empty labels',
    spec({ selector: { matchLabels: {} } }),
    'spec.selector',
    'empty selector is invalid for deployment',
  ],
  ['no template', spec({ template: undefined }), 'spec.template', "Rollout has missing field '.spec.template'"],
  [
    'other labels',
    spec({ template: { ...template, metadata: { labels: { app: 'cart' } } } }),
    'spec.template.metadata.labels',
    '`selector` does not match template `labels`',
  ],
  [
    'no labels',
    spec({ template: { spec: template.spec } }),
    'spec.template.metadata.labels',
    '`selector` does not match template `labels`',
  ],
  [
    'an expression that finds nothing',
    select({ key: 'app', operator: 'NotIn', values: ['shop'] }),
    'spec.template.metadata.labels',
    '`selector` does not match template `labels`',
  ],
  [
    'an expression about an absent label',
    select({ key: 'tier', operator: 'Exists' }),
    'spec.template.metadata.labels',
    '`selector` does not match template `labels`',
  ],
  [
    'an operator without values',
    select({ key: 'app', operator: 'In' }),
    'spec.selector.matchExpressions[0].values',
    "Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ],
  [
    'an operator with values',
    select({ key: 'app', operator: 'Exists', values: ['shop'] }),
    'spec.selector.matchExpressions[0].values',
    "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  ],
  [
    'an operator that nobody knows',
    select({ key: 'app', operator: 'Equals', values: ['shop'] }),
    'spec.selector.matchExpressions[0].operator',
    'Invalid value: "Equals": not a valid selector operator',
  ],
  [
    'a container without an image',
    spec({ template: { ...template, spec: { containers: [{ name: 'app' }] } } }),
    'spec.template.spec.containers[0].image',
    'Required value',
  ],
  ['negative replicas', spec({ replicas: -1 }), 'spec.replicas', NATURAL],
  ['negative minReadySeconds', spec({ minReadySeconds: -1 }), 'spec.minReadySeconds', NATURAL],
  ['negative revisionHistoryLimit', spec({ revisionHistoryLimit: -1 }), 'spec.revisionHistoryLimit', NATURAL],
  ['negative deadline', spec({ progressDeadlineSeconds: -1 }), 'spec.progressDeadlineSeconds', NATURAL],
  [
    'a deadline before pods are ready',
    spec({ minReadySeconds: 30, progressDeadlineSeconds: 30 }),
    'spec.progressDeadlineSeconds',
    'must be greater than minReadySeconds',
  ],
  [
    'the default deadline before pods are ready',
    spec({ minReadySeconds: 600 }),
    'spec.progressDeadlineSeconds',
    'must be greater than minReadySeconds',
  ],
  ['negative window', spec({ rollbackWindow: { revisions: -1 } }), 'spec.rollbackWindow.revisions', NATURAL],
  [
    'negative history of runs',
    spec({ analysis: { successfulRunHistoryLimit: -1 } }),
    'spec.analysis.successfulRunHistoryLimit',
    NATURAL,
  ],
  [
    'negative history of failed runs',
    spec({ analysis: { unsuccessfulRunHistoryLimit: -1 } }),
    'spec.analysis.unsuccessfulRunHistoryLimit',
    NATURAL,
  ],
  [
    'no strategy',
    spec({ strategy: {} }),
    'spec.strategy',
    "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
  ],
  [
    'nothing at all about a strategy',
    spec({ strategy: undefined }),
    'spec.strategy',
    "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
  ],
  [
    'two strategies',
    spec({ strategy: { canary: {}, blueGreen: { activeService: 'a' } } }),
    'spec.strategy',
    'Multiple Strategies can not be listed',
  ],
  [
    'a workload and a template',
    workload({}, { template }),
    'spec.template',
    'template must be empty for workload reference rollout',
  ],
  [
    'a workload of a kind without pods',
    workload({ apiVersion: 'v1', kind: 'ConfigMap' }),
    'spec.workloadRef',
    'workload of type /ConfigMap is not supported',
  ],
  [
    'a workload of another group',
    workload({ apiVersion: 'example.com/v1' }),
    'spec.workloadRef',
    'workload of type example.com/Deployment is not supported',
  ],
  [
    'a workload without a kind',
    workload({ kind: undefined }),
    'spec.workloadRef',
    'workload of type apps/ is not supported',
  ],
  ['a workload without a name', workload({ name: '' }), 'spec.workloadRef.name', 'is required'],
  [
    'a scale-down that nobody knows',
    workload({ scaleDown: 'later' }),
    'spec.workloadRef.scaleDown',
    'must be one of never, onsuccess, progressively',
  ],
]

refuses('the manifest is refused for', rows)

accepts('the manifest may have', {
  'replicas 0': spec({ replicas: 0 }),
  'no replicas': spec({ replicas: null }),
  'an expression that finds the pods': select({ key: 'app', operator: 'In', values: ['shop', 'cart'] }),
  'an expression about what is absent': select({ key: 'tier', operator: 'DoesNotExist' }),
  'no selector beside a workload': workload({}, { selector: undefined }),
  'an emptied template beside a workload': workload({}, { template: { metadata: {}, spec: {} } }),
  'a ReplicaSet as workload': workload({ kind: 'ReplicaSet', scaleDown: 'progressively' }),
  'a PodTemplate as workload': workload({ apiVersion: 'v1', kind: 'PodTemplate' }),
  'a time of restart': spec({ restartAt: '2026-01-01T00:00:00Z' }),
  'a field of a newer version': spec({ futureField: { a: 1 } }),
})

describe('problems', () => {
  test('a wrong shape names its field, and nothing else is looked at', () => {
    const problems = validateRollout(step({ setWeight: 'much' }))
    assert.deepEqual(
      problems.map(({ field }) => field),
      ['spec.strategy.canary.steps[0].setWeight'],
    )
  })

  test('a spec that is no object is one problem', () => {
    for (const odd of [undefined, null, 'x', 7, []])
      assert.equal(validateRollout({ ...rollout(), spec: odd as never })[0]?.field, 'spec')
  })

  test('are told in one bounded line', () => {
    const problems = Array.from({ length: 12 }, (_, index) => ({
      field: `f${index}`,
      message: index === 0 ? 'x'.repeat(600) : 'wrong',
      ...(index === 1 ? { fix: 'mend it' } : {}),
    }))
    const line = renderProblems(problems)
    assert.ok(line.startsWith(`f0: ${'x'.repeat(500)}…; f1: wrong (mend it); f2: wrong;`))
    assert.ok(line.endsWith('; f9: wrong; and 2 more'))
  })

  test('quote the keys that are no plain words', () => {
    assert.equal(renderPath('spec', ['steps', 0, 'plugins', 'a/b.c']), 'spec.steps[0].plugins["a/b.c"]')
  })
})
