/** Pauses, one fact more a row: what the strategy wants, what is on record, who resumed, and what ends by itself. For both strategies' own pauses. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WAIT_ACTION, WAIT_DEADLINE } from '../../../controller/api/labels.ts'
import type { PauseCondition, RolloutStatus } from '../../../controller/api/rollout.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import {
  decidePauses,
  type Halt,
  isPaused,
  type OwnPause,
  type OwnPauseReason,
  PAUSED_AT,
  type PauseDecision,
  pauseEvents,
} from '../../../controller/domain/pauses.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { type RolloutView, viewRollout } from '../../../controller/domain/view.ts'
import { world } from '../../builders/world.ts'

const T0 = '1970-01-01T00:00:00Z'
const MINUTE = 60_000

interface Case {
  /** Milliseconds since the pause on record began. */
  readonly after?: number
  readonly own?: OwnPause
  readonly recorded?: readonly string[]
  readonly controllerPause?: boolean
  readonly halts?: readonly Halt[]
  readonly status?: RolloutStatus
  readonly specPaused?: boolean
  readonly annotations?: Readonly<Record<string, string>>
  readonly place?: { readonly at: string; readonly beforePause: boolean }
}

function viewOf(one: Case): RolloutView {
  const pauses: PauseCondition[] = (one.recorded ?? []).map((reason) => ({ reason, startTime: T0 }))
  const seen = world({
    status: {
      ...(pauses.length > 0 ? { pauseConditions: pauses } : {}),
      controllerPause: one.controllerPause ?? pauses.length > 0,
      ...one.status,
    },
  })
  const { rollout } = seen
  const now = {
    ...seen,
    now: one.after ?? 0,
    rollout: {
      ...rollout,
      metadata: { ...rollout.metadata, annotations: one.annotations ?? {} },
      spec: { ...rollout.spec, ...(one.specPaused ? { paused: true } : {}) },
    },
  }
  const revisions = identifyRevisions(now)
  return viewRollout(now, revisions, decideLifecycle(now, revisions))
}

const decided = (one: Case): PauseDecision => decidePauses(viewOf(one), one.own, one.halts ?? [], one.place)

/** What is on record afterwards, and what came of the strategy's own pause. */
function outcome(one: Case): string {
  const { conditions, over, released, started, resumed } = decided(one)
  const facts = { over, released, started: started.length > 0, resumed }
  const told = Object.entries(facts).flatMap(([name, is]) => (is ? [name] : []))
  return [conditions.map(({ reason }) => reason).join('+') || '-', ...told].join(' ')
}

