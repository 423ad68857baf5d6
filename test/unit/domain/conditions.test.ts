/** Conditions, one row a situation: which condition has which status and reason, and which times move. Written from Argo's vocabulary. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Condition, ReplicaSet, RolloutStatus } from '../../../controller/api/rollout.ts'
import {
  type ConditionFacts,
  decideConditions,
  findReplicaFailure,
  withCreateError,
} from '../../../controller/domain/conditions.ts'

const T0 = '2026-01-01T00:00:00Z'
const T1 = '2026-01-01T00:10:00Z'
const NOW = Date.parse(T1)

const was = (type: string, status: Condition['status'], reason: string, message = 'm'): Condition => ({
  type,
  status,
  reason,
  message,
  lastUpdateTime: T0,
  lastTransitionTime: T0,
})
const progressing = (status: Condition['status'], reason: string): RolloutStatus => ({
  conditions: [was('Progressing', status, reason)],
})
const updating = progressing('True', 'ReplicaSetUpdated')
const complete = progressing('True', 'NewReplicaSetAvailable')

/** An update in flight with nothing new to tell. */
const facts = (change: Partial<ConditionFacts> = {}): ConditionFacts => ({
  now: NOW,
  previous: updating,
  replicaSetName: 'shop-new',
  replicaSetExists: true,
  revision: 2,
  aborted: undefined,
  deadlineExceeded: false,
  newRevision: false,
  paused: false,
  deployed: false,
  completed: false,
  progressed: false,
  lostPods: false,
  available: true,
  replicaFailure: undefined,
  ...change,
})

const told = (change: Partial<ConditionFacts>, type: string): Condition | undefined =>
  decideConditions(facts(change)).find((one) => one.type === type)

type Row = readonly [
  situation: string,
  change: Partial<ConditionFacts>,
  status: string,
  reason: string,
  clock: 'kept' | 'restarts',
]
const done = { completed: true, deployed: true }

