/** A Rollout that takes its pods from another object: what it resolves, what it refuses, and how many pods that object keeps, row by row. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import type { Workload } from '../../../controller/api/workload.ts'
import { stepHash } from '../../../controller/argo/pod-hash.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { scaleDownWorkload, withWorkload } from '../../../controller/domain/workload-ref.ts'
import type { World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'

const template = { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } }
const deployment = (replicas: number, more: Partial<Workload['metadata']> = {}): Workload => ({
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'web', generation: 3, ...more },
  spec: { replicas, selector: { matchLabels: { app: 'shop' } }, template },
})

function following(scaleDown?: string, spec: Partial<Rollout['spec']> = {}): Rollout {
  const base = rollout({ replicas: 5, routed: false })
  const { template: _template, selector: _selector, ...rest } = base.spec
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', ...(scaleDown ? { scaleDown } : {}) }
  return { ...base, spec: { ...rest, workloadRef, ...spec } }
}

function replicaSet(revision: number, ready: number, available: number): ReplicaSet {
  const labels = { app: 'shop', 'rollouts-pod-template-hash': 'abc' }
  return {
    metadata: {
      name: 'shop-abc',
      namespace: 'web',
      uid: 'uid-abc',
      labels,
      annotations: { 'rollout.argoproj.io/revision': String(revision) },
    },
    spec: { replicas: 5, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
    status: { replicas: 5, readyReplicas: ready, availableReplicas: available },
  }
}

const worldOf = (ro: Rollout, more: Partial<World> = {}): World => ({
  now: 0,
  rollout: ro,
  replicaSets: [],
  services: {},
  routes: [],
  analysisRuns: [],
  experiments: [],
  templates: {},
  disabledPlugins: [],
  compat: 'strict',
  notices: false,
  ...more,
})

interface Row {
  readonly name: string
  readonly scaleDown?: string
  readonly has?: number
  readonly ready?: number
  readonly available?: number
  readonly revision?: number
  readonly healthy?: boolean
  readonly paused?: boolean
  /** Pods that the workload is brought to; undefined: untouched. */
  readonly strict: number | undefined
  readonly argo: number | undefined
}

const untouched = { strict: undefined, argo: undefined }
const rows: readonly Row[] = [
  { name: 'never', scaleDown: 'never', healthy: true, ready: 5, ...untouched },
  { name: 'not said', healthy: true, ready: 5, ...untouched },
  { name: 'onsuccess, not healthy yet', scaleDown: 'onsuccess', ready: 5, ...untouched },
  { name: 'onsuccess, healthy', scaleDown: 'onsuccess', ready: 5, healthy: true, strict: 0, argo: 0 },
  { name: 'onsuccess, healthy, done', scaleDown: 'onsuccess', ready: 5, healthy: true, has: 0, ...untouched },
  {
    name: 'onsuccess, at a later revision',
    scaleDown: 'onsuccess',
    ready: 5,
    healthy: true,
    revision: 2,
    ...untouched,
  },
  { name: 'onsuccess, paused', scaleDown: 'onsuccess', ready: 5, healthy: true, paused: true, ...untouched },
  { name: 'progressively, nothing ready', scaleDown: 'progressively', ready: 0, ...untouched },
  { name: 'progressively, one', scaleDown: 'progressively', ready: 1, strict: 4, argo: 4 },
  { name: 'progressively, four', scaleDown: 'progressively', ready: 4, strict: 1, argo: 1 },
  { name: 'progressively, all, not healthy', scaleDown: 'progressively', ready: 5, strict: 0, argo: 0 },
  { name: 'progressively, healthy', scaleDown: 'progressively', ready: 5, healthy: true, strict: 0, argo: 0 },
  { name: 'progressively, in step', scaleDown: 'progressively', ready: 2, has: 3, ...untouched },
  { name: 'progressively, pods were lost', scaleDown: 'progressively', ready: 2, has: 1, strict: 3, argo: 3 },
  {
    name: 'progressively, all pods were lost',
    scaleDown: 'progressively',
    ready: 0,
    has: 1,
    strict: 5,
    argo: undefined,
  },
  { name: 'progressively, never had pods', scaleDown: 'progressively', ready: 0, has: 0, ...untouched },
  {
    name: 'progressively, ready but not available',
    scaleDown: 'progressively',
    ready: 3,
    available: 1,
    strict: 4,
    argo: 2,
  },
  { name: 'progressively, at a later revision', scaleDown: 'progressively', ready: 3, revision: 2, ...untouched },
  { name: 'progressively, paused', scaleDown: 'progressively', ready: 3, paused: true, ...untouched },
]

