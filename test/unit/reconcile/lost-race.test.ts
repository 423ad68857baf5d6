/**
 * What a pass tells whose write came too late: nothing that rests on what it did not bring about, everything that it did, and an abort in any case.
 * Refusals are no races: they are told.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import { OUTBOX, readOutbox } from '../../../controller/api/notice.ts'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { recordsAbort, withoutClaims } from '../../../controller/domain/lost-race.ts'
import type { Plan } from '../../../controller/domain/plan.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { createRaceWatch } from '../../../controller/reconcile/races.ts'
import { rollout } from '../../builders/rollout.ts'
import { world } from '../../builders/world.ts'
import { setUp } from './one-rollout.ts'

const conflict = new KubeError({ code: 409, reason: 'Conflict' }, 'patch')
const SOON = { requeueAfterMs: 20 }

type Cluster = Awaited<ReturnType<typeof setUp>>
/** Every patch of this plural fails with `error`; undefined: none does. */
const refuse = ({ kube }: Cluster, plural: string, error: Error | undefined): void =>
  kube.before((verb, target) => {
    if (error && verb === 'patch' && target.startsWith(plural)) throw error
  })
const count = (told: readonly string[], reason: string): number => told.filter((one) => one === reason).length
const conditionOf = ({ read }: Cluster, type: string) => read().status?.conditions?.find((one) => one.type === type)
const noticesOf = ({ read }: Cluster) => readOutbox(read().metadata.annotations).map(({ kind }) => kind)

describe('a pass whose write came too late', () => {
  test('tells and stores nothing of what it decided; the next pass does, in order', async (t) => {
    const shop = await setUp(t)
    await shop.pass()
    const before = shop.read()
    shop.told.length = 0
    refuse(shop, 'replicasets', conflict)
    assert.deepEqual(await shop.pass(), SOON)
    assert.deepEqual(shop.told, [])
    assert.deepEqual(shop.read(), before)
    refuse(shop, 'replicasets', undefined)
    // Nobody has won this race: the fence looks for the winner first.
    await shop.clock.advance(2_500)
    await shop.pass()
    assert.deepEqual(
      shop.told.filter((reason) => reason === 'ScalingReplicaSet' || reason === 'RolloutCompleted'),
      ['ScalingReplicaSet', 'RolloutCompleted'],
    )
  })

  test('tells of the writes that were made, once, also when it is the status that comes too late', async (t) => {
    const shop = await setUp(t)
    refuse(shop, 'rollouts', conflict)
    assert.deepEqual(await shop.pass(), SOON)
    assert.deepEqual(shop.told, ['NewReplicaSetCreated'])
    refuse(shop, 'rollouts', undefined)
    await shop.clock.advance(2_500)
    await shop.rest()
    assert.equal(count(shop.told, 'NewReplicaSetCreated'), 1)
    assert.equal(count(shop.told, 'RolloutUpdated'), 1)
  })
})

describe('a Rollout that somebody else has written', () => {
  test('is not written again before that is seen, whatever its watch does', async (t) => {
    const shop = await setUp(t)
    await shop.rest()
    // A pod is lost: there is nothing to write but status.
    await shop.play('shop:1')
    shop.kube.holdWatches()
    await shop.patch({ metadata: { annotations: { note: 'seen by nobody' } } })
    let patches = 0
    shop.kube.before((verb, target) => {
      if (verb === 'patch' && target.startsWith('rollouts')) patches += 1
    })
    for (let passes = 0; passes < 20; passes += 1) await shop.pass()
    assert.equal(patches, 1)
    await shop.clock.advance(2_500)
    await shop.pass()
    await shop.clock.advance(2_000)
    await shop.pass()
    assert.ok(patches > 1)
    assert.equal(shop.read().status?.availableReplicas ?? 0, 0)
  })
})

/** Paused at the second step of three, both revisions with pods. */
async function inMidUpdate(t: TestContext) {
  const steps = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }]
  const shop = await setUp(t, rollout({ replicas: 4, routed: false, steps }))
  await shop.rest()
  await shop.patch({ spec: { template: rollout({ image: 'shop:2' }).spec.template } })
  await shop.rest()
  assert.equal(shop.read().status?.phase, 'Paused')
  return shop
}