const rows: readonly Row[] = [
  ['nothing happens', {}, 'True', 'ReplicaSetUpdated', 'kept'],
  ['progress', { progressed: true }, 'True', 'ReplicaSetUpdated', 'restarts'],
  ['nothing was told before', { previous: {} }, 'True', 'ReplicaSetUpdated', 'restarts'],
  [
    'a new revision is created',
    { newRevision: true, replicaSetExists: false },
    'True',
    'NewReplicaSetCreated',
    'restarts',
  ],
  [
    'and another right after it',
    { previous: progressing('True', 'NewReplicaSetCreated'), newRevision: true, replicaSetExists: false },
    'True',
    'NewReplicaSetCreated',
    'restarts',
  ],
  ['a revision that is there already', { newRevision: true }, 'True', 'ReplicaSetUpdated', 'restarts'],
  [
    'the same, and nothing was told before',
    { previous: {}, newRevision: true },
    'True',
    'FoundNewReplicaSet',
    'restarts',
  ],
  [
    'a new revision wins over a pause',
    { newRevision: true, replicaSetExists: false, paused: true },
    'True',
    'NewReplicaSetCreated',
    'restarts',
  ],
  [
    'a new revision after a timeout',
    { previous: progressing('False', 'ProgressDeadlineExceeded'), newRevision: true },
    'True',
    'ReplicaSetUpdated',
    'restarts',
  ],
  ['paused', { paused: true }, 'Unknown', 'RolloutPaused', 'restarts'],
  [
    'still paused',
    { previous: progressing('Unknown', 'RolloutPaused'), paused: true },
    'Unknown',
    'RolloutPaused',
    'kept',
  ],
  [
    'paused, pods come nevertheless',
    { previous: progressing('Unknown', 'RolloutPaused'), paused: true, progressed: true },
    'Unknown',
    'RolloutPaused',
    'kept',
  ],
  ['paused at rest', { previous: complete, paused: true, ...done }, 'True', 'NewReplicaSetAvailable', 'kept'],
  ['resumed', { previous: progressing('Unknown', 'RolloutPaused') }, 'Unknown', 'RolloutResumed', 'restarts'],
  ['resumed before', { previous: progressing('Unknown', 'RolloutResumed') }, 'Unknown', 'RolloutResumed', 'kept'],
  [
    'resumed before, and progress',
    { previous: progressing('Unknown', 'RolloutResumed'), progressed: true },
    'True',
    'ReplicaSetUpdated',
    'restarts',
  ],
  ['aborted', { aborted: { message: 'why' } }, 'False', 'RolloutAborted', 'restarts'],
  [
    'still aborted',
    { previous: progressing('False', 'RolloutAborted'), aborted: {} },
    'False',
    'RolloutAborted',
    'kept',
  ],
  [
    'aborted while paused',
    { previous: progressing('Unknown', 'RolloutPaused'), aborted: {}, paused: true },
    'False',
    'RolloutAborted',
    'restarts',
  ],
  [
    'aborted, pods go',
    { previous: progressing('False', 'RolloutAborted'), aborted: {}, progressed: true },
    'False',
    'RolloutAborted',
    'kept',
  ],
  [
    'aborted by the deadline',
    { aborted: { message: 'late' }, deadlineExceeded: true },
    'False',
    'RolloutAborted',
    'restarts',
  ],
  ['retried', { previous: progressing('False', 'RolloutAborted') }, 'Unknown', 'RolloutRetry', 'restarts'],
  ['retried before', { previous: progressing('Unknown', 'RolloutRetry') }, 'Unknown', 'RolloutRetry', 'kept'],
  ['too late', { deadlineExceeded: true }, 'False', 'ProgressDeadlineExceeded', 'restarts'],
  [
    'still too late',
    { previous: progressing('False', 'ProgressDeadlineExceeded'), deadlineExceeded: true },
    'False',
    'ProgressDeadlineExceeded',
    'kept',
  ],
  [
    'too late, but it moves in this very pass',
    { deadlineExceeded: true, progressed: true },
    'True',
    'ReplicaSetUpdated',
    'restarts',
  ],
  [
    'it was too late and moves again',
    { previous: progressing('False', 'ProgressDeadlineExceeded'), progressed: true },
    'True',
    'ReplicaSetUpdated',
    'restarts',
  ],
  [
    'it was too late and is paused',
    { previous: progressing('False', 'ProgressDeadlineExceeded'), paused: true },
    'Unknown',
    'RolloutPaused',
    'restarts',
  ],
  [
    'it was too late and waits on purpose now',
    { previous: progressing('False', 'ProgressDeadlineExceeded') },
    'True',
    'ReplicaSetUpdated',
    'restarts',
  ],
  ['complete', { ...done, progressed: true }, 'True', 'NewReplicaSetAvailable', 'restarts'],
  ['complete before', { previous: complete, ...done }, 'True', 'NewReplicaSetAvailable', 'kept'],
  ['stable, old pods are still there', { completed: true }, 'True', 'ReplicaSetUpdated', 'kept'],
  [
    'complete once, pods are missing',
    { previous: complete, completed: true },
    'True',
    'ReplicaSetNotAvailable',
    'restarts',
  ],
  [
    'still missing',
    { previous: progressing('True', 'ReplicaSetNotAvailable'), completed: true },
    'True',
    'ReplicaSetNotAvailable',
    'kept',
  ],
  [
    'missing, and one comes back',
    { previous: progressing('True', 'ReplicaSetNotAvailable'), completed: true, progressed: true },
    'True',
    'ReplicaSetUpdated',
    'restarts',
  ],
  [
    'missing for too long',
    { previous: progressing('True', 'ReplicaSetNotAvailable'), completed: true, deadlineExceeded: true },
    'False',
    'ProgressDeadlineExceeded',
    'restarts',
  ],
  [
    'stable, old pods are still there, and a new one is lost',
    { completed: true, lostPods: true },
    'True',
    'ReplicaSetNotAvailable',
    'restarts',
  ],
  ['an update loses pods', { lostPods: true }, 'True', 'ReplicaSetUpdated', 'kept'],
  [
    'its ReplicaSet is still refused',
    { previous: progressing('False', 'ReplicaSetCreateError'), replicaSetExists: false },
    'False',
    'ReplicaSetCreateError',
    'kept',
  ],
  [
    'its ReplicaSet is there at last',
    { previous: progressing('False', 'ReplicaSetCreateError') },
    'True',
    'NewReplicaSetCreated',
    'restarts',
  ],
  [
    'refused for too long',
    { previous: progressing('False', 'ReplicaSetCreateError'), replicaSetExists: false, deadlineExceeded: true },
    'False',
    'ProgressDeadlineExceeded',
    'restarts',
  ],
]