function wanted(row: Row, compat: 'strict' | 'argo'): number | undefined {
  const { scaleDown, has = 5, ready = 0, available = ready, revision = 1, healthy = false, paused = false } = row
  const condition = {
    type: 'Healthy',
    status: healthy ? 'True' : 'False',
    reason: 'RolloutHealthy',
    message: '',
  } as const
  const status: RolloutStatus = { currentPodHash: 'abc', conditions: [condition] }
  const ro = { ...following(scaleDown, paused ? { paused } : {}), status }
  const world = withWorkload(
    worldOf(ro, { replicaSets: [replicaSet(revision, ready, available)], workload: deployment(has), compat }),
  )
  const [action] = scaleDownWorkload(world, identifyRevisions(world)).actions ?? []
  return action?.do === 'scaleWorkload' ? action.to : undefined
}

describe("the workload's pods", () => {
  for (const row of rows) {
    test(`${row.name}: strict`, () => assert.equal(wanted(row, 'strict'), row.strict))
    test(`${row.name}: argo`, () => assert.equal(wanted(row, 'argo'), row.argo))
  }

  test('are left alone when something else controls the workload, and that is said', () => {
    const owner = { apiVersion: 'x/v1', kind: 'App', name: 'shop', uid: 'u', controller: true }
    const world = withWorkload(
      worldOf(
        { ...following('progressively'), status: { currentPodHash: 'abc' } },
        { replicaSets: [replicaSet(1, 3, 3)], workload: deployment(5, { ownerReferences: [owner] }) },
      ),
    )
    const part = scaleDownWorkload(world, identifyRevisions(world))
    assert.equal(part.actions, undefined)
    assert.match(part.holds?.[0]?.message ?? '', /App "shop" controls it/)
  })
})

describe('resolving', () => {
  test('template and selector come from the workload, and status tells which generation was seen', () => {
    const plan = decide(worldOf(following(), { workload: deployment(5) }))
    const [create] = plan.actions
    assert.ok(create?.do === 'createReplicaSet')
    assert.deepEqual(create.replicaSet.spec.template.spec, template.spec)
    assert.equal(create.replicaSet.spec.selector.matchLabels?.app, 'shop')
    assert.equal(plan.status.workloadObservedGeneration, '3')
    assert.deepEqual(
      plan.actions.flatMap((action) => (action.do === 'annotateRollout' ? [action.annotations] : [])),
      [{ 'rollout.argoproj.io/revision': '1' }, { 'rollout.argoproj.io/workload-generation': '3' }],
    )
  })

  test('a selector of its own wins', () => {
    const selector = { matchLabels: { app: 'shop', tier: 'web' } }
    const labelled = { ...template, metadata: { labels: { app: 'shop', tier: 'web' } } }
    const workload = { ...deployment(5), spec: { ...deployment(5).spec, template: labelled } }
    const resolved = withWorkload(worldOf(following(undefined, { selector }), { workload })).rollout.spec
    assert.deepEqual(resolved.selector, selector)
  })

  test('an empty template that was left behind does not stand in the way', () => {
    const resolved = withWorkload(worldOf(following(undefined, { template: {} }), { workload: deployment(1) })).rollout
      .spec
    assert.deepEqual(resolved.template, template)
  })

  test('without a reference, what an earlier one left is taken away', () => {
    const base = rollout({ routed: false })
    const annotations = { 'rollout.argoproj.io/workload-generation': '3', 'rollout.argoproj.io/revision': '1' }
    const plan = decide(
      worldOf({ ...base, metadata: { ...base.metadata, annotations }, status: { workloadObservedGeneration: '3' } }),
    )
    assert.equal(plan.status.workloadObservedGeneration, undefined)
    assert.ok(
      plan.actions.some(
        (action) =>
          action.do === 'annotateRollout' && action.annotations['rollout.argoproj.io/workload-generation'] === null,
      ),
    )
  })

  test('a template that loses a field is another revision, though the running one has all that is left', () => {
    const env = [{ name: 'A', value: '1' }]
    const set = replicaSet(1, 5, 5)
    const running = {
      ...set,
      spec: {
        ...set.spec,
        template: { ...set.spec.template, spec: { containers: [{ name: 'app', image: 'shop:1', env }] } },
      },
    }
    const status = { currentPodHash: 'abc', stableRS: 'abc', observedGeneration: '1', workloadObservedGeneration: '2' }
    const base = following()
    const annotations = { 'rollout.argoproj.io/workload-generation': '2', 'rollout.argoproj.io/revision': '1' }
    const ro = { ...base, metadata: { ...base.metadata, annotations }, status }
    const plan = decide(worldOf(ro, { replicaSets: [running], workload: deployment(0) }))
    assert.ok(plan.actions.some((action) => action.do === 'createReplicaSet'))
  })
})

