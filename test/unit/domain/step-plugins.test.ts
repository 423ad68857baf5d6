/**
 * The decision about plugin steps, row by row: what an answer makes of an entry, what is called next, and what is ended when the update does not
 * go on. Written from what the reference promises, not from the code.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readStepEntries, type StepEntry } from '../../../controller/api/step-plugin-status.ts'
import type { StepAnswer } from '../../../controller/api/step-result.ts'
import type { StepSituation } from '../../../controller/domain/step-plugins/situation.ts'
import {
  abortByPlugin,
  haltByPlugin,
  isPluginStepDone,
  readAnswers,
  recordCalls,
} from '../../../controller/domain/step-plugins/step-plugins.ts'

const START = Date.UTC(2026, 0, 1)
const at = (seconds: number): string => `${new Date(START + seconds * 1000).toISOString().slice(0, 19)}Z`
const undoBy = { name: 'penstock/webhook', config: { url: 'https://undo.example/' } }

const webhook = (config: object = {}) => ({
  plugin: { name: 'penstock/webhook', config: { url: 'https://gate.example/', ...config } },
})
const job = (config: object = {}) => ({ plugin: { name: 'penstock/job', config: { spec: {}, ...config } } })
const steps = [webhook(), job({ compensate: undoBy }), {}, job()]

const base: StepSituation = {
  now: START,
  compat: 'strict',
  uid: 'u',
  revision: 2,
  podHash: 'new',
  attempt: 'a',
  mode: 'updating',
  returning: false,
  promoteFull: false,
  steps,
  stepIndex: 0,
  disabled: [],
  paused: false,
  halted: false,
  entries: [],
  results: [],
}

interface Decision {
  readonly entries: readonly StepEntry[]
  readonly part: ReturnType<typeof recordCalls>
  readonly done: boolean
  readonly abort: string | undefined
  readonly halts: number
}

/** As the strategy does it: answers first, then, with the mode that follows from them, the calls. */
function decide(situation: StepSituation): Decision {
  const inquiry = readAnswers(situation)
  const abort = abortByPlugin(inquiry)?.message
  const next = abort === undefined ? situation : { ...situation, mode: 'aborted' as const, stepIndex: 0 }
  const halts = abort === undefined ? haltByPlugin(inquiry).length : 0
  const part = recordCalls({ ...next, paused: situation.paused || halts > 0 }, inquiry.entries)
  const stored = part.memory?.canary?.stepPluginStatuses
  const entries = stored === undefined ? situation.entries : readStepEntries(stored)
  return { entries, part, done: isPluginStepDone(inquiry), abort, halts }
}

/** One line an entry: `2 Run Running (call 1/1)`; `done` for endings that are finished. */
const render = (entries: readonly StepEntry[]): readonly string[] =>
  entries.map(({ index, operation, phase, disabled, finishedAt, status }) => {
    const call = status.call === undefined ? '' : ` (call ${status.call.split('/').slice(-2).join('/')})`
    const end = finishedAt === undefined || operation === 'Run' ? '' : ' done'
    return `${index + 1} ${operation} ${disabled ? 'disabled' : phase}${call}${end}`
  })

/** The situation a while after step `stepIndex` began, with its call under way. */
function begun(overrides: Partial<StepSituation> = {}, seconds = 5): StepSituation {
  const first = decide({ ...base, ...overrides })
  return { ...base, ...overrides, now: (overrides.now ?? START) + seconds * 1000, entries: first.entries }
}

const callOf = (entries: readonly StepEntry[]): string =>
  entries.find(({ status }) => status.call !== undefined)?.status.call ?? ''

/** The same situation with the answer to the call that waits. */
const answered = (
  situation: StepSituation,
  phase: StepAnswer['phase'],
  details: Partial<StepAnswer> = {},
): StepSituation => ({
  ...situation,
  results: [{ call: callOf(situation.entries), phase, at: at((situation.now - START) / 1000), ...details }],
})

