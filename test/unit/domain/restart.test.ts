/**
 * Which pods a restart takes, row by row and in both readings: Argo's numbers, and ours, which never leave fewer available pods than an update
 * would. Written from the documented behaviour of `spec.restartAt` and from invariant S7.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../../controller/api/pod.ts'
import type { ReplicaSet, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { podTemplateHash, stepHash } from '../../../controller/argo/pod-hash.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { isRestartDue } from '../../../controller/domain/restart.ts'
import type { World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'

const NOW = Date.UTC(2026, 0, 2)
const HOUR = 3_600_000
const RESTART_AT = formatInstant(NOW - 60_000)

interface PodShape {
  readonly age?: 'old' | 'new'
  readonly ready?: boolean
  readonly going?: boolean
}

const old: PodShape = {}
const fresh: PodShape = { age: 'new' }
const broken: PodShape = { ready: false }
const times = (count: number, pod: PodShape): readonly PodShape[] => Array.from({ length: count }, () => pod)

interface Shape {
  readonly replicas: number
  readonly stable: readonly PodShape[]
  readonly canary?: readonly PodShape[]
  readonly maxUnavailable?: number | string
  readonly maxSurge?: number | string
  readonly routed?: boolean
  readonly compat?: 'strict' | 'argo'
  /** The revision that has one pod more than it is asked for, for the restart. */
  readonly surged?: 'stable' | 'canary'
  /** At which the update is paused; 20 when absent. */
  readonly weight?: number
  readonly restartAt?: string
  readonly status?: RolloutStatus
  readonly pods?: 'unread'
}

const stepsAt = (weight: number) => [{ setWeight: weight }, { pause: {} }]
const templateOf = (image: string) => ({
  metadata: { labels: { app: 'shop' } },
  spec: { containers: [{ name: 'app', image }] },
})

function podsOf(rs: ReplicaSet, shapes: readonly PodShape[]): Pod[] {
  return shapes.map(({ age = 'old', ready = true, going = false }, at) => ({
    metadata: {
      name: `${rs.metadata.name}-${at}`,
      namespace: 'web',
      uid: `${rs.metadata.name}-${at}`,
      creationTimestamp: formatInstant(age === 'old' ? NOW - HOUR : NOW - 10_000),
      ...(going ? { deletionTimestamp: formatInstant(NOW) } : {}),
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: rs.metadata.name,
          uid: rs.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: ready && !going ? 'True' : 'False',
          lastTransitionTime: formatInstant(NOW - HOUR / 2),
        },
      ],
    },
  }))
}

function setOf(image: string, shapes: readonly PodShape[], annotations: Readonly<Record<string, string>>): ReplicaSet {
  const template = templateOf(image)
  const hash = podTemplateHash(template)
  const labels = { app: 'shop', 'rollouts-pod-template-hash': hash }
  const available = shapes.filter(({ ready = true, going = false }) => ready && !going).length
  return {
    metadata: {
      name: `shop-${hash}`,
      namespace: 'web',
      uid: `uid-${hash}`,
      labels,
      annotations,
    },
    spec: {
      replicas: shapes.length,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { labels } },
    },
    status: { replicas: shapes.length, readyReplicas: available, availableReplicas: available },
  }
}

function worldOf(shape: Shape): World {
  const { replicas, stable, canary, routed = false, compat = 'strict', maxUnavailable, maxSurge } = shape
  const steps = stepsAt(shape.weight ?? 20)
  const noted = (role: 'stable' | 'canary', revision: number, count: number) => ({
    'rollout.argoproj.io/revision': String(revision),
    'rollout.argoproj.io/desired-replicas': String(replicas),
    ...(shape.surged === role ? { 'penstock.dev/restart-surge': String(count - 1) } : {}),
  })
  const stableSet = setOf('shop:1', stable, noted('stable', 1, stable.length))
  const canarySet = canary ? setOf('shop:2', canary, noted('canary', 2, canary.length)) : undefined
  const current = canarySet ?? stableSet
  const hashOf = (rs: ReplicaSet) => rs.metadata.labels?.['rollouts-pod-template-hash'] ?? ''
  const service = (name: string, rs: ReplicaSet) => ({
    service: {
      metadata: { name, namespace: 'web' },
      spec: { selector: { app: 'shop', 'rollouts-pod-template-hash': hashOf(rs) } },
    },
    readyEndpoints: { [rs.metadata.name]: rs.status?.availableReplicas ?? 0 },
  })
  const base: Rollout = rollout({
    replicas,
    routed,
    steps,
    image: canarySet ? 'shop:2' : 'shop:1',
    canary: {
      ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
      ...(maxSurge === undefined ? {} : { maxSurge }),
    },
    spec: { restartAt: shape.restartAt ?? RESTART_AT },
  })
  const paused = {
    pauseConditions: [{ reason: 'CanaryPauseStep', startTime: formatInstant(NOW) }],
    controllerPause: true,
  }
  return {
    now: NOW,
    rollout: {
      ...base,
      metadata: { ...base.metadata, annotations: { 'rollout.argoproj.io/revision': canarySet ? '2' : '1' } },
      status: {
        currentPodHash: hashOf(current),
        stableRS: hashOf(stableSet),
        currentStepHash: stepHash(steps),
        currentStepIndex: canarySet ? 1 : 2,
        observedGeneration: '1',
        ...(canarySet ? paused : {}),
        ...shape.status,
      },
    },
    replicaSets: [stableSet, ...(canarySet ? [canarySet] : [])],
    ...(shape.pods === 'unread'
      ? {}
      : { pods: [...podsOf(stableSet, stable), ...(canarySet ? podsOf(canarySet, canary ?? []) : [])] }),
    services: routed ? { stable: service('stable', stableSet), canary: service('canary', current) } : {},
    routes: routed
      ? [{ router: 'r', programmedCanary: canarySet ? 20 : 0, confirmation: 'confirmed', drivable: true }]
      : [],
    analysisRuns: [],
    templates: {},
    compat,
    notices: false,
  } as World
}

