/** The truth table of `weights.ts`, row by row: which share of traffic the canary gets now, and why not more. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideRoute } from '../../../controller/domain/canary/route.ts'
import { decideWeight } from '../../../controller/domain/canary/weights.ts'
import { NEW_HASH, type Situation, view } from '../../builders/world.ts'

const promoted = { stableRS: NEW_HASH }
const rows: readonly (readonly [string, Situation, number, string?])[] = [
  // updating, by what stands behind the canary Service
  ['the step asks for 25 and one pod of one answers', {}, 25],
  ['no pod is available', { fresh: [1, 0] }, 0, 'CanaryNotReady'],
  ['a pod is available and none answers', { answering: 0 }, 0, 'EndpointsNotReady'],
  [
    'fewer pods than the step wants: not raised',
    { steps: [{ setWeight: 75 }], fresh: [3, 1], weight: 25 },
    25,
    'CanaryNotReady',
  ],
  ['fewer pods than before and a lower step: lowered', { steps: [{ setWeight: 10 }], fresh: [1, 1], weight: 75 }, 10],
  [
    'pods are available and fewer answer: not raised',
    { steps: [{ setWeight: 75 }], fresh: [3, 3], answering: 1, weight: 25 },
    25,
    'EndpointsNotReady',
  ],
  ['past the last step with every pod', { stepIndex: 2, fresh: [4, 4], weight: 25 }, 100],
  ['past the last step with too few pods', { stepIndex: 2, fresh: [4, 3], weight: 25 }, 25, 'CanaryNotReady'],
  ['promote --full with every pod', { fresh: [4, 4], weight: 25, status: { promoteFull: true } }, 100],
  [
    'promote --full with too few pods',
    { fresh: [4, 2], weight: 25, status: { promoteFull: true } },
    25,
    'CanaryNotReady',
  ],
  ['before the first setWeight', { steps: [{ pause: {} }, { setWeight: 25 }] }, 0],
  // updating, while the canary Service names another revision
  ['the canary Service names the stable revision', { canaryNames: 'old' }, 0],
  ['the canary Service names none', { canaryNames: '' }, 0],
  // aborted
  ['aborted', { weight: 25, status: { abort: true } }, 0],
  ['aborted with promote --full asked for', { weight: 25, status: { abort: true, promoteFull: true } }, 0],
  [
    'aborted, stable has no pod left but its ReplicaSet is there',
    { stable: [4, 0], weight: 25, status: { abort: true } },
    0,
  ],
  [
    'aborted, the stable ReplicaSet is gone',
    { stable: 'deleted', weight: 25, status: { abort: true } },
    25,
    'StableMissing',
  ],
  // steady: the way back to the stable Service after a promotion
  ['promoted, the stable Service still names the old one', { fresh: [4, 4], weight: 100, status: promoted }, 100],
  [
    'promoted, and the stable Service names it',
    { fresh: [4, 4], stableNames: 'new', weight: 100, status: promoted },
    0,
  ],
  [
    'promoted, and not all answer behind the stable Service',
    { fresh: [4, 4], stableNames: 'new', answering: 2, weight: 100, status: promoted },
    100,
    'EndpointsNotReady',
  ],
  [
    'promoted, the stable Service names none: it selects every pod',
    { fresh: [4, 4], stableNames: '', weight: 0, status: promoted },
    0,
  ],
  ['promoted, neither Service names it', { fresh: [4, 4], canaryNames: 'old', weight: 0, status: promoted }, 0],
  [
    'promoted, somebody moved the weight to the old one: first all to the new',
    { fresh: [4, 4], weight: 40, status: promoted },
    100,
  ],
  [
    'promoted, somebody moved the weight and pods are missing',
    { fresh: [4, 2], weight: 40, status: promoted },
    40,
    'CanaryNotReady',
  ],
  // superseded: another revision is in status
  ['superseded in mid-flight', { canaryNames: 'old', weight: 25, status: { currentPodHash: 'middle' } }, 0],
  // first deploy
  [
    'first deploy',
    { stable: 'deleted', stableNames: '', canaryNames: '', weight: undefined, status: { stableRS: '' } },
    0,
  ],
]

describe('the canary weight', () => {
  for (const [name, situation, canary, hold] of rows) {
    test(name, () => {
      const decision = decideWeight(view(situation))
      assert.deepEqual({ canary: decision.canary, hold: decision.hold?.reason }, { canary, hold })
    })
  }
})

describe('the write of a weight', () => {
  const routeOf = (situation: Situation) => {
    const seen = view(situation)
    return decideRoute(seen, decideWeight(seen))
  }

  test('both weights, which sum up', () => {
    const [action] = routeOf({}).actions ?? []
    assert.deepEqual(action, {
      do: 'route',
      canary: 25,
      stable: 75,
      from: 0,
      opens: ['canary'],
      additional: [],
      managedRoutes: [],
    })
  })

  test('nothing when it is written already, and a hold while the data plane lags', () => {
    assert.deepEqual(routeOf({ weight: 25 }).actions ?? [], [])
    assert.deepEqual(
      routeOf({ weight: 25, confirmation: 'pending' }).holds?.map(({ reason }) => reason),
      ['WeightNotConfirmed'],
    )
  })

  test('zero is written explicitly where no weight is readable', () => {
    const [action] = routeOf({ canaryNames: 'old', weight: undefined }).actions ?? []
    assert.deepEqual(action, {
      do: 'route',
      canary: 0,
      stable: 100,
      from: undefined,
      opens: [],
      additional: [],
      managedRoutes: [],
    })
  })
})
