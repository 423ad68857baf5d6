/** Two replicas of the controller: the one that leads is paused, cut off, killed or stopped in the middle of things. */
import type { Deed } from '../deed.ts'
import { at, commit, isDegraded, isHealthy, isPaused, isPausedAt, later, type Tale, unrouted } from '../tale.ts'
import { alert, fault } from './objects.ts'

const half = [{ setWeight: 50 }, { pause: {} }]
/** Who was first, with every seed the same. */
const LEADER = 1
export const LOCK = 'argo-rollouts-controller-lock'
export const pause = (forMs: number): Deed => fault({ kind: 'pause', process: LEADER, forMs })
const cutOff = (forMs: number): Deed => fault({ kind: 'partition', process: LEADER, forMs })
export const stop = fault({ kind: 'stop', process: LEADER, restartAfterMs: 1_000 })
const renewals = (
  count: number,
  how:
    | { readonly kind: 'cut'; readonly applied: boolean }
    | { readonly kind: 'slow'; readonly ms: number }
    | { readonly kind: 'answer'; readonly code: 500; readonly applied: boolean },
): Deed => fault({ ...how, match: { verb: 'patch', plural: 'leases' }, count })

interface Middle {
  /** Beside a new image. */
  readonly acts?: readonly Deed[]
  readonly soon?: readonly Tale['stages'][number][]
}

/** An update, and something with it or a moment after it; it has to arrive at its pause. */
const replicas = (name: string, { acts = [], soon = [] }: Middle): Tale => ({
  name: `two replicas, ${name}`,
  rollout: unrouted(half, {}, { replicas: 4 }),
  objects: [],
  stages: [at(isHealthy, { kind: 'setImage', image: 'shop:2' }, ...acts), ...soon],
  isOver: isPausedAt(1),
  replicas: 2,
  once: true,
})

/** The same, and then somebody aborts. */
const aborted = (name: string, ...acts: readonly Deed[]): Tale => ({
  ...replicas(name, {}),
  stages: [commit('shop:2'), at(isPaused, ...acts), later(16_500, { kind: 'abort' })],
  isOver: isDegraded,
})

export const replicaTales: readonly Tale[] = [
  replicas('nothing happens to either', {}),
  replicas('the leader is paused in its first pass', { soon: [later(30, pause(25_000))] }),
  replicas('the leader is paused in the middle', { soon: [later(400, pause(25_000))] }),
  replicas('the leader is paused a little later', { soon: [later(700, pause(17_000))] }),
  replicas('the leader is cut off', { soon: [later(100, cutOff(30_000))] }),
  replicas('the leader dies', { soon: [later(100, fault({ kind: 'crash', process: LEADER, restartAfterMs: 2_000 }))] }),
  replicas('the leader is stopped', { soon: [later(100, stop)] }),
  replicas('the leader is stopped with an answer on its way', {
    acts: [fault({ kind: 'slow', ms: 4_000, match: { verb: 'patch', plural: 'replicasets' }, count: 1 })],
    soon: [later(1_500, stop)],
  }),
  aborted('the leader cannot renew', renewals(6, { kind: 'answer', code: 500, applied: false })),
  aborted('the answers to renewals get lost', renewals(3, { kind: 'cut', applied: true })),
  aborted('a renewal hangs', renewals(1, { kind: 'slow', ms: 11_000 })),
  aborted('renewals are slow', renewals(6, { kind: 'slow', ms: 4_500 })),
  aborted('the Lease is deleted', { kind: 'edit', object: 'Lease', name: LOCK }),
  aborted('somebody else writes the Lease', {
    kind: 'edit',
    object: 'Lease',
    name: LOCK,
    patch: { spec: { holderIdentity: 'somebody-else' } },
  }),
  aborted('a clock jumps', fault({ kind: 'jumpWall', process: 0, ms: 60_000 })),
  aborted('the leader is paused', pause(16_000)),
  {
    ...replicas('an alert meets a leader that is paused', {}),
    stages: [commit('shop:2'), at(isPaused, pause(20_000), alert)],
    isOver: isDegraded,
  },
  {
    ...replicas('nobody takes messages and the leader is stopped', {}),
    stages: [
      commit('shop:2'),
      at(isPaused, fault({ kind: 'sink', mode: 'slow', forMs: 10_000 }), { kind: 'abort' }),
      later(1_000, stop),
    ],
    isOver: isDegraded,
  },
  {
    ...replicas('the leader dies while nobody takes messages', {}),
    stages: [
      commit('shop:2'),
      at(isPaused, fault({ kind: 'sink', mode: 'error', forMs: 5_000 }), { kind: 'abort' }),
      later(2_000, fault({ kind: 'crash', process: LEADER, restartAfterMs: 30_000 })),
    ],
    isOver: isDegraded,
  },
]
