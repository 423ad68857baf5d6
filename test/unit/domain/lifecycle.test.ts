/** Which mode a Rollout is in, one fact more a row: what was seen, what is stable, who asked for an abort, and whether that is new. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { stepHash } from '../../../controller/argo/pod-hash.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import type { World } from '../../../controller/domain/world.ts'
import { NEW_HASH, OLD_HASH, world } from '../../builders/world.ts'

const T0 = '2026-01-01T00:00:00Z'
const T1 = '2026-01-01T00:01:00Z'
const steps = [{ setWeight: 25 }, { pause: {} }]

interface Request {
  readonly action: 'abort' | 'pause'
  readonly receivedAt?: string
  readonly podHash?: string
  readonly revision?: number
  readonly consumedAt?: string
}

interface Case {
  readonly status?: RolloutStatus
  readonly without?: readonly (keyof RolloutStatus)[]
  readonly requests?: readonly Request[]
  readonly stableGone?: boolean
  readonly newGone?: boolean
  readonly generation?: number
}

const progressing = (reason: string): RolloutStatus => ({
  conditions: [{ type: 'Progressing', status: 'False', reason, message: '' }],
})

function worldOf(one: Case): World {
  const seen = world({ steps, status: one.status ?? {}, ...(one.stableGone ? { stable: 'deleted' as const } : {}) })
  const status = Object.fromEntries(
    Object.entries(seen.rollout.status ?? {}).filter(([key]) => !(one.without ?? []).some((field) => field === key)),
  )
  const stored = (one.requests ?? []).map((request, at) => ({
    id: `f${at}`,
    podHash: NEW_HASH,
    revision: 2,
    receivedAt: T1,
    reason: 'AlertFiring',
    message: `alert ${at}`,
    ...request,
  }))
  const metadata = {
    ...seen.rollout.metadata,
    generation: one.generation ?? 1,
    annotations: { [ABORT_REQUESTS]: JSON.stringify(stored) },
  }
  const replicaSets = seen.replicaSets.filter((rs) => !one.newGone || !rs.metadata.name.endsWith(NEW_HASH))
  return { ...seen, replicaSets, rollout: { ...seen.rollout, metadata, status } }
}

const lifecycleOf = (one: Case) => {
  const seen = worldOf(one)
  return decideLifecycle(seen, identifyRevisions(seen))
}

const isStable: RolloutStatus = { stableRS: NEW_HASH }
const abort: RolloutStatus = { abort: true }
const aborted: RolloutStatus = { abort: true, abortedAt: T0, ...progressing('RolloutAborted') }
const asks: readonly Request[] = [{ action: 'abort' }]

/** Mode, and the reason of an abort that is new. */
const rows: readonly (readonly [string, Case, string])[] = [
  ['an update', {}, 'updating'],
  [
    'nothing in status',
    { without: ['currentPodHash', 'currentStepHash', 'stableRS', 'currentStepIndex'] },
    'superseded',
  ],
  ['another revision was seen', { status: { currentPodHash: 'x' } }, 'superseded'],
  ['another revision was seen, which was aborted', { status: { currentPodHash: 'x', ...abort } }, 'superseded'],
  [
    'another revision was seen, and an alert fires for it',
    { status: { currentPodHash: 'x' }, requests: asks },
    'superseded',
  ],
  [
    'other steps were seen, at another generation',
    { status: { currentStepHash: 'x', observedGeneration: '1' }, generation: 2 },
    'superseded',
  ],
  ['no steps were seen', { without: ['currentStepHash'] }, 'superseded'],
  [
    'steps of an unknown dialect, at the same generation',
    { status: { currentStepHash: 'x', observedGeneration: '1' } },
    'updating',
  ],
  ['a first deploy', { without: ['stableRS'] }, 'initial'],
  ['a first deploy that somebody aborts', { without: ['stableRS'], status: abort }, 'initial'],
  ['a first deploy that an alert would abort', { without: ['stableRS'], requests: asks }, 'initial'],
  ['at rest', { status: isStable }, 'steady'],
  ['at rest, somebody aborts', { status: { ...isStable, ...abort } }, 'steady'],
  ['at rest, an alert fires', { status: isStable, requests: asks }, 'steady'],
  ['at rest, asked to promote in full', { status: { ...isStable, promoteFull: true } }, 'steady'],
  ['the stable ReplicaSet is gone', { stableGone: true }, 'initial'],
  ['the stable ReplicaSet is gone, somebody aborts', { stableGone: true, status: abort }, 'aborted by AbortRequested'],
  ['the new ReplicaSet is gone', { newGone: true }, 'updating'],
  ['somebody aborts', { status: abort }, 'aborted by AbortRequested'],
  [
    'somebody aborts while paused',
    { status: { ...abort, pauseConditions: [{ reason: 'CanaryPauseStep', startTime: T0 }] } },
    'aborted by AbortRequested',
  ],
  ['abort wins over a full promotion', { status: { ...abort, promoteFull: true } }, 'aborted by AbortRequested'],
  ['still aborted', { status: aborted }, 'aborted'],
  [
    'still aborted, as Argo words it',
    { status: { ...aborted, ...progressing('ProgressDeadlineExceeded') } },
    'aborted',
  ],
  ['retried: false', { status: { ...aborted, abort: false } }, 'updating'],
  ['retried: removed', { status: aborted, without: ['abort'] }, 'updating'],
  [
    'retried, and aborted once more',
    { status: { ...aborted, ...progressing('RolloutRetry') } },
    'aborted by AbortRequested',
  ],
  ['an alert asks for an abort', { requests: asks }, 'aborted by AlertFiring'],
  ['an alert and a person', { status: abort, requests: asks }, 'aborted by AlertFiring'],
  ['an alert about another revision', { requests: [{ action: 'abort', podHash: OLD_HASH }] }, 'updating'],
  ['an alert about another number', { requests: [{ action: 'abort', revision: 1 }] }, 'updating'],
  [
    'an alert that was obeyed',
    { status: { ...aborted, abort: false }, requests: [{ action: 'abort', receivedAt: T0 }] },
    'updating',
  ],
  ['an alert after the retry', { status: { ...aborted, abort: false }, requests: asks }, 'aborted by AlertFiring'],
  ['an alert that asks for a pause', { requests: [{ action: 'pause' }] }, 'updating'],
  ['an alert that asked for a pause and got it', { requests: [{ action: 'pause', consumedAt: T1 }] }, 'updating'],
]