/** `stable 2`: so many pods of that revision are evicted; `surge stable`: it gets one more. */
function outcomeOf(shape: Shape): string {
  const world = worldOf(shape)
  const plan = decide(world)
  const nameOf = (rs: string) => (rs === world.replicaSets[0]?.metadata.name ? 'stable' : 'canary')
  const words: string[] = []
  for (const action of plan.actions) {
    if (action.do === 'scale' && action.to > (action.replicaSet.spec.replicas ?? 0))
      words.push(`surge ${nameOf(action.replicaSet.metadata.name)}`)
    if (action.do !== 'evict') continue
    for (const role of ['stable', 'canary']) {
      const count = action.pods.filter(
        ({ metadata }) => nameOf(metadata.ownerReferences?.[0]?.name ?? '') === role,
      ).length
      if (count > 0) words.push(`${role} ${count}`)
    }
  }
  if (plan.status.restartedAt === world.rollout.spec.restartAt) words.push('done')
  return words.join(', ') || 'nothing'
}

type Row = readonly [name: string, shape: Shape, strict: string, argo: string]
const rows: readonly Row[] = [
  ['all old, 25 % of 4', { replicas: 4, stable: times(4, old) }, 'stable 1', 'stable 1'],
  ['all old, 25 % of 10', { replicas: 10, stable: times(10, old) }, 'stable 2', 'stable 2'],
  ['all old, maxUnavailable 3', { replicas: 4, maxUnavailable: 3, stable: times(4, old) }, 'stable 3', 'stable 3'],
  [
    'one is missing already',
    { replicas: 4, stable: [...times(3, old), { age: 'new', ready: false }] },
    'nothing',
    'nothing',
  ],
  [
    'one of two allowed is missing',
    { replicas: 10, stable: [...times(9, old), { age: 'new', ready: false }] },
    'stable 1',
    'stable 1',
  ],
  ['maxUnavailable 0 of 3', { replicas: 3, maxUnavailable: 0, stable: times(3, old) }, 'surge stable', 'stable 1'],
  [
    'maxUnavailable 0, one more is there',
    { surged: 'stable', replicas: 3, maxUnavailable: 0, stable: [...times(3, old), fresh] },
    'stable 1',
    'nothing',
  ],
  [
    'maxUnavailable 0, one more is starting',
    { surged: 'stable', replicas: 3, maxUnavailable: 0, stable: [...times(3, old), { age: 'new', ready: false }] },
    'nothing',
    'nothing',
  ],
  ['25 % of 3 is nothing', { replicas: 3, stable: times(3, old) }, 'surge stable', 'stable 1'],
  ['the only pod', { replicas: 1, stable: times(1, old) }, 'surge stable', 'stable 1'],
  ['the only pod, with company', { surged: 'stable', replicas: 1, stable: [old, fresh] }, 'stable 1', 'nothing'],
  ['the only pod, and no surge allowed', { replicas: 1, maxSurge: 0, stable: times(1, old) }, 'stable 1', 'stable 1'],
  [
    'the only pod, may be missing',
    { replicas: 1, maxSurge: 1, maxUnavailable: 1, stable: times(1, old) },
    'stable 1',
    'stable 1',
  ],
  ['nothing is old', { replicas: 4, stable: times(4, fresh) }, 'done', 'done'],
  ['the last old one is going', { replicas: 4, stable: [...times(4, fresh), { going: true }] }, 'done', 'done'],
  ['old and new', { replicas: 4, stable: [...times(3, fresh), old] }, 'stable 1', 'stable 1'],
  ['all broken: nothing is lost with them', { replicas: 4, stable: times(4, broken) }, 'stable 4', 'nothing'],
  ['some broken: those first', { replicas: 4, stable: [...times(2, old), ...times(2, broken)] }, 'stable 2', 'nothing'],
  ['no pods at all', { replicas: 0, stable: [] }, 'done', 'done'],
  ['restarted already', { replicas: 4, stable: times(4, old), status: { restartedAt: RESTART_AT } }, 'done', 'done'],
  [
    'restarted before, asked again',
    { replicas: 4, stable: times(4, old), status: { restartedAt: formatInstant(NOW - 2 * HOUR) } },
    'stable 1',
    'stable 1',
  ],
  ['in the future', { replicas: 4, stable: times(4, old), restartAt: formatInstant(NOW + 1000) }, 'nothing', 'nothing'],
  [
    'older than every pod',
    { replicas: 4, stable: times(4, old), restartAt: formatInstant(NOW - 2 * HOUR) },
    'done',
    'done',
  ],
  ['pods not read', { replicas: 4, stable: times(4, old), pods: 'unread' }, 'nothing', 'nothing'],
  [
    'paused update: stable first',
    { replicas: 5, routed: true, stable: times(5, old), canary: times(1, old) },
    'stable 1',
    'stable 1',
  ],
  [
    'paused update: the only canary pod last',
    { replicas: 5, routed: true, stable: times(5, fresh), canary: times(1, old) },
    'surge canary',
    'canary 1',
  ],
  [
    'paused update: canary with company',
    { surged: 'canary', replicas: 5, routed: true, stable: times(5, fresh), canary: [old, fresh] },
    'canary 1',
    'nothing',
  ],
  [
    'paused update without a router',
    { replicas: 5, stable: times(4, old), canary: times(1, old) },
    'stable 1',
    'stable 1',
  ],
  [
    'paused update without a router, none to spare',
    { replicas: 2, weight: 50, maxUnavailable: 0, stable: times(1, old), canary: times(1, old) },
    'surge stable',
    'stable 1',
  ],
  [
    'paused update without a router, no surge left',
    { replicas: 4, weight: 40, maxUnavailable: 0, maxSurge: 1, stable: times(3, old), canary: times(2, old) },
    'stable 1',
    'stable 1',
  ],
  [
    'paused update without a router, neither left',
    {
      replicas: 2,
      weight: 50,
      maxUnavailable: 0,
      maxSurge: 1,
      stable: [old],
      canary: [old, { age: 'new', ready: false }],
    },
    'nothing',
    'nothing',
  ],
  [
    'a surge that nobody needs any more',
    { surged: 'stable', replicas: 3, maxUnavailable: 0, stable: times(4, fresh) },
    'done',
    'done',
  ],
]

