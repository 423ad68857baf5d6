/** Two replicas of the controller, and what the one that leads no more still has under way: writes, messages, an answer that is overtaken. */
import type { Deed } from '../deed.ts'
import {
  at,
  atOnce,
  beforeThe,
  commit,
  isDegraded,
  isHealthy,
  isHealthyAfter,
  isPaused,
  isPausedAt,
  later,
  type Stage,
  type Tale,
  unrouted,
} from '../tale.ts'
import { fault } from './objects.ts'
import { LOCK, pause, stop } from './replicas.ts'

const half = [{ setWeight: 50 }, { pause: {} }]
const isProgressing: Stage['when'] = ({ phase }) => phase === 'Progressing'
const isNewStable: Stage['when'] = ({ stableRS, currentPodHash, currentStepIndex }) =>
  stableRS === currentPodHash && currentStepIndex === 2
const hold = (ms: number, verb: 'patch' | 'delete'): Deed =>
  fault({ kind: 'hold', ms, match: { verb, plural: 'replicasets' }, count: 1 })

const deposed = (name: string, ...stages: Tale['stages']): Tale => ({
  name: `two replicas, ${name}`,
  rollout: unrouted(half, {}, { replicas: 4, spec: { revisionHistoryLimit: 0 } }),
  objects: [],
  stages,
  isOver: isPausedAt(1),
  replicas: 2,
  once: true,
})

export const deposedTales: readonly Tale[] = [
  deposed(
    'the leader stands still with a write that waits',
    at(isHealthy, hold(750, 'patch'), { kind: 'setImage', image: 'shop:2' }),
    { ...atOnce(isProgressing, pause(25_000)), afterMs: 700 },
  ),
  {
    ...deposed(
      'the leader stands still with a deletion that waits',
      commit('shop:2'),
      at(isPaused, hold(600, 'delete'), { kind: 'promote' }),
      atOnce(isNewStable, pause(25_000)),
    ),
    isOver: isHealthyAfter(1),
  },
  {
    ...deposed(
      'somebody else writes the Lease, and soon somebody aborts',
      commit('shop:2'),
      at(isPaused, { kind: 'edit', object: 'Lease', name: LOCK, patch: { spec: { holderIdentity: 'somebody-else' } } }),
      later(3_000, { kind: 'abort' }),
    ),
    isOver: isDegraded,
  },
  {
    ...deposed(
      'the Lease is deleted, and soon somebody aborts',
      commit('shop:2'),
      at(isPaused, { kind: 'edit', object: 'Lease', name: LOCK }),
      later(3_000, { kind: 'abort' }),
    ),
    isOver: isDegraded,
  },
  deposed(
    'the leader is stopped with a write that waits',
    at(isHealthy, hold(2_500, 'patch'), { kind: 'setImage', image: 'shop:2' }),
    atOnce(isProgressing, stop),
  ),
  deposed(
    'the leader is stopped with an answer that does not come',
    at(isHealthy, fault({ kind: 'slow', ms: 8_000, match: { verb: 'patch', plural: 'replicasets' }, count: 1 }), {
      kind: 'setImage',
      image: 'shop:2',
    }),
    later(1_500, stop),
  ),
  {
    ...deposed(
      'messages wait and the leader is stopped',
      at(isHealthy, fault({ kind: 'sink', mode: 'slow', forMs: 10_000 }), { kind: 'setImage', image: 'shop:2' }),
      later(4_000, stop),
    ),
  },
  {
    ...deposed(
      'the next one has not seen that a message was told',
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      beforeThe(3, 'patch', 'rollouts', fault({ kind: 'delayEvents', plural: 'rollouts', ms: 30_000, forMs: 1_000 })),
      later(
        1_000,
        fault({ kind: 'answer', code: 500, applied: false, match: { verb: 'list', plural: 'rollouts' }, count: 20 }),
        stop,
      ),
    ),
    isOver: isDegraded,
  },
]