function rowsOf(reason: OwnPauseReason): readonly (readonly [string, Case, string])[] {
  const timed: OwnPause = { reason, durationMs: MINUTE }
  const endless: OwnPause = { reason, durationMs: undefined }
  const inconclusive: Halt = { reason: 'InconclusiveAnalysisRun', name: 'run' }
  const experiment: Halt = { reason: 'InconclusiveExperiment', name: 'experiment' }
  return [
    ['nothing wanted, nothing on record', {}, '-'],
    ['begins', { own: endless }, `${reason} started`],
    ['begins, with an end', { own: timed }, `${reason} started`],
    ['is on record', { own: endless, recorded: [reason] }, reason],
    ['never ends by itself', { own: endless, recorded: [reason], after: 9e9 }, reason],
    ['has time left', { own: timed, recorded: [reason], after: MINUTE - 1 }, reason],
    ['its time is up', { own: timed, recorded: [reason], after: MINUTE }, '- over resumed'],
    ['its time is long up', { own: timed, recorded: [reason], after: 9e9 }, '- over resumed'],
    ['somebody resumed', { own: endless, controllerPause: true }, '- over released resumed'],
    ['somebody resumed one with an end', { own: timed, controllerPause: true }, '- over released resumed'],
    [
      'resumed with an empty list',
      { own: endless, controllerPause: true, status: { pauseConditions: [] } },
      '- over released resumed',
    ],
    ['is not wanted any more', { recorded: [reason] }, '- resumed'],
    ['the client took both marks away', { own: endless, controllerPause: false }, `${reason} started`],
    ['does not begin under spec.paused', { own: endless, specPaused: true }, '-'],
    ['stays under spec.paused', { own: endless, recorded: [reason], specPaused: true }, reason],
    [
      'its time is up under spec.paused: stays on record',
      { own: timed, recorded: [reason], specPaused: true, after: MINUTE },
      reason,
    ],
    [
      'somebody resumed under spec.paused: obeyed',
      { own: endless, controllerPause: true, specPaused: true },
      '- over released resumed',
    ],
    ['an abort lifts it', { own: endless, recorded: [reason], status: { abort: true } }, '- resumed'],
    ['a full promotion lifts it', { own: endless, recorded: [reason], status: { promoteFull: true } }, '- resumed'],
    ['a full promotion lets none begin', { own: endless, status: { promoteFull: true } }, '-'],
    ['a run without a verdict halts', { halts: [inconclusive] }, 'InconclusiveAnalysisRun started'],
    ['an experiment without a verdict halts', { halts: [experiment] }, 'InconclusiveExperiment started'],
    ['one halt at a time', { halts: [inconclusive, experiment] }, 'InconclusiveAnalysisRun started'],
    [
      'a halt is on record',
      { halts: [inconclusive], recorded: ['InconclusiveAnalysisRun'] },
      'InconclusiveAnalysisRun',
    ],
    ['a halt outlives its cause', { recorded: ['InconclusiveAnalysisRun'] }, 'InconclusiveAnalysisRun'],
    ['a halt stays whatever the time', { recorded: ['InconclusiveExperiment'], after: 9e9 }, 'InconclusiveExperiment'],
    [
      'a halt begins beside the pause',
      { own: endless, recorded: [reason], halts: [inconclusive] },
      `InconclusiveAnalysisRun+${reason} started`,
    ],
    ['both begin at once', { own: endless, halts: [inconclusive] }, `InconclusiveAnalysisRun+${reason} started`],
    [
      'its time is up, the halt stays',
      { own: timed, recorded: [reason, 'InconclusiveAnalysisRun'], after: MINUTE },
      'InconclusiveAnalysisRun over resumed',
    ],
    ['somebody lifted a halt', { controllerPause: true }, '- resumed'],
    ['an abort lifts a halt', { recorded: ['InconclusiveAnalysisRun'], status: { abort: true } }, '- resumed'],
    ['a pause of an unknown kind holds', { recorded: ['Sunny'], after: 9e9 }, 'Sunny'],
    [
      'an unreadable start is now',
      { own: timed, recorded: [reason], status: { pauseConditions: [{ reason, startTime: 'soon' }] } },
      reason,
    ],
  ]
}

for (const reason of ['CanaryPauseStep', 'BlueGreenPause'] as const)
  describe(`a ${reason}`, () => {
    for (const [name, one, expected] of rowsOf(reason)) test(name, () => assert.equal(outcome(one), expected))
  })

describe('what is written about pauses', () => {
  const own: OwnPause = { reason: 'CanaryPauseStep', durationMs: MINUTE }
  test('a pause begins at the next whole second, so that it is never shorter than it says', () =>
    assert.deepEqual(decided({ own, after: 1_500 }).conditions, [
      { reason: 'CanaryPauseStep', startTime: '1970-01-01T00:00:02Z' },
    ]))
  test('controllerPause goes with the last pause', () => {
    assert.deepEqual(decided({ own, controllerPause: true }).part.memory, {
      pauseConditions: null,
      controllerPause: false,
    })
    assert.equal(decided({ own }).part.memory?.controllerPause, true)
  })
  test('the end of a pause wakes us', () => {
    assert.equal(decided({ own, recorded: ['CanaryPauseStep'], after: 10 }).part.wakeAtMs, MINUTE)
    assert.equal(decided({ own: { ...own, durationMs: undefined } }).part.wakeAtMs, undefined)
  })
  test('events: begun, and lifted; not lifted by an abort', () => {
    const reasons = (one: Case): string[] =>
      (pauseEvents(viewOf(one), decided(one)).events ?? []).map(({ message }) => message)
    assert.deepEqual(reasons({ own }), ['Rollout is paused (CanaryPauseStep)'])
    assert.deepEqual(reasons({ own, controllerPause: true }), ['Rollout is resumed'])
    assert.deepEqual(reasons({ own, recorded: ['CanaryPauseStep'], status: { abort: true } }), [])
  })
  test('paused for people: a pause, or spec.paused unless aborted', () => {
    const shown = (one: Case): boolean => isPaused(viewOf(one), decided(one))
    assert.deepEqual([shown({ own }), shown({}), shown({ specPaused: true })], [true, false, true])
    assert.equal(shown({ specPaused: true, status: { abort: true } }), false)
  })
})