/** Each asks for something that sizes the ReplicaSets; it is consumed once, when it is stored. */
const requests: Readonly<
  Record<string, { ask: (status: RolloutStatus, now: number, revision: number) => object; told: string }>
> = {
  resume: { ask: () => ({ status: { pauseConditions: null } }), told: 'RolloutStepCompleted' },
  'promote full': { ask: () => ({ status: { promoteFull: true, pauseConditions: null } }), told: 'RolloutCompleted' },
  'abort by hand': { ask: () => ({ status: { abort: true } }), told: 'RolloutAborted' },
}

describe('a request', () => {
  for (const [name, { ask, told }] of Object.entries(requests))
    test(`to ${name} is neither lost nor obeyed twice when its first passes come too late`, async (t) => {
      const shop = await inMidUpdate(t)
      shop.told.length = 0
      await shop.patch(ask(shop.read().status ?? {}, shop.clock.now(), 2))
      refuse(shop, 'replicasets', conflict)
      for (let passes = 0; passes < 3; passes++) await shop.pass()
      refuse(shop, 'replicasets', undefined)
      await shop.rest()
      assert.equal(count(shop.told, told), name === 'resume' ? 2 : 1)
      assert.equal(shop.read().status?.currentStepIndex, { resume: 3, 'promote full': 4, 'abort by hand': 0 }[name])
    })

  test('of an alert for an abort is on record, told and noted though every scale comes too late (L2)', async (t) => {
    const shop = await inMidUpdate(t)
    const request = {
      id: 'alert@1',
      action: 'abort',
      podHash: shop.read().status?.currentPodHash,
      revision: 2,
      receivedAt: formatInstant(shop.clock.now()),
      reason: 'AlertFiring',
      message: 'too many errors',
    }
    await shop.patch({ metadata: { annotations: { [ABORT_REQUESTS]: JSON.stringify([request]) } } })
    shop.told.length = 0
    refuse(shop, 'replicasets', conflict)
    assert.deepEqual(await shop.pass(), SOON)
    const { abort, abortedAt } = shop.read().status ?? {}
    assert.deepEqual([abort, abortedAt], [true, request.receivedAt])
    assert.deepEqual(shop.told, ['RolloutAborted'])
    assert.ok(noticesOf(shop).includes('Aborted'))
    await shop.pass()
    refuse(shop, 'replicasets', undefined)
    await shop.rest()
    assert.equal(count(shop.told, 'RolloutAborted'), 1)
    assert.equal(noticesOf(shop).filter((kind) => kind === 'Aborted').length, 1)
  })

  test('to pause is consumed only once its pause is on record', async (t) => {
    const shop = await inMidUpdate(t)
    await shop.patch({ status: { pauseConditions: null } })
    const request = {
      id: 'alert@2',
      action: 'pause',
      podHash: shop.read().status?.currentPodHash,
      revision: 2,
      receivedAt: formatInstant(shop.clock.now()),
      reason: 'AlertFiring',
      message: 'slow',
    }
    await shop.patch({ metadata: { annotations: { [ABORT_REQUESTS]: JSON.stringify([request]) } } })
    refuse(shop, 'replicasets', conflict)
    await shop.pass()
    refuse(shop, 'replicasets', undefined)
    await shop.rest()
    assert.deepEqual(
      shop.read().status?.pauseConditions?.map(({ reason }) => reason),
      ['InconclusiveAnalysisRun'],
    )
    assert.match(shop.read().metadata.annotations?.[ABORT_REQUESTS] ?? '', /consumedAt/)
  })
})

describe('what is no lost race', () => {
  test('a refused write: the refusal is told, and so is all that the pass decided', async (t) => {
    const shop = await setUp(t)
    await shop.pass()
    shop.told.length = 0
    refuse(shop, 'replicasets', new KubeError({ code: 403, reason: 'Forbidden', message: 'denied by policy' }, 'patch'))
    await assert.rejects(shop.pass(), /scale .* failed/)
    assert.deepEqual(shop.told, ['RolloutCompleted', 'ReconciliationError'])
    assert.equal(shop.read().status?.stableRS, shop.read().status?.currentPodHash)
  })

  test('races that are lost without end do not keep the deadline from being told (L3)', async (t) => {
    const shop = await inMidUpdate(t)
    await shop.patch({ status: { pauseConditions: null } })
    await shop.pass()
    refuse(shop, 'replicasets', conflict)
    for (let seconds = 0; seconds < 610; seconds += 5) {
      await shop.pass()
      await shop.clock.advance(5_000)
    }
    await shop.pass()
    assert.equal(conditionOf(shop, 'Progressing')?.reason, 'ProgressDeadlineExceeded')
  })
})

