/** Which writes are taken, row by row; with the controller's own rules, so that both say the same. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { manifestRules } from '../../../controller/domain/validation/manifests.ts'
import { renderProblems } from '../../../controller/domain/validation/problem.ts'
import { checkRouterConfigs } from '../../../controller/traffic/check-configs.ts'
import {
  type AdmissionRequest,
  parseAdmissionReview,
  renderAdmissionReview,
} from '../../../webhooks/admission-review.ts'
import { judgeAdmission } from '../../../webhooks/admission-verdict.ts'
import { rollout } from '../../builders/rollout.ts'

const kindOf = (kind: string, version = 'v1alpha1', group = 'argoproj.io') => ({ group, version, kind })

function judge(more: Partial<AdmissionRequest>, isOurs = true) {
  const request = { uid: 'u', kind: kindOf('Rollout'), operation: 'CREATE', ...more }
  return judgeAdmission(request, { rules: manifestRules(checkRouterConfigs), renderProblems, isOurs: () => isOurs })
}

const withSteps = (...weights: readonly number[]): KubeObject =>
  rollout({ steps: weights.map((setWeight) => ({ setWeight })) })
const good = withSteps(20)
const bad = withSteps(150)
const annotated = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { 'penstock.dev/abort-requests': 'x' } },
})
const paused = (object: KubeObject): KubeObject => {
  const { spec } = object as { spec?: object }
  return { ...object, spec: { ...spec, paused: true } } as KubeObject
}
const deleting: KubeObject = { ...bad, metadata: { ...bad.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
const metric = { name: 'm', provider: { prometheus: { query: 'up' } } }
const ofKind = (kind: string, spec: unknown): Partial<AdmissionRequest> => ({
  kind: kindOf(kind),
  object: { metadata: { name: 'x' }, spec } as KubeObject,
})

describe('taken without a word', () => {
  const rows: Readonly<Record<string, Partial<AdmissionRequest>>> = {
    'a valid Rollout': { object: good },
    'its deletion': { operation: 'DELETE', object: null, oldObject: bad },
    'a connection to it': { operation: 'CONNECT', object: bad },
    'its status': { operation: 'UPDATE', subResource: 'status', object: bad, oldObject: good },
    'its scale': { operation: 'UPDATE', subResource: 'scale', object: bad },
    'what is being deleted': { operation: 'UPDATE', object: deleting, oldObject: good },
    'an annotation on what is invalid': { operation: 'UPDATE', object: annotated(bad), oldObject: bad },
    'a correction': { operation: 'UPDATE', object: good, oldObject: bad },
    'an AnalysisRun': ofKind('AnalysisRun', { metrics: [{ ...metric, successCondition: 'result[0] > 0' }] }),
    'a template of templates': ofKind('AnalysisTemplate', { templates: [{ templateName: 't' }] }),
  }
  for (const [name, request] of Object.entries(rows))
    test(name, () => assert.deepEqual(judge(request), { allowed: true, warnings: [] }))

  test('what is not ours', () => assert.deepEqual(judge({ object: bad }, false), { allowed: true, warnings: [] }))
})

describe('taken with a warning', () => {
  const rows: readonly (readonly [string, Partial<AdmissionRequest>, RegExp])[] = [
    [
      'a kind without rules',
      { kind: kindOf('Workflow'), object: bad },
      /no rules for Workflow of argoproj\.io\/v1alpha1/,
    ],
    [
      'a version without rules',
      { kind: kindOf('Rollout', 'v2'), object: bad },
      /no rules for Rollout of argoproj\.io\/v2/,
    ],
    ['a name of a property of every object', { kind: kindOf('constructor'), object: bad }, /no rules for constructor/],
    ['another group', { kind: kindOf('Rollout', 'v1alpha1', 'x.io'), object: bad }, /no rules for Rollout of x\.io/],
    [
      'a pause of what is invalid',
      { operation: 'UPDATE', object: paused(bad), oldObject: bad },
      /^still invalid, and not obeyed: spec\.strategy\.canary\.steps\[0\]\.setWeight/,
    ],
    [
      'a step before one that is invalid',
      { operation: 'UPDATE', object: withSteps(10, 150), oldObject: bad },
      /^still invalid.*steps\[1\]/,
    ],
    [
      'a field that nobody knows',
      { object: rollout({ spec: { minReadySecond: 3 } as object }) },
      /^spec\.minReadySecond: is not a field.*did you mean "minReadySeconds"/,
    ],
    [
      'a metric that is no evidence',
      ofKind('AnalysisTemplate', { metrics: [metric] }),
      /^spec\.metrics\[0\]: has no condition/,
    ],
    [
      'a field without effect',
      { object: rollout({ routed: false, canary: { minPodsPerReplicaSet: 2 } }) },
      /minPodsPerReplicaSet: has no effect without trafficRouting/,
    ],
  ]
  for (const [name, request, warning] of rows)
    test(name, () => {
      const verdict = judge(request)
      assert.equal(verdict.allowed, true)
      assert.match(verdict.warnings.join('\n'), warning)
    })
})

describe('refused', () => {
  const rows: readonly (readonly [string, Partial<AdmissionRequest>, RegExp])[] = [
    [
      'an invalid Rollout, in the words of its condition',
      { object: bad },
      /^The Rollout "shop" is invalid: spec\.strategy\.canary\.steps\[0\]\.setWeight: SetWeight needs to be between 0 and 100$/,
    ],
    ['an update that makes it invalid', { operation: 'UPDATE', object: bad, oldObject: good }, /SetWeight/],
    [
      'a second problem of the same kind',
      { operation: 'UPDATE', object: withSteps(150, 160), oldObject: bad },
      /steps\[0\].*steps\[1\]/,
    ],
    [
      'another problem in its place',
      { operation: 'UPDATE', object: rollout({ steps: [{ pause: { duration: 'x' } }] }), oldObject: bad },
      /Duration needs to be greater than 0/,
    ],
    [
      'a pod template that no ReplicaSet could have',
      { object: rollout({ image: '' }) },
      /containers\[0\]\.image: Required value/,
    ],
    [
      'a wrong shape',
      { object: { metadata: { name: 'x' }, spec: 7 } as KubeObject },
      /^The Rollout "x" is invalid: spec: must be a mapping/,
    ],
    [
      'no spec',
      { object: { metadata: { name: '', generateName: 'x-' } } },
      /^The Rollout "x-" is invalid: spec: is missing/,
    ],
    [
      'a template without a provider',
      ofKind('AnalysisTemplate', { metrics: [{ name: 'm', provider: {} }] }),
      /no provider specified/,
    ],
    ['one of the cluster', ofKind('ClusterAnalysisTemplate', { metrics: [] }), /no metrics specified/],
    ['an AnalysisRun', ofKind('AnalysisRun', { metrics: [] }), /no metrics specified/],
    ['an Experiment', ofKind('Experiment', { templates: [] }), /names no template/],
  ]
  for (const [name, request, message] of rows)
    test(name, () => {
      const verdict = judge(request)
      assert.equal(verdict.allowed, false)
      assert.match(verdict.message ?? '', message)
    })
})

describe('the review', () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const review = (request: object) => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
  const request = { uid: 'u', kind: kindOf('Rollout'), operation: 'CREATE', object: good }

  test('is read', () => {
    const parsed = parseAdmissionReview(bytes(review(request)))
    assert.ok('request' in parsed)
    assert.equal(parsed.request.object?.metadata.name, 'shop')
  })

  const unread: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{', /not JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]).toString('latin1'), /AdmissionReview/],
    ['nothing', '', /not JSON/],
    ['no review', [], /AdmissionReview: body/],
    ['another version', { ...review(request), apiVersion: 'admission.k8s.io/v1beta1' }, /AdmissionReview: apiVersion/],
    ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }, /AdmissionReview: request/],
    ['no uid', review({ ...request, uid: '' }), /AdmissionReview: request\.uid/],
    ['a kind of another shape', review({ ...request, kind: 'Rollout' }), /AdmissionReview: request\.kind/],
    ['an object that is a list', review({ ...request, object: [] }), /AdmissionReview: request\.object/],
  ]
  for (const [name, value, problem] of unread)
    test(`is refused: ${name}`, () => {
      const parsed = parseAdmissionReview(bytes(value))
      assert.match('problem' in parsed ? parsed.problem : 'taken', problem)
    })

  test('is answered with few and short warnings', () => {
    const verdict = { allowed: true, warnings: Array.from({ length: 30 }, () => 'x'.repeat(1000)) }
    const { response } = renderAdmissionReview('u', verdict) as { response: { warnings: readonly string[] } }
    assert.equal(response.warnings.length, 10)
    assert.ok(response.warnings.every((warning) => warning.length <= 240))
  })
})