describe('a restart', () => {
  for (const [name, shape, strict, argo] of rows) {
    test(`${name}: strict`, () => assert.equal(outcomeOf(shape), strict))
    test(`${name}: argo`, () => assert.equal(outcomeOf({ ...shape, compat: 'argo' }), argo))
  }
})

describe('a restart beside everything else', () => {
  test('a pass that takes pods away in another way evicts none (AR!4221)', () => {
    // 2 pods, none may be missing: the new revision has come up, so the old pod may go; a restart must not take another.
    const shape: Shape = {
      replicas: 2,
      stable: times(1, old),
      canary: times(2, old),
      maxUnavailable: 0,
      status: { pauseConditions: null, controllerPause: false, currentStepIndex: 2 },
    }
    for (const compat of ['strict', 'argo'] as const) {
      const plan = decide(worldOf({ ...shape, compat }))
      assert.ok(
        plan.actions.some((action) => action.do === 'scale' && action.to === 0),
        compat,
      )
      assert.ok(!plan.actions.some((action) => action.do === 'evict'), compat)
    }
  })

  test('pods that were just evicted count as gone, whatever the ReplicaSet still says', () => {
    const world = worldOf({ replicas: 2, stable: [old], canary: [old, { going: true }], maxUnavailable: 0 })
    const stale = world.replicaSets.map((rs) => ({
      ...rs,
      status: { ...rs.status, readyReplicas: rs.spec.replicas ?? 0, availableReplicas: rs.spec.replicas ?? 0 },
    }))
    const step = { pauseConditions: null, controllerPause: false, currentStepIndex: 2 }
    const ro = { ...world.rollout, status: { ...world.rollout.status, ...step } }
    const shrinks = (seen: World) => decide(seen).actions.some((action) => action.do === 'scale' && action.to === 0)
    const { pods: _pods, ...blind } = { ...world, rollout: ro, replicaSets: stale }
    assert.equal(shrinks(blind), true, 'without looking, the old pod would go')
    assert.equal(shrinks({ ...blind, pods: world.pods ?? [] }), false)
  })

  test('an abort takes nothing to wait: the pass that takes traffic back evicts none', () => {
    const plan = decide(
      worldOf({ replicas: 5, routed: true, stable: times(5, old), canary: times(1, old), status: { abort: true } }),
    )
    assert.ok(plan.actions.some((action) => action.do === 'route'))
    assert.ok(!plan.actions.some((action) => action.do === 'evict'))
    assert.equal(plan.status.abort, true)
  })

  test('pods that answer requests and do not count as available yet are no broken ones', () => {
    const world = worldOf({ replicas: 3, maxUnavailable: 1, routed: true, stable: [...times(2, old), broken] })
    const spec = { ...world.rollout.spec, minReadySeconds: 3_600, progressDeadlineSeconds: 7_200 }
    const replicaSets = world.replicaSets.map((rs) => ({ ...rs, spec: { ...rs.spec, minReadySeconds: 3_600 } }))
    const plan = decide({ ...world, rollout: { ...world.rollout, spec }, replicaSets })
    const evicted = plan.actions.flatMap((action) => (action.do === 'evict' ? action.pods : []))
    assert.deepEqual(
      evicted.map(({ metadata }) => metadata.name),
      [world.pods?.[2]?.metadata.name],
    )
  })

  test('pods that were just scaled away stand in for nobody', () => {
    const world = worldOf({ replicas: 4, maxUnavailable: 1, stable: [...times(3, old), broken], canary: [fresh] })
    const replicaSets = world.replicaSets.map((rs, at) =>
      at === 1 ? { ...rs, spec: { ...rs.spec, replicas: 0 } } : rs,
    )
    const evicted = decide({ ...world, replicaSets }).actions.flatMap((action) =>
      action.do === 'evict' ? action.pods : [],
    )
    assert.deepEqual(
      evicted.filter(({ status }) => status?.conditions?.some((one) => one.status === 'True')),
      [],
    )
  })

  test('what cannot be read is said, and looked at again', () => {
    const world = { ...worldOf({ replicas: 4, stable: times(4, old), pods: 'unread' }), podsProblem: 'forbidden' }
    const plan = decide(world)
    assert.match(plan.holds.map(({ message }) => message).join(), /forbidden/)
    assert.equal(plan.wakeAtMs, NOW + 30_000)
    assert.equal(plan.status.restartedAt, undefined)
  })
})