describe('Progressing', () => {
  for (const [name, change, status, reason, clock] of rows)
    test(name, () => {
      const found = told(change, 'Progressing')
      assert.deepEqual([found?.status, found?.reason], [status, reason])
      assert.equal(found?.lastUpdateTime === T1 ? 'restarts' : 'kept', clock)
      const before = change.previous?.conditions?.[0] ?? updating.conditions?.[0]
      if (change.previous?.conditions !== undefined || change.previous === undefined)
        assert.equal(
          found?.lastTransitionTime,
          before?.status === status ? T0 : T1,
          'the transition is that of the status',
        )
    })
})

describe('messages of Progressing, in words that clients match on', () => {
  const words: readonly (readonly [string, Partial<ConditionFacts>, string])[] = [
    ['created', { newRevision: true, replicaSetExists: false }, 'Created new replica set "shop-new"'],
    ['found', { previous: {}, newRevision: true }, 'Found new replica set "shop-new"'],
    ['progress', { progressed: true }, 'ReplicaSet "shop-new" is progressing.'],
    ['complete', { ...done, previous: {} }, 'ReplicaSet "shop-new" has successfully progressed.'],
    ['not available', { previous: complete, completed: true }, 'Rollout does not have minimum availability'],
    ['too late', { deadlineExceeded: true }, 'ReplicaSet "shop-new" has timed out progressing.'],
    ['aborted without a word', { aborted: {} }, 'Rollout aborted update to revision 2'],
    ['aborted', { aborted: { message: 'why' } }, 'Rollout aborted update to revision 2: why'],
    ['resumed', { previous: progressing('Unknown', 'RolloutPaused') }, 'Rollout is resumed'],
    ['retried', { previous: progressing('False', 'RolloutAborted') }, 'Retrying Rollout after abort'],
  ]
  for (const [name, change, message] of words)
    test(name, () => assert.equal(told(change, 'Progressing')?.message, message))

  test('why it was aborted is kept', () => {
    const previous = { conditions: [was('Progressing', 'False', 'RolloutAborted', 'Rollout aborted … : why')] }
    assert.equal(told({ previous, aborted: {} }, 'Progressing')?.message, 'Rollout aborted … : why')
  })
})

