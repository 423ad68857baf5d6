/** The truth table of `scaling.ts` with a router: capacity comes before weight and goes after it, and the delay runs from the confirmation. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { decideScaling } from '../../../controller/domain/canary/scaling.ts'
import { viewCanary } from '../../../controller/domain/canary/view.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { viewRollout } from '../../../controller/domain/view.ts'
import type { World } from '../../../controller/domain/world.ts'
import { NEW_HASH, OLD_HASH, type Situation, world } from '../../builders/world.ts'

const LATER = 3_600_000
const aborted = { abort: true }
const promoted = { stableRS: NEW_HASH }

interface Extra {
  /** Milliseconds from now; the deadline annotation of the revision that goes. */
  readonly deadlineMs?: number
  readonly paused?: boolean
  readonly abortDelaySeconds?: number
}

function scale(situation: Situation, extra: Extra, leaving: string) {
  const seen = world(situation)
  const dated = (rs: ReplicaSet): ReplicaSet => {
    if (extra.deadlineMs === undefined || !rs.metadata.name.endsWith(leaving)) return rs
    const annotations = { ...rs.metadata.annotations, 'scale-down-deadline': formatInstant(LATER + extra.deadlineMs) }
    return { ...rs, metadata: { ...rs.metadata, annotations } }
  }
  const canary = {
    ...seen.rollout.spec.strategy?.canary,
    ...(extra.abortDelaySeconds === undefined ? {} : { abortScaleDownDelaySeconds: extra.abortDelaySeconds }),
  }
  const spec = { ...seen.rollout.spec, ...(extra.paused ? { paused: true } : {}), strategy: { canary } }
  const placed = { ...seen, now: LATER, rollout: { ...seen.rollout, spec }, replicaSets: seen.replicaSets.map(dated) }
  const revisions = identifyRevisions(placed)
  return decideScaling(viewCanary(viewRollout(placed, revisions, decideLifecycle(placed, revisions)), canary))
}

const short = (action: Action): string => {
  if (action.do === 'scale')
    return `${action.replicaSet.metadata.name.slice(5)} ${action.replicaSet.spec.replicas}→${action.to}`
  if (action.do !== 'annotateReplicaSet') return action.do
  const deadline = action.annotations['scale-down-deadline']
  if (deadline === undefined) return 'bookkeeping'
  return deadline === null ? 'deadline lifted' : `deadline +${(Date.parse(deadline) - LATER) / 1000}s`
}

const rows: readonly (readonly [string, Situation, Extra, readonly string[]])[] = [
  // updating
  ['as many as the step wants', {}, {}, []],
  ['fewer than the step wants', { steps: [{ setWeight: 50 }] }, {}, [`${NEW_HASH} 1→2`]],
  [
    'the step wants fewer and the weight is still high',
    { steps: [{ setWeight: 25 }], fresh: [3, 3], weight: 75 },
    {},
    [],
  ],
  [
    'the step wants fewer and the lower weight is confirmed',
    { steps: [{ setWeight: 25 }], fresh: [3, 3], weight: 25 },
    {},
    [`${NEW_HASH} 3→1`],
  ],
  [
    'the step wants fewer, but users come by a stable Service that names no revision, and stable has no pod',
    { steps: [{ setWeight: 25 }], fresh: [3, 3], stable: [4, 0], stableNames: '', weight: 25 },
    {},
    [],
  ],
  [
    'the step wants fewer and the lower weight is not confirmed',
    { steps: [{ setWeight: 25 }], fresh: [3, 3], weight: 25, confirmation: 'pending' },
    {},
    [],
  ],
  [
    'the step wants fewer and no weight is readable',
    { steps: [{ setWeight: 25 }], fresh: [3, 3], weight: undefined },
    {},
    [],
  ],
  ['stable lost pods in size', { stable: [2, 2] }, {}, [`${OLD_HASH} 2→4`]],
  ['past the last step', { stepIndex: 2, weight: 25 }, {}, [`${NEW_HASH} 1→4`]],
  ['spec.paused freezes', { steps: [{ setWeight: 50 }] }, { paused: true }, []],
  // aborted
  ['aborted, weight 0 and unnamed: the delay begins', { canaryNames: 'old', status: aborted }, {}, ['deadline +30s']],
  ['aborted, still named', { status: aborted }, {}, []],
  ['aborted, weight 0 not confirmed', { canaryNames: 'old', confirmation: 'pending', status: aborted }, {}, []],
  ['aborted, stable is not full', { canaryNames: 'old', stable: [4, 3], status: aborted }, {}, []],
  ['aborted, the delay runs', { canaryNames: 'old', status: aborted }, { deadlineMs: 5_000 }, []],
  ['aborted, the delay is over', { canaryNames: 'old', status: aborted }, { deadlineMs: -1_000 }, [`${NEW_HASH} 1→0`]],
  [
    'aborted, the delay is over and it is named again',
    { status: aborted },
    { deadlineMs: -1_000 },
    ['deadline lifted'],
  ],
  ['aborted, delay 0 keeps the canary', { canaryNames: 'old', status: aborted }, { abortDelaySeconds: 0 }, []],
  ['aborted although spec.paused', { canaryNames: 'old', status: aborted }, { paused: true }, ['deadline +30s']],
  // promoted: the former stable revision goes
  ['promoted, the old one is still named', { fresh: [4, 4], weight: 100, status: promoted }, {}, []],
  ['promoted, the old one is unnamed', { fresh: [4, 4], stableNames: 'new', status: promoted }, {}, ['deadline +30s']],
  [
    'promoted, unnamed, the route lags',
    { fresh: [4, 4], stableNames: 'new', confirmation: 'pending', status: promoted },
    {},
    [],
  ],
]

