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

const dynamic = { dynamicStableScale: true }
/** R = 4 at 75: three canary pods, one stable pod; expected weights are 100 minus the share of the stable pods, by hand. */
const threeQuarters: Situation = {
  steps: [{ setWeight: 75 }],
  fresh: [3, 3],
  stable: [4, 1],
  weight: 75,
  strategy: dynamic,
}
const byStep: Situation = { steps: [{ setWeight: 25 }, { setWeight: 75 }], compat: 'argo' }
const taken: Situation = { ...threeQuarters, canaryNames: 'middle', former: [3, 3], fresh: [0, 0] }
const back: Situation = { ...taken, stable: 'deleted', stableNames: 'new', status: { ...promoted } }
const dynamicRows: typeof rows = [
  // down: abort
  ['abort, 1 of 4 stable pods', { ...threeQuarters, status: { abort: true } }, 75, 'StableNotReady'],
  ['abort, 2 of 4', { ...threeQuarters, stable: [4, 2], status: { abort: true } }, 50, 'StableNotReady'],
  ['abort, 3 of 4', { ...threeQuarters, stable: [4, 3], status: { abort: true } }, 25, 'StableNotReady'],
  ['abort, 4 of 4', { ...threeQuarters, stable: [4, 4], status: { abort: true } }, 0],
  ['abort, none of 4', { ...threeQuarters, stable: [4, 0], status: { abort: true } }, 75, 'StableNotReady'],
  [
    'abort, never up again',
    { ...threeQuarters, stable: [4, 2], weight: 25, status: { abort: true } },
    25,
    'StableNotReady',
  ],
  ['abort, no canary pod left', { ...threeQuarters, fresh: [3, 0], status: { abort: true } }, 0],
  [
    'abort, 1 canary pod of 3 left, 1 stable: alike',
    { ...threeQuarters, fresh: [3, 1], status: { abort: true } },
    50,
    'StableNotReady',
  ],
  [
    'abort, 1 canary pod left, 2 stable: a third',
    { ...threeQuarters, fresh: [3, 1], stable: [4, 2], status: { abort: true } },
    34,
    'StableNotReady',
  ],
  [
    'abort, 10 pods, 7 stable',
    { ...threeQuarters, replicas: 10, fresh: [8, 8], stable: [10, 7], weight: 80, status: { abort: true } },
    30,
    'StableNotReady',
  ],
  [
    'abort, 3 pods, 1 stable: 33 of 100 at most',
    { ...threeQuarters, replicas: 3, stable: [3, 1], status: { abort: true } },
    67,
    'StableNotReady',
  ],
  [
    'abort, half is enough by the threshold',
    {
      ...threeQuarters,
      stable: [4, 2],
      strategy: { ...dynamic, replicaProgressThreshold: { type: 'Percent', value: 50 } },
      status: { abort: true },
    },
    0,
  ],
  ['abort without dynamic scale does not wait', { ...threeQuarters, strategy: {}, status: { abort: true } }, 0],
  [
    'abort, 2 of 4, in compat: by the steps',
    { ...threeQuarters, ...byStep, stable: [4, 2], status: { abort: true } },
    75,
    'StableNotReady',
  ],
  [
    'abort, 3 of 4, in compat',
    { ...threeQuarters, ...byStep, stable: [4, 3], status: { abort: true } },
    25,
    'StableNotReady',
  ],
  ['abort, 4 of 4, in compat', { ...threeQuarters, ...byStep, stable: [4, 4], status: { abort: true } }, 0],
  // down: another revision took over, or Git went back
  ['superseded, 1 of 4 stable pods', taken, 75, 'StableNotReady'],
  ['superseded, 3 of 4', { ...taken, stable: [4, 3] }, 25, 'StableNotReady'],
  ['superseded, 4 of 4', { ...taken, stable: [4, 4] }, 0],
  ['back to stable, 2 of 4', { ...back, fresh: [4, 2] }, 50, 'StableNotReady'],
  ['back to stable, 4 of 4', { ...back, fresh: [4, 4] }, 0],
  // down: a lower step
  ['a step from 75 to 25, stable has 1', { ...threeQuarters, steps: [{ setWeight: 25 }] }, 75, 'StableNotReady'],
  [
    'a step from 75 to 25, stable has 2',
    { ...threeQuarters, steps: [{ setWeight: 25 }], stable: [3, 2] },
    50,
    'StableNotReady',
  ],
  ['a step from 75 to 25, stable has 3', { ...threeQuarters, steps: [{ setWeight: 25 }], stable: [3, 3] }, 25],
  // up
  ['up to 75 with three pods, whatever stable has', { ...threeQuarters, stable: [3, 3], weight: 25 }, 75],
  [
    'up to 75 with two of three pods: not raised',
    { ...threeQuarters, fresh: [3, 2], weight: 25 },
    25,
    'CanaryNotReady',
  ],
  [
    'promote --full follows the pods: 3 of 4',
    { ...threeQuarters, fresh: [4, 3], weight: 25, status: { promoteFull: true } },
    75,
    'CanaryNotReady',
  ],
  [
    'promote --full never goes down',
    { ...threeQuarters, fresh: [4, 1], status: { promoteFull: true } },
    75,
    'CanaryNotReady',
  ],
  ['promote --full, all', { ...threeQuarters, fresh: [4, 4], status: { promoteFull: true } }, 100],
  // unreadable: what was last on record
  [
    'unreadable while updating: the weight on record',
    {
      ...threeQuarters,
      fresh: [3, 2],
      weight: undefined,
      status: { canary: { weights: { canary: { weight: 75 }, stable: { weight: 25 } } } },
    },
    75,
    'CanaryNotReady',
  ],
]

describe('the canary weight with dynamicStableScale', () => {
  for (const [name, situation, canary, hold] of dynamicRows) {
    test(name, () => {
      const decision = decideWeight(view(situation))
      assert.deepEqual({ canary: decision.canary, hold: decision.hold?.reason }, { canary, hold })
    })
  }
})

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