describe('the other conditions', () => {
  const others: readonly (readonly [string, Partial<ConditionFacts>, string, string | undefined])[] = [
    ['enough pods', {}, 'Available', 'True'],
    ['too few pods', { available: false }, 'Available', 'False'],
    ['never paused', {}, 'Paused', undefined],
    ['paused', { paused: true }, 'Paused', 'True'],
    ['paused before', { previous: { conditions: [was('Paused', 'True', 'RolloutPaused')] } }, 'Paused', 'False'],
    ['never healthy', {}, 'Healthy', undefined],
    ['healthy', { ...done }, 'Healthy', 'True'],
    ['never healthy while paused', { ...done, paused: true }, 'Healthy', undefined],
    [
      'healthy, and then paused',
      { ...done, paused: true, previous: { conditions: [was('Healthy', 'True', 'RolloutHealthy')] } },
      'Healthy',
      'False',
    ],
    [
      'healthy, and a new revision',
      { ...done, newRevision: true, previous: { conditions: [was('Healthy', 'True', 'RolloutHealthy')] } },
      'Healthy',
      'False',
    ],
    [
      'healthy, and other steps for the same revision',
      {
        ...done,
        newRevision: false,
        progressed: true,
        previous: { conditions: [was('Healthy', 'True', 'RolloutHealthy')] },
      },
      'Healthy',
      'True',
    ],
    ['stable, old pods are still there', { completed: true }, 'Healthy', undefined],
    ['all pods there, not stable yet', { deployed: true }, 'Healthy', undefined],
    ['stable', { completed: true }, 'Completed', 'True'],
    ['not stable yet', {}, 'Completed', 'False'],
    ['no failure of pods', {}, 'ReplicaFailure', undefined],
    [
      'a failure that is over',
      { previous: { conditions: [was('ReplicaFailure', 'True', 'FailedCreate')] } },
      'ReplicaFailure',
      undefined,
    ],
    [
      'valid again',
      { previous: { conditions: [was('InvalidSpec', 'True', 'InvalidSpec')] } },
      'InvalidSpec',
      undefined,
    ],
    ['a condition that is not ours', { previous: { conditions: [was('Sunny', 'True', 'Weather')] } }, 'Sunny', 'True'],
  ]
  for (const [name, change, type, status] of others)
    test(`${type}: ${name}`, () => assert.equal(told(change, type)?.status, status))

  test('same status and reason: nothing of it is rewritten, whatever its words', () => {
    const previous = { conditions: [was('Available', 'True', 'AvailableReason', 'words of another version')] }
    assert.deepEqual(told({ previous }, 'Available'), previous.conditions[0])
  })

  test('at rest a second decision equals the first', () => {
    const first = decideConditions(facts({ ...done, previous: {} }))
    assert.deepEqual(decideConditions(facts({ ...done, previous: { conditions: first }, now: NOW + 60_000 })), first)
  })
})

describe('ReplicaFailure', () => {
  const failing = (name: string, status: string, message = 'exceeded quota'): ReplicaSet => ({
    metadata: { name },
    spec: { selector: {}, template: {} },
    status: {
      conditions: [{ type: 'ReplicaFailure', status, reason: 'FailedCreate', message, lastTransitionTime: T0 }],
    },
  })
  const fine: ReplicaSet = { metadata: { name: 'fine' }, spec: { selector: {}, template: {} } }

  const found: readonly (readonly [string, readonly ReplicaSet[], ReplicaSet | undefined, string | undefined])[] = [
    ['none', [fine], fine, undefined],
    ['of the new one', [fine, failing('new', 'True')], failing('new', 'True'), 'exceeded quota'],
    [
      'of the new one before another',
      [failing('a', 'True', 'old words')],
      failing('new', 'True', 'new words'),
      'new words',
    ],
    ['of another', [failing('b', 'True', 'b'), failing('a', 'True', 'a'), fine], fine, 'a'],
    ['that is over', [failing('a', 'False')], undefined, undefined],
  ]
  for (const [name, all, fresh, message] of found)
    test(name, () => assert.equal(findReplicaFailure(all, fresh)?.message, message))

  test('is copied with its own times, and not reworded with every pod that is tried', () => {
    const first = decideConditions(
      facts({ replicaFailure: findReplicaFailure([failing('a', 'True', 'pod x1')], undefined) }),
    )
    assert.deepEqual(first.at(-1), { ...was('ReplicaFailure', 'True', 'FailedCreate', 'pod x1') })
    const again = findReplicaFailure([failing('a', 'True', 'pod x2')], undefined)
    assert.deepEqual(
      decideConditions(facts({ previous: { conditions: first }, replicaFailure: again })).at(-1),
      first.at(-1),
    )
  })
})

describe('a ReplicaSet that was refused', () => {
  const refused = (reason: string): Condition | undefined =>
    withCreateError(progressing('True', reason), { now: NOW, name: 'shop-new', why: 'no quota' }).conditions?.[0]
  test('is said', () =>
    assert.equal(refused('NewReplicaSetCreated')?.message, 'Failed to create new replica set "shop-new": no quota'))
  for (const reason of ['RolloutAborted', 'ProgressDeadlineExceeded', 'ReplicaSetCreateError'])
    test(`${reason} stays`, () => assert.equal(refused(reason)?.reason, reason))
})
