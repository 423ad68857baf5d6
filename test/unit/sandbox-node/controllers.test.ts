/** The pure decisions of the workload controllers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveAmount } from '../../../sandbox/node/controllers/amounts.ts'
import { decideScales, resolveLimits } from '../../../sandbox/node/controllers/deployment-plan.ts'
import { summarizeBudget } from '../../../sandbox/node/controllers/disruption-budget.ts'
import { planSlices, planSubsets } from '../../../sandbox/node/controllers/endpoints-plan.ts'
import { decideJob } from '../../../sandbox/node/controllers/job-plan.ts'
import { decideReplicas, summarizeReplicas } from '../../../sandbox/node/controllers/replica-count.ts'
import { hashTemplate, isSameTemplate } from '../../../sandbox/node/controllers/template-hash.ts'
import {
  type Deployment,
  type Job,
  type Pod,
  type ReplicaSet,
  renderTime,
  type Service,
} from '../../../sandbox/node/objects.ts'
import { buildPod } from './pods.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'web:v1' }] } }
const selector = { matchLabels: { app: 'web' } }

interface Shape {
  readonly ready?: boolean
  readonly phase?: string
  readonly nodeName?: string
  readonly readyForMs?: number
  readonly cost?: number
  readonly deleting?: boolean
  readonly restarts?: number
  readonly ageMs?: number
}

function pod(name: string, shape: Shape = {}): Pod {
  const { ready = true, phase = 'Running', nodeName = 'node', readyForMs = 60_000, cost, restarts = 0 } = shape
  const built = buildPod({
    name,
    meta: {
      labels: { app: 'web' },
      creationTimestamp: renderTime(NOW_MS - (shape.ageMs ?? 100_000)),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': String(cost) } }),
      ...(shape.deleting ? { deletionTimestamp: renderTime(NOW_MS) } : {}),
    },
    status: {
      phase,
      podIP: `10.0.0.${name.length}`,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: renderTime(NOW_MS - readyForMs) },
      ],
      containerStatuses: [{ name: 'app', image: '', imageID: '', ready, restartCount: restarts }],
    },
  })
  return { ...built, spec: { ...built.spec, nodeName } }
}

const replicaSet = (name: string, replicas: number, available = replicas): ReplicaSet => ({
  metadata: { name, namespace: 'shop', uid: name },
  spec: { replicas, selector, template },
  status: { replicas, availableReplicas: available, readyReplicas: available },
})

describe('replica count', () => {
  test('creates what is missing; finished and leaving pods do not count', () => {
    const owned = [pod('a'), pod('b', { phase: 'Failed' }), pod('c', { deleting: true })]
    assert.deepEqual(decideReplicas(replicaSet('web', 3), owned), { create: 2, delete: [] })
  })

  const pairs: readonly [goes: string, first: Shape, second: Shape][] = [
    ['unbound before bound', { nodeName: '' }, {}],
    ['pending before running', { phase: 'Pending' }, {}],
    ['not ready before ready', { ready: false }, {}],
    ['low cost before high', { cost: -1 }, { cost: 5 }],
    ['ready for a short time before long', { readyForMs: 1000 }, { readyForMs: 90_000 }],
    ['many restarts before few', { restarts: 3 }, {}],
    ['young before old', { ageMs: 1000 }, {}],
  ]
  for (const [title, goes, stays] of pairs) {
    test(title, () => {
      for (const owned of [
        [pod('goes', goes), pod('stays', stays)],
        [pod('stays', stays), pod('goes', goes)],
      ]) {
        const names = decideReplicas(replicaSet('web', 1), owned).delete.map((entry) => entry.metadata.name)
        assert.deepEqual(names, ['goes'])
      }
    })
  }

  test('minReadySeconds holds availability back and says until when', () => {
    const base = replicaSet('web', 2)
    const waiting = { ...base, spec: { ...base.spec, minReadySeconds: 30 } }
    const { status, wakeAtMs } = summarizeReplicas(waiting, [pod('a'), pod('b', { readyForMs: 10_000 })], NOW_MS)
    assert.deepEqual([status.readyReplicas, status.availableReplicas], [2, 1])
    assert.equal(wakeAtMs, NOW_MS + 20_000)
  })
})

describe('amounts', () => {
  const rows: readonly [value: number | string, total: number, rounding: 'up' | 'down', expected: number][] = [
    [2, 10, 'up', 2],
    ['25%', 10, 'up', 3],
    ['25%', 10, 'down', 2],
    ['100%', 7, 'down', 7],
    ['7%', 100, 'up', 7],
    ['nonsense', 7, 'up', 0],
  ]
  for (const [value, total, rounding, expected] of rows) {
    test(`${value} of ${total} ${rounding}`, () => assert.equal(resolveAmount(value, total, rounding), expected))
  }
})

describe('Deployment plan', () => {
  const deployment = (replicas: number, spec: Partial<Deployment['spec']> = {}): Deployment => ({
    metadata: { name: 'web', namespace: 'shop', uid: 'd' },
    spec: { replicas, selector, template, ...spec },
  })
  const recreate = { strategy: { type: 'Recreate' } }
  const rows: readonly [string, Deployment, ReplicaSet | undefined, ReplicaSet[], Record<string, number>][] = [
    ['surge first', deployment(4), replicaSet('new', 0), [replicaSet('old', 4)], { new: 1 }],
    [
      'then old goes as far as availability allows',
      deployment(4),
      replicaSet('new', 1, 0),
      [replicaSet('old', 4)],
      { old: 3 },
    ],
    ['waits for the new ones', deployment(4), replicaSet('new', 2, 0), [replicaSet('old', 3)], {}],
    [
      'unhealthy old pods go although nothing else may',
      deployment(4),
      replicaSet('new', 1, 0),
      [replicaSet('old', 4, 2)],
      { old: 3 },
    ],
    ['done', deployment(4), replicaSet('new', 4), [replicaSet('old', 0)], {}],
    ['scale down with the spec', deployment(2), replicaSet('new', 4), [], { new: 2 }],
    ['recreate: old first', deployment(4, recreate), replicaSet('new', 0), [replicaSet('old', 4)], { old: 0 }],
    ['recreate: then new', deployment(4, recreate), replicaSet('new', 0), [replicaSet('old', 0)], { new: 4 }],
    ['paused: nothing moves', deployment(4, { paused: true }), replicaSet('new', 1), [replicaSet('old', 3)], {}],
    ['paused: scale is followed', deployment(6, { paused: true }), undefined, [replicaSet('old', 4)], { old: 6 }],
  ]
  for (const [title, world, current, old, expected] of rows) {
    test(title, () => {
      const changes = decideScales({ deployment: world, current, old })
      assert.deepEqual(
        Object.fromEntries(changes.map((change) => [change.replicaSet.metadata.name, change.replicas])),
        expected,
      )
    })
  }

  test('both limits zero lets one pod be missing', () => {
    const strategy = { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } }
    assert.deepEqual(resolveLimits(deployment(4, { strategy })), { maxSurge: 0, maxUnavailable: 1 })
  })

  test('a template is recognised whatever the order of its fields and its hash label', () => {
    const labelled = { spec: template.spec, metadata: { labels: { 'pod-template-hash': 'x', app: 'web' } } }
    assert.ok(isSameTemplate(template, labelled))
    assert.equal(hashTemplate(template, 0), hashTemplate(labelled, 0))
    assert.notEqual(hashTemplate(template, 0), hashTemplate(template, 1))
    assert.match(hashTemplate(template, 0), /^[b-z2-9]{1,10}$/)
  })
})

describe('Job plan', () => {
  const job = (spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job => ({
    metadata: { name: 'check', namespace: 'shop', uid: 'j' },
    spec: { template, ...spec },
    status,
  })
  const done = pod('done', { phase: 'Succeeded', ready: false })
  const failed = pod('failed', { phase: 'Failed', ready: false })
  const endOf = (plan: ReturnType<typeof decideJob>): string | undefined =>
    plan.status.conditions?.map(({ type, reason }) => `${type} ${reason}`).join()

  const rows: readonly [string, Job, Pod[], create: number, end: string][] = [
    ['starts one pod', job(), [], 1, ''],
    ['waits for it', job(), [pod('a')], 0, ''],
    ['is complete', job(), [done], 0, 'Complete CompletionsReached'],
    ['fails beyond the limit', job({ backoffLimit: 0 }), [failed], 0, 'Failed BackoffLimitExceeded'],
    ['retries within the limit', job({ backoffLimit: 1 }), [failed], 1, ''],
    ['parallel and several', job({ completions: 5, parallelism: 3 }), [done, pod('a')], 2, ''],
    ['never more than open', job({ completions: 2, parallelism: 3 }), [done], 1, ''],
    ['work queue ends with its last pod', job({ parallelism: 2 }), [done, pod('a')], 0, ''],
    ['work queue is complete', job({ parallelism: 2 }), [done], 0, 'Complete CompletionsReached'],
    ['suspended', job({ suspend: true }), [], 0, 'Suspended JobSuspended'],
    [
      'deadline',
      job({ activeDeadlineSeconds: 5 }, { startTime: renderTime(NOW_MS - 5000) }),
      [pod('a')],
      0,
      'Failed DeadlineExceeded',
    ],
    ['a lost success still counts', job({}, { succeeded: 1 }), [], 0, 'Complete CompletionsReached'],
  ]
  for (const [title, world, owned, create, end] of rows) {
    test(title, () => {
      const plan = decideJob(world, owned, NOW_MS)
      assert.equal(plan.create, create)
      assert.equal(endOf(plan), end)
    })
  }

  test('a retry waits ten seconds after the failure', () => {
    const state = { terminated: { exitCode: 1, finishedAt: renderTime(NOW_MS - 4000) } }
    const statuses = [{ name: 'app', image: '', imageID: '', ready: false, restartCount: 0, state }]
    const plan = decideJob(job(), [{ ...failed, status: { phase: 'Failed', containerStatuses: statuses } }], NOW_MS)
    assert.deepEqual([plan.create, plan.wakeAtMs], [0, NOW_MS + 6000])
  })

  test('a failed Job stops its pods and goes when its time to live is over', () => {
    const conditions = [{ type: 'Failed', status: 'True', lastTransitionTime: renderTime(NOW_MS - 10_000) }]
    const plan = decideJob(job({ ttlSecondsAfterFinished: 10 }, { conditions }), [pod('a')], NOW_MS)
    assert.deepEqual([plan.delete.length, plan.isExpired, plan.create], [1, true, 0])
  })
})

describe('endpoints', () => {
  const service = (spec: Service['spec'] = {}): Service => ({
    metadata: { name: 'web', namespace: 'shop', uid: 's' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  })
  const rows: readonly [
    string,
    Shape,
    boolean,
    conditions: readonly [ready: boolean, serving: boolean, terminating: boolean],
  ][] = [
    ['ready', {}, false, [true, true, false]],
    ['not ready', { ready: false }, false, [false, false, false]],
    ['leaving', { deleting: true }, false, [false, true, true]],
    ['leaving and not ready', { deleting: true, ready: false }, false, [false, false, true]],
    ['published although not ready', { ready: false }, true, [true, false, false]],
  ]
  for (const [title, shape, publishNotReadyAddresses, [ready, serving, terminating]] of rows) {
    test(title, () => {
      const [slice] = planSlices(service({ publishNotReadyAddresses }), [pod('a', shape)])
      const [endpoint] = (slice?.endpoints ?? []) as { conditions: unknown }[]
      assert.deepEqual(endpoint?.conditions, { ready, serving, terminating })
    })
  }

  test('finished pods have no endpoint; a hundred fill a slice; names are stable', () => {
    const many = Array.from({ length: 150 }, (_, index) => pod(`pod-${index}`))
    const plans = planSlices(service(), [...many, pod('x', { phase: 'Succeeded' })])
    assert.deepEqual(
      plans.map((plan) => plan.endpoints.length),
      [100, 50],
    )
    assert.deepEqual(planSlices(service(), many.toReversed()), plans)
  })

  test('named target ports resolve per pod', () => {
    const named = service({ ports: [{ port: 80, targetPort: 'web' }] })
    const withPort = (name: string, containerPort: number): Pod => {
      const base = pod(name)
      return { ...base, spec: { ...base.spec, containers: [{ name: 'app', ports: [{ name: 'web', containerPort }] }] } }
    }
    const ports = planSlices(named, [withPort('a', 1), withPort('b', 2)]).map((plan) => plan.ports[0]?.port)
    assert.deepEqual(ports, [1, 2])
  })

  test('subsets tell ready from not ready and leave out those on their way', () => {
    const pods = [pod('a'), pod('bb', { ready: false }), pod('ccc', { deleting: true })]
    const [subset] = planSubsets(service(), pods) as {
      addresses: { ip: string }[]
      notReadyAddresses: { ip: string }[]
    }[]
    assert.deepEqual(
      [subset?.addresses.map(({ ip }) => ip), subset?.notReadyAddresses.map(({ ip }) => ip)],
      [['10.0.0.1'], ['10.0.0.2']],
    )
  })
})

describe('disruption budget', () => {
  const rows: readonly [spec: object, healthy: number, expected: number, allowed: number][] = [
    [{ minAvailable: 2 }, 3, 3, 1],
    [{ minAvailable: 3 }, 3, 3, 0],
    [{ minAvailable: '50%' }, 3, 5, 0],
    [{ maxUnavailable: 1 }, 4, 4, 1],
    [{ maxUnavailable: 1 }, 3, 4, 0],
    [{ maxUnavailable: '25%' }, 4, 4, 1],
    [{ maxUnavailable: 1 }, 0, 0, 0],
  ]
  for (const [spec, healthy, expected, allowed] of rows) {
    test(`${JSON.stringify(spec)} with ${healthy} of ${expected}`, () => {
      const budget = { metadata: { name: 'web', namespace: 'shop' }, spec: { selector, ...spec } }
      const pods = Array.from({ length: healthy }, (_, index) => pod(`pod-${index}`))
      assert.equal(summarizeBudget(budget, pods, expected, NOW_MS).status.disruptionsAllowed, allowed)
    })
  }

  test('a pod that is being evicted no longer counts as healthy', () => {
    const status = { disruptedPods: { 'pod-0': renderTime(NOW_MS - 1000) } }
    const budget = { metadata: { name: 'web' }, spec: { selector, minAvailable: 1 }, status }
    const { status: next, wakeAtMs } = summarizeBudget(budget, [pod('pod-0'), pod('pod-1')], 2, NOW_MS)
    assert.deepEqual([next.currentHealthy, next.disruptionsAllowed], [1, 0])
    assert.equal(wakeAtMs, NOW_MS + 119_000)
  })
})