/** The answer folded, `seconds` later. */
function after(
  situation: StepSituation,
  phase: StepAnswer['phase'],
  seconds: number,
  details: Partial<StepAnswer> = {},
) {
  const folded = decide(answered(situation, phase, details))
  return { ...situation, entries: folded.entries, results: [], now: situation.now + seconds * 1000 }
}

function times(count: number, situation: StepSituation, phase: StepAnswer['phase'], seconds: number): StepSituation {
  return Array.from({ length: count }).reduce<StepSituation>((now) => {
    const later = after(now, phase, seconds)
    return { ...later, entries: decide(later).entries }
  }, situation)
}

const aborted = (situation: StepSituation): StepSituation => ({ ...situation, mode: 'aborted', stepIndex: 0 })
/** Step 1 passed, step 2 passed, step 4 under way. */
const far = (): StepSituation => {
  const one = after(begun(), 'Successful', 1)
  const two = after({ ...one, stepIndex: 1, entries: decide({ ...one, stepIndex: 1 }).entries }, 'Successful', 1)
  const four = { ...two, stepIndex: 3 }
  return { ...four, entries: decide(four).entries, now: four.now + 1000 }
}

interface Expected {
  readonly entries?: readonly string[]
  readonly done?: boolean
  readonly abort?: RegExp
  readonly halts?: number
  /** Seconds from the start. */
  readonly wake?: number
  readonly event?: RegExp
}
type Row = readonly [name: string, situation: StepSituation, expected: Expected]

