/** Gateways that are slow or say nothing, routes that somebody else writes, pods that are gone while requests come. */
import { MANAGED_BY, PROPAGATION_SECONDS } from '../../../controller/api/labels.ts'
import { canaryObjects, service } from '../../run/scenario.ts'
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
  type Stage,
  type Tale,
} from '../tale.ts'
import { loseNew, loseOld, weigh } from './objects.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]
const dynamic = { dynamicStableScale: true, scaleDownDelaySeconds: undefined }
const beta = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }
const managed = {
  trafficRouting: {
    plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop', namespace: 'web' } },
    managedRoutes: [{ name: 'beta' }],
  },
}
const byHeader = [{ setCanaryScale: { replicas: 1 } }, { setHeaderRoute: beta }, { pause: {} }, { setWeight: 50 }]
const SLOW_MS = 4_000
const mute: Deed = { kind: 'fault', fault: { kind: 'gateway', mode: 'mute', ms: 0, forMs: 1e9 } }
const has =
  (canary: number): Stage['when'] =>
  ({ canary: status }) =>
    status?.weights?.canary.weight === canary

export const trafficTales: readonly Tale[] = [
  {
    name: 'canary behind a slow gateway, promoted',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary behind a slow gateway, aborted and retried',
    rollout: routed(half, { abortScaleDownDelaySeconds: 20, scaleDownDelaySeconds: 20 }),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(
        ({ phase, canary, replicas }) => phase === 'Degraded' && canary?.weights?.canary.weight === 0 && replicas === 2,
        { kind: 'retry' },
      ),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: ({ phase, replicas }) => phase === 'Healthy' && replicas === 2,
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary behind a slow gateway, superseded',
    rollout: routed(half, { scaleDownDelaySeconds: 20 }),
    objects,
    stages: [commit('shop:2'), commit('shop:3', isPaused), at(isPaused, { kind: 'promote' })],
    isOver: ({ phase, replicas }) => phase === 'Healthy' && replicas === 2,
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary behind a slow gateway whose stable revision shrinks, promoted',
    rollout: routed([{ setWeight: 75 }, { pause: {} }], dynamic, { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary behind a slow gateway whose stable revision shrinks, aborted',
    rollout: routed([{ setWeight: 75 }, { pause: {} }], dynamic, { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary behind a gateway that says nothing, aborted',
    rollout: routed(half, {}, { annotations: { [PROPAGATION_SECONDS]: '8' } }),
    objects,
    stages: [later(1, mute), commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary behind a gateway that says nothing, promoted',
    rollout: routed(half, {}, { annotations: { [PROPAGATION_SECONDS]: '8' } }),
    objects,
    stages: [later(1, mute), commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary behind a gateway that falls silent',
    rollout: routed(half, {}, { spec: { progressDeadlineSeconds: 15 } }),
    objects,
    stages: [at(isHealthy, mute, { kind: 'setImage', image: 'shop:2' }), at(isDegraded, { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary behind a gateway that refuses for a while',
    rollout: routed(half),
    objects,
    stages: [
      at(
        isHealthy,
        { kind: 'fault', fault: { kind: 'gateway', mode: 'refuse', ms: 0, forMs: 20_000 } },
        { kind: 'setImage', image: 'shop:2' },
      ),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose stable revision shrinks and grows again',
    rollout: routed([{ setWeight: 75 }, { setWeight: 25 }, { pause: {} }], dynamic, { replicas: 4 }),
    objects,
    stages: [commit('shop:2')],
    isOver: isPausedAt(2),
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary whose pods are lost in the middle',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, ...loseNew(1, 2, 15_000))],
    isOver: (status) => isPaused(status) && has(50)(status),
    once: true,
  },
  {
    name: 'canary whose stable revision shrinks, aborted when its own pods fail',
    rollout: routed([{ setWeight: 75 }, { pause: {} }], dynamic, { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, ...loseNew(2, 1, 60_000), { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary by header, aborted',
    rollout: routed(byHeader, managed),
    objects,
    stages: [commit('shop:2'), at(isPausedAt(2), { kind: 'abort' })],
    isOver: isDegraded,
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary by header whose pods are lost in the middle',
    rollout: routed(byHeader, managed),
    objects,
    stages: [commit('shop:2'), at(isPausedAt(2), ...loseNew(1, 2, 15_000))],
    isOver: (status) => isPausedAt(2)(status) && status.availableReplicas === 3,
    once: true,
  },
  {
    name: 'canary by header whose route somebody takes away',
    rollout: routed(byHeader, managed),
    objects,
    stages: [commit('shop:2'), at(isPausedAt(2), weigh(0))],
    isOver: isPausedAt(2),
    once: true,
  },
  {
    name: 'canary by header, promoted in full before it',
    rollout: routed([{ setWeight: 25 }, { pause: {} }, { setHeaderRoute: beta }, { pause: {} }], managed),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promoteFull' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose weight somebody changes',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, weigh(90))],
    isOver: (status) => isPaused(status) && has(50)(status),
    once: true,
  },
  {
    name: 'canary whose weight somebody changes again and again, aborted',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, weigh(90)),
      ...Array.from({ length: 7 }, () => later(3_000, weigh(90))),
      later(3_000, { kind: 'abort' }),
    ],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary at rest whose weight somebody changes',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' }), at(isHealthyAfter(1), weigh(30))],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary by header, superseded',
    rollout: routed(byHeader, managed),
    objects,
    stages: [commit('shop:2'), commit('shop:3', isPausedAt(2)), at(isPausedAt(2), { kind: 'promote' })],
    isOver: isHealthyAfter(2),
    gatewayLagMs: SLOW_MS,
    once: true,
  },
  {
    name: 'canary by ping and pong, promoted twice',
    rollout: routed(half, {
      stableService: undefined,
      canaryService: undefined,
      pingPong: { pingService: 'stable', pongService: 'canary' },
    }),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'promote' }),
      commit('shop:3', isHealthyAfter(1)),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(2),
    once: true,
  },
  {
    name: 'canary whose endpoints are lost in the middle',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'edit', object: 'EndpointSlice', name: 'canary-slice' })],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'canary, aborted while a stable pod fails',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, loseOld(1, 20_000)), later(2_000, { kind: 'abort' })],
    isOver: (status) => isDegraded(status) && status.availableReplicas === 2,
    once: true,
  },
  {
    name: 'canary behind a gateway that says nothing, loses a pod and is promoted',
    rollout: routed(
      [{ setWeight: 100 }, { pause: {} }],
      {},
      { replicas: 3, annotations: { [PROPAGATION_SECONDS]: '8' } },
    ),
    objects,
    stages: [
      later(1, mute),
      commit('shop:2'),
      at(isPaused, ...loseNew(1, 3, 15_000)),
      later(2_000, { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose weight somebody changes while it loses a pod and is promoted',
    rollout: routed([{ setWeight: 100 }, { pause: {} }], {}, { replicas: 3 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, ...loseNew(1, 3, 15_000)), later(2_000, weigh(40), { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary with an experiment whose pods are slow',
    rollout: routed([
      { setWeight: 50 },
      {
        experiment: {
          duration: '5s',
          scaleDownDelaySeconds: 2,
          templates: [{ name: 'trial', specRef: 'canary', weight: 5 }],
        },
      },
    ]),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    podReadyMs: [2_000, 5_000],
    once: true,
  },
  {
    name: 'canary whose Service belongs to another Rollout',
    rollout: routed(half),
    objects: objects.map((object) =>
      object.metadata.name === 'canary' && object.kind === 'Service'
        ? { ...service('canary'), metadata: { ...object.metadata, annotations: { [MANAGED_BY]: 'other' } } }
        : object,
    ),
    stages: [],
    isOver: ({ phase }) => phase !== 'Healthy' && phase !== undefined,
    once: true,
  },
]
