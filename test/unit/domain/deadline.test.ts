/** The progress deadline: what is judged, what is waiting on purpose, and when to look again. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, RolloutStatus } from '../../../controller/api/rollout.ts'
import { type CanaryView, viewCanary, waitsOnPurpose } from '../../../controller/domain/canary/view.ts'
import { abortByDeadline, judgeDeadline } from '../../../controller/domain/deadline.ts'
import { decideLifecycle, type Mode } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { type RolloutView, viewRollout } from '../../../controller/domain/view.ts'
import type { Compat } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { world as built, NEW_HASH, OLD_HASH } from '../../builders/world.ts'
import { createMachine } from '../../golden/world-machine.ts'

const START = Date.UTC(2026, 0, 1)

function view(
  seconds: number,
  mode: Mode,
  steps: readonly CanaryStep[],
  reason: string,
  progressDeadlineAbort = true,
): CanaryView {
  const lastUpdateTime = '2026-01-01T00:00:00Z'
  const status: RolloutStatus = {
    currentStepIndex: 0,
    conditions: [{ type: 'Progressing', status: 'True', reason, message: '', lastUpdateTime }],
  }
  const subject = rollout({ steps, spec: { progressDeadlineSeconds: 60, progressDeadlineAbort } })
  const world = { ...createMachine({ rollout: { ...subject, status } }).world(), now: START + seconds * 1000 }
  const lifecycle = { mode, pauseRequests: [], attempt: '' }
  return viewCanary(viewRollout(world, identifyRevisions(world), lifecycle), subject.spec.strategy?.canary ?? {})
}

const weight: readonly CanaryStep[] = [{ setWeight: 10 }]
const rows: readonly (readonly [string, CanaryView, boolean, boolean])[] = [
  ['within the deadline', view(60, 'updating', weight, 'ReplicaSetUpdated'), false, false],
  ['past the deadline', view(61, 'updating', weight, 'ReplicaSetUpdated'), false, true],
  ['past it, also for a first deploy', view(61, 'initial', weight, 'ReplicaSetUpdated'), false, true],
  ['past it once, it stays past', view(1, 'updating', weight, 'ProgressDeadlineExceeded'), false, true],
  ['paused', view(999, 'updating', weight, 'ReplicaSetUpdated'), true, false],
  ['at a pause step', view(999, 'updating', [{ pause: {} }], 'ReplicaSetUpdated'), false, false],
  ['at an analysis step', view(999, 'updating', [{ analysis: {} }], 'ReplicaSetUpdated'), false, false],
  ['already aborted', view(999, 'aborted', weight, 'RolloutAborted'), false, false],
  ['a revision that is new', view(999, 'superseded', weight, 'ReplicaSetUpdated'), false, false],
  ['once healthy with this revision', view(999, 'steady', weight, 'NewReplicaSetAvailable'), false, false],
]

describe('progress deadline', () => {
  for (const [name, subject, paused, exceeded] of rows)
    test(name, () => assert.equal(judgeDeadline(subject, paused || waitsOnPurpose(subject)).exceeded, exceeded))

  test('the next look is a second after it', () =>
    assert.equal(judgeDeadline(view(10, 'updating', weight, 'ReplicaSetUpdated'), false).atMs, START + 61_000))

  test('it aborts only an update, and only when asked to', () => {
    const late = { exceeded: true }
    assert.equal(abortByDeadline(view(61, 'updating', weight, ''), late)?.reason, 'ProgressDeadlineExceeded')
    assert.equal(abortByDeadline(view(61, 'updating', weight, '', false), late), undefined)
    assert.equal(abortByDeadline(view(61, 'initial', weight, ''), late), undefined)
    assert.equal(abortByDeadline(view(61, 'updating', weight, ''), { exceeded: false }), undefined)
  })
})

/** Revisions: `newest` is asked for; `old` is stable, unless the newest is; `late` is an older one that waits for its scale-down-deadline. */
interface Standing {
  readonly compat?: Compat
  readonly reason?: string
  readonly stable?: 'old' | 'newest'
  readonly fresh?: readonly [number, number]
  readonly late?: boolean
}

