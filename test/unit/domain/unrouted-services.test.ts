/** The truth table of `unrouted-services.ts`: without a router no Service that names a revision is ever left without a pod that another one could be. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { decideScaling } from '../../../controller/domain/canary/scaling.ts'
import { decideServices } from '../../../controller/domain/canary/services.ts'
import { withLastPod } from '../../../controller/domain/canary/unrouted-services.ts'
import type { CanaryView } from '../../../controller/domain/canary/view.ts'
import { viewCanary } from '../../../controller/domain/canary/view.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { viewRollout } from '../../../controller/domain/view.ts'
import type { World } from '../../../controller/domain/world.ts'
import { NEW_HASH, type Situation, view, world } from '../../builders/world.ts'

const nameOf = (hash: string): string => (hash === NEW_HASH ? 'new' : hash)
const revisionOf = ({ metadata }: ReplicaSet): string => nameOf(metadata.name.slice('shop-'.length))

/** What is written in this order, but that of risky writes only the first one is made in a pass. */
function decided(seen: CanaryView): readonly string[] {
  const scaling = decideScaling(seen)
  const parts = [...decideServices(seen, scaling), scaling]
  return parts.flatMap(({ actions = [] }) =>
    actions.flatMap((action) => {
      if (action.do === 'select') return [`${action.service}→${nameOf(action.podHash)}`]
      return action.do === 'scale'
        ? [`${revisionOf(action.replicaSet)} ${action.replicaSet.spec.replicas}→${action.to}`]
        : []
    }),
  )
}

const half = [{ setWeight: 50 }, { pause: {} }]
const past: Situation = { unrouted: true, steps: half, stepIndex: 2 }
const noSurge = { maxSurge: 0, maxUnavailable: 1 }
const aborted = { abort: true }
const promoted = { stableRS: NEW_HASH }

const rows: readonly (readonly [string, Situation, readonly string[]])[] = [
  ['half the pods, as the step wants', { unrouted: true, steps: half, fresh: [2, 2], stable: [2, 2] }, []],
  ['past the last step, the new pods are on their way', { ...past, fresh: [3, 2], stable: [2, 2] }, ['old 2→1']],
  [
    'all but maxUnavailable of them answer: the stable Service goes first, and the last old pod stays until it has gone',
    { ...past, fresh: [3, 3], stable: [1, 1] },
    ['stable→new', 'new 3→4'],
  ],
  [
    'it has gone: so does the last old pod',
    { ...past, fresh: [4, 3], stable: [1, 1], stableNames: 'new' },
    ['old 1→0'],
  ],
  [
    'more old pods than new ones answer behind it',
    { ...past, strategy: { maxUnavailable: '75%' }, fresh: [1, 1], stable: [4, 4] },
    ['old 4→1'],
  ],
  [
    'every pod may be missing: one old pod stays all the same',
    { ...past, strategy: { maxSurge: 0, maxUnavailable: '100%' }, fresh: [0, 0], stable: [4, 4] },
    ['old 4→1'],
  ],
  [
    'no room for a pod more: the Service goes to as many as the room has',
    { ...past, strategy: noSurge, fresh: [3, 3], stable: [1, 1] },
    ['stable→new'],
  ],
  [
    'a step that asks for all, with a pause after it',
    { unrouted: true, steps: [{ setWeight: 100 }, { pause: {} }], stepIndex: 1, fresh: [4, 4], stable: [1, 1] },
    ['stable→new'],
  ],
  [
    'promoted in full',
    { ...past, stepIndex: 0, fresh: [4, 4], stable: [1, 1], status: { promoteFull: true } },
    ['stable→new'],
  ],
  ['old pods that do not answer keep nothing', { ...past, fresh: [4, 3], stable: [1, 0] }, ['stable→new', 'old 1→0']],
  [
    'one pod and no room for another: somebody has to go first',
    { ...past, replicas: 1, strategy: noSurge, fresh: [0, 0], stable: [1, 1] },
    ['old 1→0'],
  ],
  [
    'one pod, no room, and it has gone: the Service follows as soon as the new one answers',
    { ...past, replicas: 1, strategy: noSurge, fresh: [1, 1], stable: [0, 0] },
    ['stable→new'],
  ],
  ['nobody is wanted', { ...past, replicas: 0, fresh: [0, 0], stable: [1, 1] }, ['old 1→0']],
  // Back again.
  [
    'aborted with every user on the new pods: they stay until as many stable ones answer',
    { ...past, fresh: [2, 2], stable: [1, 1], stableNames: 'new', status: aborted },
    ['canary→old', 'old 1→3'],
  ],
  [
    'aborted, as many answer',
    { ...past, fresh: [2, 2], stable: [3, 3], stableNames: 'new', canaryNames: 'old', status: aborted },
    ['stable→old', 'new 2→1'],
  ],
  [
    'aborted, both have gone back',
    { ...past, fresh: [1, 1], stable: [4, 4], canaryNames: 'old', status: aborted },
    ['new 1→0'],
  ],
  [
    'aborted, the stable Service never left',
    { unrouted: true, steps: half, fresh: [2, 2], stable: [3, 3], status: aborted },
    ['canary→old', 'new 2→1'],
  ],
  [
    'a later step asks for fewer',
    {
      unrouted: true,
      steps: [{ setWeight: 100 }, { setWeight: 50 }],
      stepIndex: 1,
      fresh: [3, 3],
      stable: [2, 1],
      stableNames: 'new',
    },
    ['new 3→2'],
  ],
  [
    'and as many stable pods answer',
    {
      unrouted: true,
      steps: [{ setWeight: 100 }, { setWeight: 50 }],
      stepIndex: 1,
      fresh: [2, 2],
      stable: [2, 2],
      stableNames: 'new',
    },
    ['stable→old'],
  ],
  // The canary Service.
  [
    'a step asks for no canary pods',
    { unrouted: true, steps: [{ setWeight: 25 }, { setWeight: 0 }], stepIndex: 1, fresh: [1, 1], stable: [4, 4] },
    ['canary→old'],
  ],
  [
    'superseded: the Service goes to stable until the new revision answers, so that nothing keeps what may be bad',
    { unrouted: true, steps: half, fresh: [0, 0], stable: [3, 3], former: [1, 1], canaryNames: 'middle' },
    ['canary→old', 'new 0→1'],
  ],
  [
    'superseded, and only what was superseded answers: it stays',
    {
      unrouted: true,
      steps: half,
      strategy: { maxSurge: 1, maxUnavailable: '100%' },
      fresh: [1, 0],
      stable: [2, 0],
      former: [2, 2],
      canaryNames: 'middle',
    },
    ['middle 2→1'],
  ],
  [
    'the same, without room for a pod of the new revision',
    {
      unrouted: true,
      steps: half,
      strategy: { maxSurge: 0, maxUnavailable: '100%' },
      fresh: [0, 0],
      stable: [3, 0],
      former: [1, 1],
      canaryNames: 'middle',
    },
    ['middle 1→0'],
  ],
  // What is not ours to keep.
  [
    'a Service that names no revision has the pods of all',
    { ...past, fresh: [4, 3], stable: [1, 1], stableNames: '' },
    ['old 1→0'],
  ],
  ['the compat mode keeps Argo’s order', { ...past, compat: 'argo', fresh: [4, 3], stable: [1, 1] }, ['old 1→0']],
  [
    'promoted in compat: only then the Service goes',
    { ...past, compat: 'argo', fresh: [4, 4], stable: [0, 0], status: promoted },
    ['stable→new'],
  ],
]