const running: readonly Row[] = [
  [
    'begins with a recorded call',
    base,
    { entries: ['1 Run Running (call 1/1)'], done: false, event: /step 1\) transitioned to Running/ },
  ],
  ['begins nothing while paused', { ...base, paused: true }, { entries: [] }],
  ['begins nothing in a full promotion', { ...base, promoteFull: true }, { entries: [] }],
  ['begins nothing in a first deploy', { ...base, mode: 'initial' }, { entries: [] }],
  ['begins nothing once stable', { ...base, mode: 'steady', stepIndex: 4 }, { entries: [] }],
  ['begins nothing at a step of another kind', { ...base, stepIndex: 2 }, { entries: [] }],
  ['waits for the answer, up to the time limit', begun(), { entries: ['1 Run Running (call 1/1)'], wake: 3600 }],
  ['Successful completes the step', answered(begun(), 'Successful'), { entries: ['1 Run Successful'], done: true }],
  [
    'Successful completes nothing while paused, and is kept',
    { ...answered(begun(), 'Successful'), paused: true },
    { entries: ['1 Run Successful'], done: true },
  ],
  [
    'Failed aborts in the words of Argo',
    answered(begun(), 'Failed', { message: 'no' }),
    { abort: /^Step Plugin 1 \(penstock\/webhook\) failed: no$/, entries: ['1 Run Failed'] },
  ],
  ['Running is asked again after 30 s', answered(begun(), 'Running'), { entries: ['1 Run Running'], wake: 35 }],
  ['Running is asked again after its wish', answered(begun(), 'Running', { afterSeconds: 45 }), { wake: 50 }],
  [
    'Running is asked again after 10 s at the earliest',
    answered(begun(), 'Running', { afterSeconds: 1 }),
    { wake: 15 },
  ],
  [
    'Error is asked again after 30 s, and never aborts',
    answered(begun(), 'Error'),
    { entries: ['1 Run Error'], wake: 35, event: /transitioned to Error/ },
  ],
  ['not before the back-off is over', after(begun(), 'Running', 29), { entries: ['1 Run Running'] }],
  ['a new turn after Running', after(begun(), 'Running', 30), { entries: ['1 Run Running (call 2/2)'] }],
  [
    'the same turn after Error: it is the same request',
    after(begun(), 'Error', 30),
    { entries: ['1 Run Error (call 1/2)'] },
  ],
  ['not while paused', { ...after(begun(), 'Running', 30), paused: true }, { entries: ['1 Run Running'] }],
  [
    'an answer to another call changes nothing',
    { ...begun(), results: [{ call: 'u/2/x/0/Run.1/1/7', phase: 'Failed', at: at(5) }] },
    { entries: ['1 Run Running (call 1/1)'] },
  ],
  [
    'a folded answer does not count again',
    { ...after(begun(), 'Running', 30), results: [{ call: callOf(begun().entries), phase: 'Failed', at: at(5) }] },
    { entries: ['1 Run Running (call 2/2)'] },
  ],
  [
    'Inconclusive halts for people',
    answered(begun(), 'Inconclusive'),
    { entries: ['1 Run Running'], halts: 1, done: false },
  ],
  [
    'and stays so while the halt is on record',
    { ...after(begun(), 'Inconclusive', 9999), halted: true, paused: true },
    { entries: ['1 Run Running'], halts: 1 },
  ],
  [
    'whoever resumes decides that it passed',
    after(begun(), 'Inconclusive', 60),
    { entries: ['1 Run Successful'], done: true, halts: 0 },
  ],
  [
    'four errors in a row do not halt',
    times(3, begun(), 'Error', 30),
    { entries: ['1 Run Error (call 1/4)'], halts: 0 },
  ],
  ['the fifth error halts', answered(times(4, begun(), 'Error', 30), 'Error'), { entries: ['1 Run Error'], halts: 1 }],
  [
    'not in compat',
    answered({ ...times(4, begun({ compat: 'argo' }), 'Error', 30) }, 'Error'),
    { entries: ['1 Run Error'], halts: 0 },
  ],
  [
    'resumed after errors it is asked again at once',
    after(times(4, begun(), 'Error', 30), 'Error', 1),
    { entries: ['1 Run Running (call 1/6)'], halts: 0 },
  ],
  [
    'no answer in time fails',
    { ...begun(), now: START + 3_600_000 },
    { abort: /no verdict within 3600 s/, entries: ['1 Run Failed', '1 Terminate Successful done'] },
  ],
  [
    'a time of its own counts',
    { ...begun({ steps: [webhook({ timeout: '1m' })] }), now: START + 60_000 },
    { abort: /within 60 s/ },
  ],
  [
    'time does not run out while paused',
    { ...begun(), now: START + 9e6, paused: true },
    { entries: ['1 Run Running (call 1/1)'] },
  ],
  [
    'wait-until waits as long as it takes',
    { ...begun({ steps: [{ plugin: { name: 'penstock/wait-until', config: {} } }] }), now: START + 9e9 },
    { entries: ['1 Run Running (call 1/1)'] },
  ],
  [
    'switched off counts as done and calls nothing',
    decideAgain({ ...base, disabled: ['penstock/webhook'] }),
    { entries: ['1 Run disabled'], done: true },
  ],
  [
    'switched off while it runs',
    decideAgain({ ...begun(), disabled: ['penstock/webhook'] }),
    { entries: ['1 Run disabled'], done: true },
  ],
]

function decideAgain(situation: StepSituation): StepSituation {
  return { ...situation, entries: decide(situation).entries }
}