describe('refusals', () => {
  const refusal = (ro: Rollout, more: Partial<World> = {}) => {
    const plan = decide(worldOf(ro, more))
    assert.deepEqual(plan.actions, [])
    return plan.status.conditions?.map(({ type, message }) => `${type}: ${message}`) ?? []
  }
  const rowsRefused: readonly (readonly [string, Rollout, Partial<World>, RegExp])[] = [
    [
      'template and reference',
      { ...following(undefined, { template }) },
      { workload: deployment(5) },
      /template must be empty for workload reference rollout/,
    ],
    ['missing', following(), {}, /spec\.workloadRef\.name: Deployment "shop" not found \(create it\)/],
    ['not readable', following(), { workloadProblem: 'forbidden' }, /Deployment "shop" cannot be read: forbidden/],
    [
      'no template in it',
      following(),
      { workload: { kind: 'Deployment', metadata: { name: 'shop' }, spec: {} } },
      /has no pod template/,
    ],
    [
      'a selector that does not fit',
      following(undefined, { selector: { matchLabels: { app: 'other' } } }),
      { workload: deployment(5) },
      /Deployment "shop" spec\.template.*does not match template/,
    ],
    [
      'a PodTemplate and no selector',
      following(),
      { workload: { kind: 'PodTemplate', metadata: { name: 'shop' }, template } },
      /missing field '\.spec\.selector'/,
    ],
  ]
  for (const [name, ro, more, expected] of rowsRefused)
    test(`${name}: one condition, which says what to do`, () => {
      const conditions = refusal(ro, more)
      assert.equal(conditions.length, 1)
      assert.match(conditions[0] ?? '', /^InvalidSpec: /)
      assert.match(conditions[0] ?? '', expected)
    })

  test('an abort acts though the workload is gone', () => {
    const stable: ReplicaSet = {
      ...replicaSet(1, 4, 4),
      metadata: {
        ...replicaSet(1, 4, 4).metadata,
        name: 'shop-old',
        labels: { app: 'shop', 'rollouts-pod-template-hash': 'old' },
      },
      spec: {
        replicas: 4,
        selector: {},
        template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:0' }] } },
      },
    }
    const status = { currentPodHash: 'abc', stableRS: 'old', currentStepHash: stepHash([]), abort: true }
    const canary = { ...replicaSet(2, 1, 1), spec: { ...replicaSet(2, 1, 1).spec, replicas: 1 } }
    const plan = decide(worldOf({ ...following(), status }, { replicaSets: [canary, stable] }))
    assert.ok(plan.status.abortedAt)
    assert.ok(plan.actions.some((action) => action.do === 'scale' && action.replicaSet.metadata.name === 'shop-old'))
  })
})
