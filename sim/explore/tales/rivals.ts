/** Between a look and the write that follows it: somebody else changes what was looked at, a moment before the controller writes. */

import { blueGreenObjects, canaryObjects, NAMESPACE } from '../../run/scenario.ts'
import type { Deed } from '../deed.ts'
import {
  at,
  before,
  blueGreen,
  commit,
  isDegraded,
  isHealthy,
  isHealthyAfter,
  isPaused,
  later,
  routed,
  type Tale,
  unrouted,
} from '../tale.ts'
import { editBlueGreen, fault, hashOf, lateEvents, loseNew, replicaSetOf, touch } from './objects.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]

/** Pods that are there, and count as not available all at once. */
const available = (image: string, availableReplicas: number): Deed => ({
  kind: 'edit',
  object: 'ReplicaSet',
  name: replicaSetOf(image),
  patch: { status: { availableReplicas } },
  subresource: 'status',
})
const answers = (service: string, ...images: readonly string[]): Deed => ({
  kind: 'edit',
  object: 'EndpointSlice',
  name: `${service}-slice`,
  patch: {
    endpoints: images.map((image) => ({
      addresses: ['10.0.9.9'],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: NAMESPACE, name: `${replicaSetOf(image)}-other` },
    })),
  },
})
const name = (service: string, image: string): Deed => ({
  kind: 'edit',
  object: 'Service',
  name: service,
  patch: { spec: { selector: { 'rollouts-pod-template-hash': hashOf(image) } } },
})

export const rivalTales: readonly Tale[] = [
  {
    name: 'canary, aborted while its weight is about to be raised',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), before('list', 'endpointslices', { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary whose Service answers no more when its weight is about to be raised',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      before('list', 'endpointslices', answers('canary')),
      later(2_000, ...loseNew(1, 2, 500)),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'canary whose Service answers with old pods when its weight is about to be raised',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      before('list', 'endpointslices', answers('canary', 'shop:1')),
      later(2_000, ...loseNew(1, 2, 500)),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'canary whose pods fail when its Service is about to name them',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      before('get', 'replicasets', available('shop:2', 0)),
      later(2_000, available('shop:2', 1)),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'canary whose old pods a Service names again when they are about to go',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'promote' }),
      before('get', 'services', name('canary', 'shop:1')),
      later(5_000, name('canary', 'shop:2')),
    ],
    isOver: isHealthy,
    once: true,
  },
  {
    name: 'canary, superseded while the next ReplicaSet is refused',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(
        isPaused,
        fault({
          kind: 'answer',
          code: 403,
          applied: false,
          match: { verb: 'create', plural: 'replicasets' },
          count: 4,
        }),
        { kind: 'setImage', image: 'shop:3' },
      ),
    ],
    isOver: ({ phase, observedGeneration }) => phase === 'Paused' && Number(observedGeneration) > 2,
    once: true,
  },
  {
    name: 'canary, aborted while somebody writes its route',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      before('patch', 'httproutes', touch('HTTPRoute', 'shop')),
    ],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'blue-green whose pods fail when users are about to come',
    rollout: blueGreen(),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      before('get', 'replicasets', available('shop:2', 1)),
      later(2_000, available('shop:2', 2)),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green, aborted when users are about to come',
    rollout: blueGreen(),
    objects: blueGreenObjects,
    stages: [commit('shop:2'), before('get', 'replicasets', { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'blue-green whose old pods have users when they are about to go',
    rollout: blueGreen(),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      before('list', 'endpointslices', answers('active', 'shop:1')),
      later(2_000, ...loseNew(1, 2, 500)),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green whose pods get users when some of them are about to go',
    rollout: blueGreen({ autoPromotionEnabled: false }),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      at(
        isPaused,
        lateEvents('services', 2_000, 1_000),
        name('active', 'shop:2'),
        editBlueGreen({ previewReplicaCount: 1 }),
      ),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose autoscaler asks for more when pods are about to go',
    rollout: unrouted(half, {}, { replicas: 4 }),
    objects: [],
    stages: [at(isHealthy, { kind: 'scale', replicas: 3 }), before('get', 'rollouts', { kind: 'scale', replicas: 4 })],
    isOver: ({ phase, availableReplicas }) => phase === 'Healthy' && availableReplicas === 4,
    once: true,
  },
  {
    name: 'blue-green whose endpoints are seen late',
    rollout: blueGreen(),
    objects: blueGreenObjects,
    stages: [at(isHealthy, lateEvents('endpointslices', 6_000, 3_000), { kind: 'setImage', image: 'shop:2' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
]