const ending: readonly Row[] = [
  [
    'an abort terminates what runs and undoes the rest in reverse, all recorded at once',
    aborted(far()),
    {
      entries: [
        '1 Run Successful',
        '2 Run Successful',
        '4 Run Running',
        '4 Terminate Running (call 1/1)',
        '4 Abort Successful done',
        '2 Abort Running',
        '1 Abort Successful done',
      ],
    },
  ],
  [
    'then the undoing, last step first',
    undoing(1),
    {
      entries: [
        '1 Run Successful',
        '2 Run Successful',
        '4 Run Running',
        '4 Terminate Successful done',
        '4 Abort Successful done',
        '2 Abort Running (call 1/1)',
        '1 Abort Successful done',
      ],
    },
  ],
  [
    'an abort while a call is under way waits for its answer no more',
    {
      ...aborted(begun()),
      results: answered(begun(), 'Successful').results.map((result) => ({ ...result, call: 'late' })),
    },
    { entries: ['1 Run Running', '1 Terminate Successful done', '1 Abort Successful done'] },
  ],
  [
    'an answer that comes with the abort still counts',
    aborted(answered(begun(), 'Successful')),
    { entries: ['1 Run Successful', '1 Abort Successful done'] },
  ],
  [
    'a failed undoing is tried again as a new request',
    decideAgain(undoingAfter('Failed', 30)),
    { entries: undone('2 Abort Failed (call 1/2)') },
  ],
  [
    'an unanswered one as the same',
    decideAgain(undoingAfter('Error', 30)),
    { entries: undone('2 Abort Error (call 1/2)') },
  ],
  [
    'one that goes on is asked again',
    decideAgain(undoingAfter('Running', 30)),
    { entries: undone('2 Abort Running (call 2/2)') },
  ],
  [
    'the fifth failure ends it',
    answered(times(4, decideAgain(undoing(1)), 'Failed', 30), 'Failed'),
    { entries: undone('2 Abort Failed done'), event: /aborted \(Failed\)$/ },
  ],
  [
    'lack of an answer ends it',
    { ...decideAgain(undoing(1)), now: START + 3_700_000 },
    { entries: undone('2 Abort Failed done') },
  ],
  [
    'a retry waits for what is still undone',
    { ...decideAgain(undoing(1)), mode: 'updating', stepIndex: 0, attempt: 'b' },
    { entries: undone('2 Abort Running (call 1/1)') },
  ],
  [
    'and then begins anew',
    { ...after({ ...decideAgain(undoing(1)), mode: 'updating', stepIndex: 0, attempt: 'b' }, 'Successful', 1) },
    { entries: ['1 Run Running (call 1/1)'], done: false },
  ],
  [
    'an aborted update keeps what it has to tell',
    after(decideAgain(undoing(1)), 'Successful', 60),
    { entries: undone('2 Abort Successful done') },
  ],
  [
    'a full promotion terminates what runs',
    { ...begun({ stepIndex: 3 }), promoteFull: true },
    { entries: ['4 Run Running', '4 Terminate Running (call 1/1)'] },
  ],
  [
    'a skipped step is terminated',
    { ...begun({ stepIndex: 1 }), stepIndex: 2 },
    { entries: ['2 Run Running', '2 Terminate Running (call 1/1)'] },
  ],
  [
    'another revision terminates and does not undo',
    { ...far(), mode: 'superseded', stepIndex: 0 },
    { entries: ['1 Run Successful', '2 Run Successful', '4 Run Running', '4 Terminate Running (call 1/1)'] },
  ],
  [
    'another revision forgets what has ended',
    { ...after(begun(), 'Successful', 1), mode: 'superseded' },
    { entries: [] },
  ],
  [
    'a spec that goes back to stable undoes',
    { ...far(), mode: 'superseded', returning: true, stepIndex: 4 },
    {
      entries: [
        '1 Run Successful',
        '2 Run Successful',
        '4 Run Running',
        '4 Terminate Running (call 1/1)',
        '4 Abort Successful done',
        '2 Abort Running',
        '1 Abort Successful done',
      ],
    },
  ],
  [
    'but not in compat',
    { ...far(), mode: 'superseded', returning: true, stepIndex: 4, compat: 'argo' },
    { entries: ['1 Run Successful', '2 Run Successful', '4 Run Running', '4 Terminate Running (call 1/1)'] },
  ],
  [
    'an Error may have left something: it is terminated and undone',
    aborted(after(begun({ stepIndex: 1 }), 'Error', 1)),
    { entries: ['2 Run Error', '2 Terminate Running (call 1/1)', '2 Abort Running'] },
  ],
  [
    'but in compat an Error has ended, and only its compensation runs',
    aborted({ ...after(begun({ stepIndex: 3, compat: 'argo' }), 'Error', 1) }),
    { entries: ['4 Run Error'] },
  ],
  [
    'a step that failed is not undone',
    answered(begun({ stepIndex: 3 }), 'Failed'),
    { entries: ['4 Run Failed'], abort: /failed/ },
  ],
  [
    'unless it names what undoes it',
    answered(begun({ stepIndex: 1 }), 'Failed'),
    { entries: ['2 Run Failed', '2 Abort Running (call 1/1)'], abort: /failed/ },
  ],
  [
    'a disabled step is not undone',
    aborted(decideAgain({ ...base, disabled: ['penstock/webhook'] })),
    { entries: ['1 Run disabled'] },
  ],
  [
    'a webhook that wants to hear of the end is told',
    aborted(begun({ steps: [webhook({ tell: ['Terminate', 'Abort'] })] })),
    { entries: ['1 Run Running', '1 Terminate Running (call 1/1)', '1 Abort Running'] },
  ],
  [
    'promotion leaves everything as it is',
    { ...after(begun(), 'Successful', 1), mode: 'steady', stepIndex: 4 },
    { entries: ['1 Run Successful'] },
  ],
]

