/** How long an update waits for people and verdicts: what is asked for, what happens then, and that compat waits for ever. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import { WAIT_ACTION, WAIT_DEADLINE } from '../../../controller/api/labels.ts'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import type { Inquiry } from '../../../controller/domain/analysis/analyses.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { type RolloutView, viewRollout } from '../../../controller/domain/view.ts'
import { readWaitPolicy } from '../../../controller/domain/wait-policy.ts'
import { isUnattended, judgeWaits, type Wait, waitsForRuns } from '../../../controller/domain/waits.ts'
import type { Compat } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { world } from '../../builders/world.ts'

const HOUR = 3_600_000

interface Case {
  readonly deadline?: string
  readonly action?: string
  readonly compat?: Compat
  readonly after?: number
  readonly paused?: readonly string[]
  readonly status?: RolloutStatus
}

function viewOf(one: Case): RolloutView {
  const pauseConditions = (one.paused ?? []).map((reason) => ({ reason, startTime: '1970-01-01T00:00:00Z' }))
  const seen = world({ status: { pauseConditions, ...one.status } })
  const annotations = {
    ...(one.deadline === undefined ? {} : { [WAIT_DEADLINE]: one.deadline }),
    ...(one.action === undefined ? {} : { [WAIT_ACTION]: one.action }),
  }
  const metadata = { ...seen.rollout.metadata, annotations }
  const now = {
    ...seen,
    now: one.after ?? 0,
    compat: one.compat ?? 'strict',
    rollout: { ...seen.rollout, metadata },
  } as const
  const revisions = identifyRevisions(now)
  return viewRollout(now, revisions, decideLifecycle(now, revisions))
}

const verdict: Wait = { what: 'AnalysisRun r had no verdict', sinceMs: 0 }
const judged = (one: Case, timed?: string, verdicts: readonly Wait[] = []): string => {
  const { abortCause, wakeAtMs } = judgeWaits(viewOf(one), timed, verdicts)
  return abortCause
    ? `${abortCause.reason}: ${abortCause.message}`
    : wakeAtMs === undefined
      ? 'waits'
      : `wakes at ${wakeAtMs}`
}
const paused = ['CanaryPauseStep']
const late = { after: 2 * HOUR }
const abortedAfter = 'WaitDeadlineExceeded: nobody resumed CanaryPauseStep within 2h'

describe('a wait', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['for people lasts', judged({ paused, ...late }), 'waits'],
    ['for people has the deadline that is asked for', judged({ paused, deadline: '2h' }), `wakes at ${2 * HOUR}`],
    ['not a moment earlier', judged({ paused, deadline: '2h', after: 2 * HOUR - 1 }), `wakes at ${2 * HOUR}`],
    ['is aborted then', judged({ paused, deadline: '2h', ...late }), abortedAfter],
    ['is aborted then, said in full', judged({ paused, deadline: '2h', action: 'abort', ...late }), abortedAfter],
    [
      'is not aborted when it asks to be promoted',
      judged({ paused, deadline: '2h', action: 'promote', ...late }),
      'waits',
    ],
    ['for a verdict neither', judged({ deadline: '2h', action: 'promote', ...late }, undefined, [verdict]), 'waits'],
    [
      'for a verdict is aborted',
      judged({ deadline: '2h', ...late }, undefined, [verdict]),
      'WaitDeadlineExceeded: AnalysisRun r had no verdict within 2h',
    ],
    ['lasts in compat', judged({ paused, deadline: '2h', compat: 'argo', ...late }, undefined, [verdict]), 'waits'],
    ['with an end of its own is left alone', judged({ paused, deadline: '2h', ...late }, 'CanaryPauseStep'), 'waits'],
    [
      'beside one with an end counts',
      judged({ paused: [...paused, 'InconclusiveAnalysisRun'], deadline: '2h', ...late }, 'CanaryPauseStep'),
      'WaitDeadlineExceeded: nobody resumed InconclusiveAnalysisRun within 2h',
    ],
    [
      'of an unknown kind counts',
      judged({ paused: ['Sunny'], deadline: '2h', ...late }),
      'WaitDeadlineExceeded: nobody resumed Sunny within 2h',
    ],
    ['is over with an abort', judged({ paused, deadline: '2h', ...late, status: { abort: true } }), 'waits'],
    [
      'is over with a full promotion',
      judged({ paused, deadline: '2h', ...late, status: { promoteFull: true } }),
      'waits',
    ],
    ['needs somebody who waits', judged({ deadline: '2h', ...late }), 'waits'],
    ['with an unreadable deadline lasts', judged({ paused, deadline: 'soon', ...late }), 'waits'],
    ['with a deadline of nothing lasts', judged({ paused, deadline: '0', ...late }), 'waits'],
    [
      'the longest comes first',
      judged({ paused, deadline: '2h' }, undefined, [{ ...verdict, sinceMs: -HOUR }]),
      `wakes at ${HOUR}`,
    ],
  ]
  for (const [name, found, expected] of rows) test(name, () => assert.equal(found, expected))
})

describe('runs that are waited for', () => {
  const run = (phase: string | undefined, creationTimestamp?: string): AnalysisRun => ({
    metadata: { name: 'r', ...(creationTimestamp ? { creationTimestamp } : {}) },
    spec: { metrics: [] },
    ...(phase ? { status: { phase: phase as 'Running' } } : {}),
  })
  const inquiry = (kind: Inquiry['kind'], one: AnalysisRun | undefined): Inquiry => ({ kind, run: one, due: undefined })
  const waits = (kind: Inquiry['kind'], phase: string | undefined): number =>
    waitsForRuns([inquiry(kind, run(phase, '1970-01-01T00:00:00Z'))]).length

  test('inline, pre- and post-promotion ones that are not done', () =>
    assert.deepEqual(
      (['Step', 'PrePromotion', 'PostPromotion'] as const).map((kind) => waits(kind, 'Running')),
      [1, 1, 1],
    ))
  test('a background one is not', () => assert.equal(waits('Background', 'Running'), 0))
  test('one that is done is not', () => assert.equal(waits('Step', 'Successful'), 0))
  test('one that is not on the server yet is not', () =>
    assert.equal(waitsForRuns([inquiry('Step', run('Running'))]).length, 0))
  test('none is none', () => assert.equal(waitsForRuns([undefined, inquiry('Step', undefined)]).length, 0))

  test('one that nobody measures is unattended, strict', () => {
    const view = viewOf({})
    assert.ok(isUnattended(view, inquiry('Step', run(undefined))))
    assert.ok(isUnattended(view, inquiry('Step', undefined)), 'so is one that cannot be built')
    assert.ok(!isUnattended(view, inquiry('Step', run('Running'))))
    assert.ok(!isUnattended(view, undefined))
  })
  test('and is not in compat', () =>
    assert.ok(!isUnattended(viewOf({ compat: 'argo' }), inquiry('Step', run(undefined)))))
})

describe('the annotations', () => {
  const problems = (annotations: Readonly<Record<string, string>>): readonly string[] => {
    const one = rollout()
    return validateRollout({ ...one, metadata: { ...one.metadata, annotations } }).map(
      ({ field, message }) => `${field}: ${message}`,
    )
  }
  const [deadline, action] = [`metadata.annotations["${WAIT_DEADLINE}"]`, `metadata.annotations["${WAIT_ACTION}"]`]
  const rows: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [{}, []],
    [{ [WAIT_DEADLINE]: '4h' }, []],
    [{ [WAIT_DEADLINE]: '1h30m', [WAIT_ACTION]: 'promote' }, []],
    [{ [WAIT_DEADLINE]: '1h', [WAIT_ACTION]: 'abort' }, []],
    [{ [WAIT_DEADLINE]: '4' }, [`${deadline}: must be a positive duration`]],
    [{ [WAIT_DEADLINE]: '' }, [`${deadline}: must be a positive duration`]],
    [{ [WAIT_DEADLINE]: '0s' }, [`${deadline}: must be a positive duration`]],
    [{ [WAIT_DEADLINE]: '-1h' }, [`${deadline}: must be a positive duration`]],
    [{ [WAIT_DEADLINE]: '1h', [WAIT_ACTION]: 'skip' }, [`${action}: must be abort or promote`]],
    [{ [WAIT_ACTION]: 'promote' }, [`${action}: has no effect without ${WAIT_DEADLINE}`]],
  ]
  for (const [annotations, expected] of rows)
    test(JSON.stringify(annotations), () => assert.deepEqual(problems(annotations), expected))

  test('are read as they are validated', () => {
    const read = (text: string) => readWaitPolicy(viewOf({ deadline: text }).world)
    assert.deepEqual(read('90m'), { deadlineMs: 1.5 * HOUR, action: 'abort', text: '90m' })
    assert.equal(read('90'), undefined)
  })
})
