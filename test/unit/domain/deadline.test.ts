/** The progress deadline: what is judged, what is waiting on purpose, and when to look again. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, RolloutStatus } from '../../../controller/api/rollout.ts'
import { type CanaryView, viewCanary, waitsOnPurpose } from '../../../controller/domain/canary/view.ts'
import { abortByDeadline, judgeDeadline } from '../../../controller/domain/deadline.ts'
import type { Mode } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { viewRollout } from '../../../controller/domain/view.ts'
import { rollout } from '../../builders/rollout.ts'
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