describe('the mode', () => {
  for (const [name, one, expected] of rows)
    test(name, () => {
      const { mode, abortCause } = lifecycleOf(one)
      assert.equal(abortCause ? `${mode} by ${abortCause.reason}` : mode, expected)
    })
})

describe('requests to pause', () => {
  const pending = (one: Case): readonly string[] => lifecycleOf(one).pauseRequests.map(({ message }) => message)
  test('are handed on, oldest first', () =>
    assert.deepEqual(pending({ requests: [{ action: 'pause' }, { action: 'pause', receivedAt: T0 }] }), [
      'alert 1',
      'alert 0',
    ]))
  test('not twice', () => assert.deepEqual(pending({ requests: [{ action: 'pause', consumedAt: T1 }] }), []))
  test('not at rest', () => assert.deepEqual(pending({ status: isStable, requests: [{ action: 'pause' }] }), []))
  test('not beside an abort', () =>
    assert.deepEqual(pending({ requests: [{ action: 'pause' }, { action: 'abort' }] }), []))
})

describe('the attempt', () => {
  const attempt = (one: Case): string => lifecycleOf(one).attempt
  test('is the steps and the last abort', () => assert.equal(attempt({ status: aborted }), `${stepHash(steps)}/${T0}`))
  test('is another after a retry of another abort', () =>
    assert.notEqual(
      attempt({ status: { ...aborted, abort: false } }),
      attempt({ status: { ...aborted, abort: false, abortedAt: T1 } }),
    ))
  test('is none for what was not seen', () => assert.equal(attempt({ status: { currentPodHash: 'x' } }), ''))
})
