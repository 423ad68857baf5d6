/** What Alertmanager posts: about whom, how old, how often, in what company, and to a receiver that is not ready for it. */
import { canaryObjects } from '../../run/scenario.ts'
import type { Deed } from '../deed.ts'
import {
  at,
  commit,
  isDegraded,
  isHealthy,
  isHealthyAfter,
  isPaused,
  isPausedAt,
  later,
  routed,
  type Tale,
  unrouted,
} from '../tale.ts'
import { alert, editCanary } from './objects.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]
const pausing = { ...alert, name: 'LatencyHigh', labels: { penstock_gate: 'pause' } } as const
const resolved = { kind: 'alert', status: 'resolved', times: 1 } as const
const refuse = (code: 409 | 500, count = 1): Deed => ({
  kind: 'fault',
  fault: { kind: 'answer', code, applied: false, match: { verb: 'patch', plural: 'rollouts' }, count },
})
const others = (count: number, status: 'firing' | 'resolved', labels = {}) => ({ behind: { count, status, labels } })

/** An alert that changes nothing: the update goes on waiting. */
const unheard = (name: string, ...acts: readonly Deed[]): Tale => ({
  name: `canary, ${name}`,
  rollout: unrouted(half),
  objects: [],
  stages: [commit('shop:2'), at(isPaused, ...acts)],
  isOver: isPausedAt(1),
  once: true,
})

/** An alert that takes the update back, whatever stands in its way. */
const heard = (name: string, ...acts: readonly Deed[]): Tale => ({
  ...unheard(name, ...acts),
  isOver: isDegraded,
})

export const alertTales: readonly Tale[] = [
  unheard('an alert is resolved that never fired', resolved),
  unheard('an alert is about the stable revision', { ...alert, about: 'stable' }),
  unheard('an alert is about another revision', { ...alert, about: 'another' }),
  unheard('an alert is older than it', { ...alert, forMs: 600_000 }),
  unheard('an alert is declared to be none of its business', { ...alert, labels: { penstock_gate: 'ignore' } }),
  unheard('an alert is about another namespace', { ...alert, labels: { namespace: 'other' } }),
  heard('an alert is about its own revision', { ...alert, about: 'canary' }),
  heard('an alert comes with more others than are looked at', { ...alert, ...others(1_000, 'resolved') }),
  heard('an alert comes behind many that pause', { ...alert, ...others(25, 'firing', { penstock_gate: 'pause' }) }),
  heard('an alert meets an API server that fails', refuse(500), alert),
  heard('an alert meets a conflict', refuse(409), alert),
  heard(
    'an alert meets a receiver that is cut off',
    { kind: 'fault', fault: { kind: 'partition', process: 0, forMs: 12_000 } },
    alert,
  ),
  heard(
    'an alert meets an API server that is slow',
    { kind: 'fault', fault: { kind: 'slow', ms: 5_000, match: { verb: 'patch', plural: 'rollouts' }, count: 1 } },
    alert,
  ),
  heard(
    'an alert meets a receiver that has just started',
    { kind: 'fault', fault: { kind: 'slow', ms: 4_000, match: { verb: 'list' }, count: 30 } },
    { kind: 'fault', fault: { kind: 'crash', process: 0, restartAfterMs: 500 } },
    alert,
  ),
  heard(
    'so many alerts come that some are sent away',
    { ...resolved, times: 1 },
    ...Array.from({ length: 520 }, () => ({ ...resolved })),
    alert,
  ),
  {
    ...heard('an alert pauses it, and then takes it back', pausing),
    stages: [commit('shop:2'), at(isPaused, pausing), at(isPaused, { ...alert, name: 'LatencyHigh' })],
  },
  unheard('who posts an alert has a wrong token', { ...alert, isForged: true }),
  {
    name: 'canary at rest, an alert fires',
    rollout: unrouted(half),
    objects: [],
    stages: [at(isHealthy, alert)],
    isOver: isHealthy,
    once: true,
  },
  {
    name: 'canary, aborted, an alert fires',
    rollout: unrouted(half),
    objects: [],
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(isDegraded, alert),
      at(isDegraded, { kind: 'retry' }),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary, an alert that pauses comes again and again',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), at(isPaused, { ...pausing, times: 3 })],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary, taken back by an alert and retried',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, alert),
      at(isDegraded, { kind: 'retry' }),
      at(isPaused, { ...alert, name: 'LatencyHigh', forMs: 140_000 }),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary, taken back by an alert and rolled forward',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, alert), commit('shop:3', isDegraded), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(2),
    once: true,
  },
  {
    name: 'canary, rolled back in the middle of the next one, an alert is older',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'promote' }),
      commit('shop:1', isHealthyAfter(1)),
      at(isPaused, { ...alert, forMs: 100_000 }),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary, paused by an alert and resumed',
    rollout: routed(
      [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: '5s' } }],
      {},
      { replicas: 4 },
    ),
    objects,
    stages: [commit('shop:2'), at(isPausedAt(1), pausing), at(isPausedAt(1), { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary, taken back twice, by a clock that is behind',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(isDegraded, { kind: 'retry' }),
      at(isPaused, { kind: 'fault', fault: { kind: 'jumpWall', process: 0, ms: -60_000 } }, alert),
    ],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary whose ReplicaSet is refused, an alert fires',
    rollout: routed(half),
    objects,
    stages: [
      at(
        isHealthy,
        {
          kind: 'fault',
          fault: {
            kind: 'answer',
            code: 403,
            applied: false,
            match: { verb: 'create', plural: 'replicasets' },
            count: 3,
          },
        },
        { kind: 'setImage', image: 'shop:2' },
      ),
      later(500, alert),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary whose spec is broken, an alert fires',
    rollout: routed(half),
    objects,
    stages: [
      at(isHealthy, editCanary({ canaryService: 'stable' }), { kind: 'setImage', image: 'shop:2' }),
      at(isDegraded, alert),
    ],
    isOver: isDegraded,
    once: true,
  },
]