const dynamic = { dynamicStableScale: true }
const at = (weight: number, rest: Situation = {}): Situation => ({
  steps: [{ setWeight: weight }],
  weight,
  strategy: dynamic,
  ...rest,
})
/** Another revision than the new one has the traffic. */
const taken: Situation = { ...at(25), canaryNames: 'middle', former: [3, 3], fresh: [0, 0], stable: [1, 1], weight: 75 }
/** R = 4; stable needs ceil(4 × (100 − w) ÷ 100) pods. */
const dynamicRows: typeof rows = [
  ['25 is confirmed: stable gives one up', at(25), {}, [`${OLD_HASH} 4→3`]],
  ['25 is not confirmed', at(25, { confirmation: 'pending' }), {}, []],
  ['25 can never be confirmed, and its time is not over', at(25, { confirmation: 'unknown' }), {}, []],
  [
    '25 can never be confirmed, in compat',
    at(25, { confirmation: 'unknown', compat: 'argo' }),
    {},
    [`${OLD_HASH} 4→3`],
  ],
  [
    '25 is written and 75 is wanted: stable keeps what 25 needs',
    at(75, { stable: [3, 3], weight: 25 }),
    {},
    [`${NEW_HASH} 1→3`],
  ],
  ['75 is confirmed', at(75, { fresh: [3, 3], stable: [3, 3] }), {}, [`${OLD_HASH} 3→1`]],
  [
    '75 is confirmed, two pods at least',
    at(75, { fresh: [3, 3], stable: [3, 3], strategy: { ...dynamic, minPodsPerReplicaSet: 2 } }),
    {},
    [`${OLD_HASH} 3→2`],
  ],
  ['all weight: the last pod stays', at(100, { fresh: [4, 4], stable: [2, 2] }), {}, [`${OLD_HASH} 2→1`]],
  [
    'all weight, in compat: it goes',
    at(100, { fresh: [4, 4], stable: [2, 2], compat: 'argo' }),
    {},
    [`${OLD_HASH} 2→0`],
  ],
  ['nobody can read the weight', at(25, { weight: undefined }), {}, []],
  ['a lower step: stable grows first', at(25, { fresh: [3, 3], stable: [1, 1], weight: 75 }), {}, [`${OLD_HASH} 1→3`]],
  [
    'a number of canary pods says nothing about stable',
    { steps: [{ setCanaryScale: { replicas: 1 } }, { setWeight: 25 }], stepIndex: 1, weight: 25, strategy: dynamic },
    {},
    [],
  ],
  [
    'a canary scaled by weight',
    { steps: [{ setCanaryScale: { weight: 75 } }, { setWeight: 25 }], stepIndex: 1, weight: 25, strategy: dynamic },
    {},
    [`${OLD_HASH} 4→3`, `${NEW_HASH} 1→3`],
  ],
  [
    'an autoscaler asks for 8',
    at(75, { replicas: 8, fresh: [3, 3], stable: [1, 1] }),
    {},
    [`${OLD_HASH} 1→2`, `${NEW_HASH} 3→6`],
  ],
  [
    'promote --full: stable keeps what its traffic needs',
    at(25, { stable: [3, 3], status: { promoteFull: true } }),
    {},
    [`${NEW_HASH} 1→4`],
  ],
  ['a former canary has traffic: stable grows, the new one waits', taken, {}, [`${OLD_HASH} 1→4`]],
  ['a former canary lost some traffic', { ...taken, stable: [4, 3], weight: 25 }, {}, ['middle 3→1']],
  [
    'a former canary lost all: it keeps a pod as long as it is named',
    { ...taken, stable: [4, 4], weight: 0 },
    {},
    [`${NEW_HASH} 0→1`, 'middle 3→1'],
  ],
  [
    'a former canary is named no more: it goes at once',
    { ...taken, canaryNames: 'old', stable: [4, 4], weight: 0 },
    {},
    [`${NEW_HASH} 0→1`, 'middle 3→0'],
  ],
  [
    'aborted: stable grows, the canary follows its weight',
    at(25, { fresh: [3, 3], stable: [3, 3], status: aborted }),
    {},
    [`${OLD_HASH} 3→4`, `${NEW_HASH} 3→1`],
  ],
  [
    'aborted with a delay: the canary stays',
    at(25, { fresh: [3, 3], stable: [3, 3], status: aborted }),
    { abortDelaySeconds: 20 },
    [`${OLD_HASH} 3→4`],
  ],
  [
    'aborted, nothing leads to it: it goes at once',
    at(25, { canaryNames: 'old', fresh: [3, 3], weight: 0, status: aborted }),
    {},
    [`${NEW_HASH} 3→0`],
  ],
  [
    'aborted with a delay, nothing leads to it: the delay begins',
    at(25, { canaryNames: 'old', fresh: [3, 3], weight: 0, status: aborted }),
    { abortDelaySeconds: 20 },
    ['deadline +20s'],
  ],
  [
    'aborted and never scaled down',
    at(25, { fresh: [3, 3], stable: [3, 3], status: aborted }),
    { abortDelaySeconds: 0 },
    [`${OLD_HASH} 3→4`],
  ],
  ['aborted, nobody can read the weight', at(25, { fresh: [3, 3], weight: undefined, status: aborted }), {}, []],
]