describe('a pause in front of a pause', () => {
  const own: OwnPause = { reason: 'CanaryPauseStep', durationMs: undefined }
  const place = (at: string, beforePause = false) => ({ at, beforePause })
  const kept = (at: string) => ({ [PAUSED_AT]: at })
  const noted = (one: Case): unknown => {
    const [action] = decided(one).part.actions ?? []
    return action?.do === 'annotateRollout' ? action.annotations[PAUSED_AT] : undefined
  }
  test('keeps its place', () => assert.equal(noted({ own, place: place('1', true) }), '1'))
  test('once', () => assert.equal(noted({ own, recorded: ['CanaryPauseStep'], place: place('1', true) }), undefined))
  test('any other keeps none', () => assert.equal(noted({ own, place: place('2') }), undefined))
  test('and takes a former one away', () =>
    assert.equal(noted({ own, place: place('2'), annotations: kept('1') }), null))
  test('released at its own place: over', () =>
    assert.equal(
      outcome({ own, controllerPause: true, place: place('1', true), annotations: kept('1') }),
      '- over released resumed',
    ))
  test('skipped to the next place: cleared first', () =>
    assert.equal(outcome({ own, controllerPause: true, place: place('2'), annotations: kept('1') }), '- resumed'))
  test('and begun then', () =>
    assert.equal(
      outcome({ own, controllerPause: false, place: place('2'), annotations: kept('1') }),
      'CanaryPauseStep started',
    ))
  test('a condition that was left behind is not this pause', () =>
    assert.equal(
      outcome({ own, recorded: ['CanaryPauseStep'], place: place('2'), annotations: kept('1') }),
      '- resumed',
    ))
})

describe('a pause that the Rollout gives a deadline', () => {
  const own: OwnPause = { reason: 'CanaryPauseStep', durationMs: undefined }
  const promote = { [WAIT_DEADLINE]: '2m', [WAIT_ACTION]: 'promote' }
  const recorded = ['CanaryPauseStep']
  const rows: readonly (readonly [string, Case, string])[] = [
    [
      'goes on at the deadline when it asks to be promoted',
      { own, recorded, annotations: promote, after: 2 * MINUTE },
      '- over resumed',
    ],
    ['not before', { own, recorded, annotations: promote, after: 2 * MINUTE - 1 }, 'CanaryPauseStep'],
    [
      'a shorter end of its own comes first',
      { own: { ...own, durationMs: MINUTE }, recorded, annotations: promote, after: MINUTE },
      '- over resumed',
    ],
    [
      'a longer end of its own stays',
      { own: { ...own, durationMs: 9 * MINUTE }, recorded, annotations: promote, after: 2 * MINUTE },
      'CanaryPauseStep',
    ],
    [
      'to be aborted is not decided here',
      { own, recorded, annotations: { [WAIT_DEADLINE]: '2m' }, after: 9e9 },
      'CanaryPauseStep',
    ],
    [
      'a missing verdict is never passed',
      { recorded: ['InconclusiveAnalysisRun'], annotations: promote, after: 9e9 },
      'InconclusiveAnalysisRun',
    ],
    ['spec.paused holds it', { own, recorded, annotations: promote, specPaused: true, after: 9e9 }, 'CanaryPauseStep'],
  ]
  for (const [name, one, expected] of rows) test(name, () => assert.equal(outcome(one), expected))
})
