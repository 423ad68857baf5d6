/** What the API server has and the caches do not show yet: answers that are lost, watches that are late, writes of others that come first. */

import { at, before, commit, isDegraded, isHealthy, isHealthyAfter, isPaused, type Tale, unrouted } from '../tale.ts'
import { alert, fault, lateEvents, replicaSetOf, stranger, touch } from './objects.ts'

const half = [{ setWeight: 50 }, { pause: {} }]

export const raceTales: readonly Tale[] = [
  {
    name: 'pods alone, one revision twice',
    rollout: unrouted(half),
    objects: [],
    stages: [
      at(isHealthy, fault({ kind: 'repeat', match: { verb: 'create', plural: 'replicasets' }, count: 1 }), {
        kind: 'setImage',
        image: 'shop:2',
      }),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, the answer to a creation is lost while watches are late',
    rollout: unrouted(half),
    objects: [],
    stages: [
      at(
        isHealthy,
        fault({ kind: 'cut', applied: true, match: { verb: 'create', plural: 'replicasets' }, count: 1 }),
        lateEvents('replicasets', 3_000, 1_000),
        { kind: 'setImage', image: 'shop:2' },
      ),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, somebody writes a ReplicaSet that is about to grow',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), before('patch', 'replicasets', touch('ReplicaSet', replicaSetOf('shop:2')))],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, somebody writes a ReplicaSet that is about to grow while watches are late',
    rollout: unrouted(half),
    objects: [],
    stages: [
      commit('shop:2'),
      before(
        'patch',
        'replicasets',
        touch('ReplicaSet', replicaSetOf('shop:2')),
        lateEvents('replicasets', 1_500, 1_000),
      ),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, a deletion is seen late',
    rollout: unrouted(half, {}, { spec: { revisionHistoryLimit: 0 } }),
    objects: [],
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'promote' }),
      before('delete', 'replicasets', lateEvents('replicasets', 4_000, 1_000)),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'pods alone, a watch shows nothing any more',
    rollout: unrouted(half),
    objects: [],
    stages: [at(isHealthy, fault({ kind: 'silence', plural: 'replicasets' }), { kind: 'setImage', image: 'shop:2' })],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, deleted when a ReplicaSet is about to be adopted',
    rollout: unrouted(half),
    objects: [],
    stages: [
      at(isHealthy, {
        kind: 'edit',
        object: 'ReplicaSet',
        name: replicaSetOf('shop:1'),
        patch: { metadata: { ownerReferences: null } },
      }),
      before('get', 'rollouts', { kind: 'edit', object: 'Rollout', name: 'shop' }),
    ],
    isOver: () => true,
    once: true,
  },
  {
    name: 'pods alone, somebody has a ReplicaSet of that name',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), before('create', 'replicasets', { kind: 'create', object: stranger })],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, superseded when an alert is about to take it back',
    rollout: unrouted(half),
    objects: [],
    stages: [commit('shop:2'), at(isPaused, alert), before('patch', 'rollouts', { kind: 'setImage', image: 'shop:3' })],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'pods alone, aborted and retried, an alert meets a clock that is behind',
    rollout: unrouted(half),
    objects: [],
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(isDegraded, { kind: 'retry' }),
      at(isPaused, fault({ kind: 'jumpWall', process: 0, ms: -120_000 }), alert),
    ],
    isOver: isDegraded,
    once: true,
  },
]