/** After the abort of `far()` with `calls` answered. */
function undoing(calls: number): StepSituation {
  const start = aborted(decideAgain(aborted(far())))
  return Array.from({ length: calls }).reduce<StepSituation>((now) => after(now, 'Successful', 1), start)
}
function undoingAfter(phase: StepAnswer['phase'], seconds: number): StepSituation {
  return after(decideAgain(undoing(1)), phase, seconds)
}
function undone(abortOfTwo: string): readonly string[] {
  return [
    '1 Run Successful',
    '2 Run Successful',
    '4 Run Running',
    '4 Terminate Successful done',
    '4 Abort Successful done',
    abortOfTwo,
    '1 Abort Successful done',
  ]
}

function check(situation: StepSituation, expected: Expected): void {
  const decision = decide(situation)
  if (expected.entries) assert.deepEqual(render(decision.entries), expected.entries)
  if (expected.done !== undefined) assert.equal(decision.done, expected.done, 'the step is complete')
  if (expected.halts !== undefined) assert.equal(decision.halts, expected.halts, 'halts')
  if (expected.abort) assert.match(decision.abort ?? '', expected.abort)
  else assert.equal(decision.abort, undefined)
  if (expected.wake !== undefined) assert.equal(decision.part.wakeAtMs, START + expected.wake * 1000)
  if (expected.event) {
    const told = (decision.part.events ?? []).map(({ message }) => message).join('\n')
    assert.match(told, expected.event)
  }
}

describe('a plugin step that is in force', () => {
  for (const [name, situation, expected] of running) test(name, () => check(situation, expected))
})

describe('plugin steps that the update goes on without', () => {
  for (const [name, situation, expected] of ending) test(name, () => check(situation, expected))
})

describe('whatever the situation', () => {
  for (const [name, situation] of [...running, ...ending])
    test(`${name}: deciding again without news records nothing more`, () => {
      const first = decide(situation)
      const again = { ...situation, entries: first.entries, results: [] }
      const aborts = first.abort !== undefined
      const second = decide(aborts ? aborted(again) : again)
      const third = decide({ ...(aborts ? aborted(again) : again), entries: second.entries })
      assert.deepEqual(third.entries, second.entries)
      assert.deepEqual(third.part.memory, undefined)
    })

  test('answers are dropped once status has them, not before', () => {
    const waiting = answered(begun(), 'Successful')
    const folding = decide(waiting)
    assert.deepEqual(folding.part.actions, [])
    const next = decide({ ...waiting, entries: folding.entries, stepIndex: 2 })
    assert.deepEqual(next.part.actions, [{ do: 'annotateRollout', annotations: { 'penstock.dev/step-results': null } }])
  })
  test('ids name Rollout, revision, attempt, step, operation, turn and execution', () => {
    assert.match(callOf(begun().entries), /^u\/2\/[a-z0-9]+\/0\/Run\.1\/1\/1$/)
    assert.notEqual(callOf(begun().entries), callOf(begun({ attempt: 'b' }).entries))
    assert.notEqual(callOf(begun().entries), callOf(begun({ revision: 3 }).entries))
  })
  test('the compensation is called as it was when the step began', () => {
    const { entries } = decideAgain(undoing(1))
    const compensation = entries.find(({ operation, index }) => operation === 'Abort' && index === 1)
    assert.deepEqual(compensation?.status.task, { plugin: undoBy.name, verb: 'run', config: undoBy.config })
  })
})