describe('Services of a canary without a router', () => {
  for (const [name, situation, expected] of rows) test(name, () => assert.deepEqual(decided(view(situation)), expected))

  test('nothing changes for a Rollout that names no Service', () => {
    const seen = view({ ...past, fresh: [4, 3], stable: [1, 1] })
    const unnamed = { ...seen, stableService: undefined, canaryService: undefined }
    assert.deepEqual(decided(unnamed), ['old 1→0'])
  })

  test('who pauses the Rollout pauses this too', () => {
    const seen = world({ ...past, fresh: [4, 4], stable: [1, 1] })
    const { spec } = seen.rollout
    const paused = { ...seen, rollout: { ...seen.rollout, spec: { ...spec, paused: true } } }
    assert.deepEqual(decided(viewOf(paused)), [])
    assert.deepEqual(decided(viewOf(seen)), ['stable→new'])
  })

  test('endpoints that lag behind their Service are waited for', () => {
    const seen = world({ ...past, fresh: [4, 3], stable: [1, 1], stableNames: 'new' })
    const { service } = seen.services.stable ?? assert.fail()
    const readyEndpoints = { 'shop-old': 1, [`shop-${NEW_HASH}`]: 3 }
    const lagging = { ...seen, services: { ...seen.services, stable: { service, readyEndpoints } } }
    assert.deepEqual(decided(viewOf(lagging)), [])
  })

  test('a size that is not none is left as it is', () => {
    const seen = view({ ...past, fresh: [3, 3], stable: [2, 2] })
    const stable = seen.stableRs ?? assert.fail()
    assert.deepEqual(
      [withLastPod(seen, stable, 2), withLastPod(seen, stable, 1), withLastPod(seen, stable, 0)],
      [2, 1, 1],
    )
  })
})

function viewOf(seen: World): CanaryView {
  const revisions = identifyRevisions(seen)
  const base = viewRollout(seen, revisions, decideLifecycle(seen, revisions))
  return viewCanary(base, seen.rollout.spec.strategy?.canary ?? {})
}