describe('pods with dynamicStableScale', () => {
  for (const [name, situation, extra, expected] of dynamicRows)
    test(name, () => {
      const actions = (scale(situation, extra, NEW_HASH).actions ?? [])
        .map(short)
        .filter((text) => text !== 'bookkeeping')
      assert.deepEqual(actions, expected)
    })
})

describe('pods with a router', () => {
  for (const [name, situation, extra, expected] of rows) {
    test(name, () => {
      const leaving = situation.status === promoted ? OLD_HASH : NEW_HASH
      const actions = (scale(situation, extra, leaving).actions ?? [])
        .map(short)
        .filter((text) => text !== 'bookkeeping')
      assert.deepEqual(actions, expected)
    })
  }

  test('a subset that names no revision keeps no former one for ever, a Service that names none does, or whose endpoints lag', () => {
    const seen = world({ former: [2, 2], weight: 0, fresh: [0, 0] })
    const readyEndpoints = { 'shop-old': 4, 'shop-middle': 2 }
    const unnamed = Object.fromEntries(
      Object.entries(seen.services).map(([name, { service }]) => {
        const { spec } = service
        return [name, { service: { ...service, spec: { ...spec, selector: { app: 'shop' } } }, readyEndpoints }]
      }),
    )
    const subsets = {
      service: 'stable',
      stable: { name: 'stable', podHash: '' },
      canary: { name: 'canary', podHash: '' },
    }
    const kept = (placed: World): boolean => {
      const revisions = identifyRevisions(placed)
      const view = viewCanary(
        viewRollout(placed, revisions, decideLifecycle(placed, revisions)),
        placed.rollout.spec.strategy?.canary ?? {},
      )
      const { actions = [] } = decideScaling(view)
      return !actions.some(
        (action) => action.do === 'annotateReplicaSet' && action.replicaSet.metadata.name === 'shop-middle',
      )
    }
    assert.equal(kept({ ...seen, services: unnamed }), true)
    const lagging = Object.fromEntries(
      Object.entries(seen.services).map(([name, { service }]) => [name, { service, readyEndpoints }]),
    )
    assert.equal(kept({ ...seen, services: lagging }), true)
    assert.equal(kept(seen), false)
    const routes = seen.routes.map((route) => ({ ...route, subsets }))
    assert.equal(kept({ ...seen, services: unnamed, routes }), false)
  })

  test('a delay that runs asks to be woken at its end', () => {
    const part = scale({ canaryNames: 'old', status: aborted }, { deadlineMs: 5_000 }, NEW_HASH)
    assert.equal(part.wakeAtMs, LATER + 5_000)
  })
})