describe('what is left of a plan', () => {
  const observed = world({ fresh: [0, 0], status: { phase: 'Progressing' } })
  const action = { do: 'setDefaultReplicas' } as const
  const words = { type: 'Normal', reason: 'Any', message: 'words' } as const
  const [notice] = readOutbox({
    [OUTBOX]: JSON.stringify([
      {
        id: '2/Promoted',
        kind: 'Promoted',
        at: formatInstant(0),
        revision: 2,
        podHash: 'a',
        reason: 'r',
        message: 'm',
      },
    ]),
  })
  assert.ok(notice)

  test('its writes, their events, and the status on record', () => {
    const plan: Plan = {
      actions: [action, { do: 'annotateRollout', annotations: { any: 'mark' } }],
      status: { phase: 'Healthy' },
      events: [words, { ...words, action }],
      notices: [notice],
      holds: [],
    }
    const { actions, events, notices, status } = withoutClaims(observed, plan)
    assert.deepEqual([actions, events, notices], [[action], [{ ...words, action }], []])
    assert.equal(status, observed.rollout.status)
  })

  const [earlier, later] = [formatInstant(0), formatInstant(1_000)]
  const rows: readonly (readonly [string, RolloutStatus, RolloutStatus, boolean])[] = [
    ['nothing is aborted', {}, {}, false],
    ['an abort that is new', {}, { abort: true, abortedAt: later }, true],
    ['an abort by hand that has no date yet', { abort: true }, { abort: true, abortedAt: later }, true],
    ['a second one by hand', { abort: true, abortedAt: earlier }, { abort: true, abortedAt: later }, true],
    ['an abort on record', { abort: true, abortedAt: later }, { abort: true, abortedAt: later }, false],
    ['a retry', { abortedAt: later }, { abortedAt: later }, false],
  ]
  for (const [name, before, after, records] of rows)
    test(`${name}: ${records ? 'all of it' : 'no more than that'}`, () => {
      const { rollout: shop } = observed
      const plan: Plan = { actions: [], status: after, events: [], notices: [], holds: [] }
      assert.equal(recordsAbort({ ...observed, rollout: { ...shop, status: before } }, plan), records)
    })
})

describe('how long lost races stay untold', () => {
  const outcome = (error?: Error) => ({
    done: [],
    deferred: [],
    refusals: [],
    ...(error ? { failure: { action: { do: 'setDefaultReplicas' } as const, error } } : {}),
  })
  const rows: readonly (readonly [string, readonly (readonly [number, Error | undefined])[], readonly boolean[]])[] = [
    ['none is lost', [[0, undefined]], [false]],
    ['another failure', [[0, new Error('quota')]], [false]],
    [
      'five seconds',
      [
        [0, conflict],
        [4_900, conflict],
        [5_000, conflict],
        [9_000, conflict],
      ],
      [true, true, false, false],
    ],
    [
      'a pass that loses none starts anew',
      [
        [0, conflict],
        [4_900, undefined],
        [5_100, conflict],
      ],
      [true, false, true],
    ],
    [
      'so does a refusal',
      [
        [0, conflict],
        [4_900, new Error('quota')],
        [5_100, conflict],
      ],
      [true, false, true],
    ],
  ]
  for (const [name, passes, untold] of rows)
    test(name, () => {
      let nowMs = 0
      const races = createRaceWatch({ monotonicMs: () => nowMs })
      const found = passes.map(([atMs, error]) => {
        nowMs = atMs
        return races.note('web/shop', outcome(error))
      })
      assert.deepEqual(found, untold)
    })

  test('each Rollout on its own, until it is gone', () => {
    let nowMs = 0
    const races = createRaceWatch({ monotonicMs: () => nowMs })
    races.note('web/shop', outcome(conflict))
    nowMs = 6_000
    assert.equal(races.note('web/other', outcome(conflict)), true)
    assert.equal(races.note('web/shop', outcome(conflict)), false)
    races.forget('web/shop')
    assert.equal(races.note('web/shop', outcome(conflict)), true)
  })
})