const LATE_MS = 700_000

function standing(one: Standing): RolloutView {
  const { reason = 'ReplicaSetUpdated', stable = 'old', fresh = [1, 0] } = one
  const condition = { type: 'Progressing', status: 'True', reason, message: '', lastUpdateTime: '1970-01-01T00:00:00Z' }
  const seen = built({
    fresh,
    status: {
      conditions: [{ ...condition, status: 'True' }],
      ...(stable === 'newest' ? { stableRS: NEW_HASH } : {}),
    },
  })
  const replicaSets = seen.replicaSets.map((rs) => {
    const isOld = rs.metadata.labels?.['rollouts-pod-template-hash'] === OLD_HASH
    const annotations = { ...rs.metadata.annotations, 'scale-down-deadline': '1970-01-02T00:00:00Z' }
    return isOld && one.late && stable === 'newest' ? { ...rs, metadata: { ...rs.metadata, annotations } } : rs
  })
  const third = seen.replicaSets.flatMap((rs) => {
    if (!one.late || stable === 'newest' || rs.metadata.labels?.['rollouts-pod-template-hash'] !== OLD_HASH) return []
    const labels = { ...rs.metadata.labels, 'rollouts-pod-template-hash': 'third' }
    const annotations = { 'scale-down-deadline': '1970-01-02T00:00:00Z' }
    return [{ ...rs, metadata: { ...rs.metadata, name: 'shop-third', labels, annotations } }]
  })
  const world = { ...seen, now: LATE_MS, compat: one.compat ?? 'strict', replicaSets: [...replicaSets, ...third] }
  const revisions = identifyRevisions(world)
  return viewRollout(world, revisions, decideLifecycle(world, revisions))
}

const standings: readonly (readonly [string, Standing, boolean])[] = [
  ['an update that is late', {}, true],
  ['an update that is late, compat', { compat: 'argo' }, true],
  ['late while an older revision waits to go: strict judges', { late: true }, true],
  ['late while an older revision waits to go: compat does not', { late: true, compat: 'argo' }, false],
  ['stable with all its pods, old ones wait to go', { stable: 'newest', fresh: [4, 4], late: true }, false],
  [
    'stable with all its pods, old ones wait to go, compat',
    { stable: 'newest', fresh: [4, 4], late: true, compat: 'argo' },
    false,
  ],
  [
    'stable, pods are missing, old ones wait to go: strict judges',
    { stable: 'newest', fresh: [4, 2], late: true },
    true,
  ],
  [
    'stable, pods are missing, old ones wait to go: compat does not',
    { stable: 'newest', fresh: [4, 2], late: true, compat: 'argo' },
    false,
  ],
  [
    'stable, pods are missing since it was complete',
    { stable: 'newest', fresh: [4, 2], reason: 'ReplicaSetNotAvailable' },
    true,
  ],
  ['stable and complete', { stable: 'newest', fresh: [4, 4], reason: 'NewReplicaSetAvailable' }, false],
  ['paused, as Argo left it', { reason: 'RolloutPaused' }, false],
  ['aborted once', { reason: 'RolloutAborted' }, false],
  ['resumed long ago', { reason: 'RolloutResumed' }, true],
  ['retried long ago', { reason: 'RolloutRetry' }, true],
  ['refused its ReplicaSet for long', { reason: 'ReplicaSetCreateError' }, true],
  ['a reason of another version', { reason: 'Sunny' }, true],
]

describe('what the deadline judges, by revision and by what was told last', () => {
  for (const [name, one, exceeded] of standings)
    test(name, () => assert.equal(judgeDeadline(standing(one), false).exceeded, exceeded))

  test('a pass that brings progress is never too late', () =>
    assert.equal(judgeDeadline(standing({}), false, true).exceeded, false))
  test('nor is one with progress after it was too late', () =>
    assert.equal(judgeDeadline(standing({ reason: 'ProgressDeadlineExceeded' }), false, true).exceeded, false))
  test('a completed revision is not aborted by it (AR#1624)', () =>
    assert.equal(abortByDeadline(standing({ stable: 'newest', fresh: [4, 2] }), { exceeded: true }), undefined))
})