describe('a new revision', () => {
  const superseded = (restartAt: string, compat: 'strict' | 'argo') => {
    const world = worldOf({ replicas: 2, stable: [old, old], restartAt, compat, pods: 'unread' })
    const template = templateOf('shop:3')
    return decide({ ...world, rollout: { ...world.rollout, spec: { ...world.rollout.spec, template } } }).status
      .restartedAt
  }
  test('counts as restarted', () => {
    assert.equal(superseded(RESTART_AT, 'strict'), RESTART_AT)
    assert.equal(superseded(RESTART_AT, 'argo'), RESTART_AT)
  })
  test('leaves a restart that is still to come, but for argo', () => {
    const later = formatInstant(NOW + HOUR)
    assert.equal(superseded(later, 'strict'), undefined)
    assert.equal(superseded(later, 'argo'), later)
  })
})

describe('a restart is due', () => {
  const due = (restartAt: string | undefined, restartedAt?: string) =>
    isRestartDue({
      now: NOW,
      rollout: rollout({ spec: restartAt === undefined ? {} : { restartAt } }) && {
        ...rollout({ spec: restartAt === undefined ? {} : { restartAt } }),
        status: restartedAt === undefined ? {} : { restartedAt },
      },
    })
  for (const [name, restartAt, restartedAt, expected] of [
    ['never asked for', undefined, undefined, false],
    ['now', formatInstant(NOW), undefined, true],
    ['a second too early', formatInstant(NOW + 1000), undefined, false],
    ['done', RESTART_AT, RESTART_AT, false],
    ['done, written in another zone', '2026-01-01T23:59:00Z', '2026-01-02T00:59:00+01:00', false],
    ['no time at all', 'soon', undefined, false],
  ] as const)
    test(name, () => assert.equal(due(restartAt, restartedAt), expected))
})
