/** Canaries whose traffic moves in other ways: exchanged Services, a stable revision that shrinks, routes by header. */
import { PROPAGATION_SECONDS } from '../../../../controller/api/labels.ts'
import { rollout } from '../../../builders/rollout.ts'
import type { Story } from '../crash-cluster.ts'
import {
  abort,
  commit,
  destinationRule,
  isAborted,
  isHealthy,
  isPaused,
  isPausedAt,
  canaryObjects as objects,
  promote,
  route,
  service,
  virtualService,
} from './cluster-objects.ts'

const delays = { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 }
const gateway = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } }

const pingPong = rollout({
  replicas: 2,
  spec: {
    strategy: {
      canary: {
        ...delays,
        steps: [{ setWeight: 50 }, { pause: {} }],
        pingPong: { pingService: 'ping', pongService: 'pong' },
        trafficRouting: gateway,
      },
    },
  },
})
const exchanged = [service('ping'), service('pong'), route('ping', 'pong')]

const dynamic = rollout({
  replicas: 4,
  steps: [{ setWeight: 75 }, { pause: {} }],
  canary: { abortScaleDownDelaySeconds: 2, dynamicStableScale: true },
})

const beta = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }

const byHeader = rollout({
  replicas: 2,
  steps: [
    { setCanaryScale: { replicas: 1 } },
    { setHeaderRoute: beta },
    { pause: {} },
    { setHeaderRoute: { name: 'beta' } },
    { setCanaryScale: { matchTrafficWeight: true } },
    { setWeight: 50 },
    { pause: {} },
  ],
  canary: { ...delays, trafficRouting: { ...gateway, managedRoutes: [{ name: 'beta' }] } },
})

const bySubset = rollout({
  replicas: 2,
  spec: {
    strategy: {
      canary: {
        ...delays,
        steps: [{ setWeight: 50 }, { setHeaderRoute: beta }, { pause: {} }],
        trafficRouting: {
          managedRoutes: [{ name: 'beta' }],
          istio: {
            virtualService: { name: 'shop' },
            destinationRule: { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' },
          },
        },
      },
    },
  },
})
const subsets = {
  rollout: { ...bySubset, metadata: { ...bySubset.metadata, annotations: { [PROPAGATION_SECONDS]: '2' } } },
  objects: [service('shop'), virtualService('stable', 'canary'), destinationRule('stable', 'canary')],
}

export const trafficStories: Readonly<Record<string, Story>> = {
  'ping-pong': {
    rollout: pingPong,
    objects: exchanged,
    stages: [commit('shop:2'), promote()],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step 2',
      'in status: canary 0, stable 100',
      'in status: stable is pong',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: ping→v2, pong→v2',
      'route matches: ping 0, pong 100',
    ],
  },
  'dynamic stable scale, promoted': {
    rollout: dynamic,
    objects,
    stages: [commit('shop:2'), promote()],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step 2',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 0, v2 (revision 2) 4',
      'services: canary→v2, stable→v2',
      'route matches: stable 100, canary 0',
    ],
  },
  'dynamic stable scale, aborted at 75': {
    rollout: dynamic,
    objects,
    stages: [commit('shop:2'), abort()],
    isOver: isAborted,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2, aborted',
      'revision 2: v2, stable v1, step 0',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 4, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
    ],
  },
  'subsets, promoted': {
    ...subsets,
    stages: [commit('shop:2'), promote()],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step 3',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: shop→*',
      'subsets: canary→v2, stable→v2',
      'http primary: stable 100, canary 0',
    ],
  },
  'subsets, aborted': {
    ...subsets,
    stages: [commit('shop:2'), abort()],
    isOver: isAborted,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2, aborted',
      'revision 2: v2, stable v1, step 0',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 2, v2 (revision 2) 0',
      'services: shop→*',
      'subsets: canary→v1, stable→v1',
      'http primary: stable 100, canary 0',
    ],
  },
  'header route, promoted': {
    rollout: byHeader,
    objects,
    stages: [commit('shop:2'), promote(isPausedAt(2)), promote(isPausedAt(6))],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step 7',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: canary→v2, stable→v2',
      'route matches: stable 100, canary 0',
    ],
  },
  'header route, aborted': {
    rollout: byHeader,
    objects,
    stages: [commit('shop:2'), abort(isPaused)],
    isOver: isAborted,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2, aborted',
      'revision 2: v2, stable v1, step 0',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
    ],
  },
}
