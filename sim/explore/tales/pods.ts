/** How many pods there are of which revision, one at a time and all at once. */
import { blueGreenObjects, canaryObjects, service } from '../../run/scenario.ts'
import {
  at,
  atOnce,
  blueGreen,
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
  unrouted,
} from '../tale.ts'
import { alert, edit, editBlueGreen, editStatus, hashOf } from './objects.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]
const byHand = { autoPromotionEnabled: false }
const window = (revisions: number) => ({ spec: { rollbackWindow: { revisions } } })
const isComplete =
  (image: string): Stage['when'] =>
  ({ phase, stableRS, currentPodHash }) =>
    phase === 'Healthy' && stableRS === hashOf(image) && currentPodHash === stableRS

export const podTales: readonly Tale[] = [
  {
    name: 'pods alone, many of them in small steps',
    rollout: unrouted(
      [{ setWeight: 40 }, { pause: {} }, { setWeight: 80 }],
      { maxSurge: 1, maxUnavailable: 1 },
      { replicas: 5, spec: { minReadySeconds: 2 } },
    ),
    objects: [],
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'pods alone, many of them, superseded and aborted',
    rollout: unrouted([{ setWeight: 40 }, { pause: {} }], { maxSurge: 0, maxUnavailable: 2 }, { replicas: 5 }),
    objects: [],
    stages: [commit('shop:2'), commit('shop:3', isPaused), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'pods alone, broken ones, repaired by the next revision',
    rollout: unrouted([{ setWeight: 50 }], {}, { replicas: 2 }),
    objects: [],
    stages: [
      commit('shop:2-broken'),
      at(({ updatedReplicas }) => Number(updatedReplicas) > 0, { kind: 'setImage', image: 'shop:3' }),
    ],
    isOver: isComplete('shop:3'),
    once: true,
  },
  {
    name: 'pods alone, broken at first, repaired',
    rollout: unrouted(
      [{ setWeight: 50 }],
      {},
      {
        replicas: 3,
        spec: {
          template: {
            metadata: { labels: { app: 'shop' } },
            spec: { containers: [{ name: 'app', image: 'shop:1-broken', ports: [{ containerPort: 8080 }] }] },
          },
        },
      },
    ),
    objects: [],
    stages: [atOnce(({ updatedReplicas }) => Number(updatedReplicas) === 3, { kind: 'setImage', image: 'shop:2' })],
    isOver: isComplete('shop:2'),
    once: true,
  },
  {
    name: 'canary whose first pods come one by one',
    rollout: routed(half, {}, { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    podReadyMs: [300, 4_000],
    once: true,
  },
  {
    name: 'canary, superseded twice while its pods come one by one',
    rollout: routed(
      [{ setWeight: 25 }, { setWeight: 75 }, { pause: {} }],
      { scaleDownDelaySeconds: 15 },
      { replicas: 4 },
    ),
    objects,
    stages: [
      commit('shop:2'),
      atOnce(({ currentStepIndex }) => currentStepIndex === 1, { kind: 'setImage', image: 'shop:3' }),
      commit('shop:4', isPausedAt(2)),
    ],
    isOver: ({ phase, currentPodHash, replicas }) =>
      phase === 'Paused' && currentPodHash === hashOf('shop:4') && replicas === 7,
    podReadyMs: [300, 4_000],
    once: true,
  },
  {
    name: 'canary that loses a pod when it has all requests',
    rollout: routed([{ setWeight: 100 }, { pause: {} }], {}, { replicas: 3 }),
    objects,
    stages: [
      commit('shop:2'),
      at(
        isPaused,
        {
          kind: 'fault',
          fault: { kind: 'pod', mode: 'flap', index: hashOf('shop:2') < hashOf('shop:1') ? 0 : 3, ms: 15_000 },
        },
        { kind: 'promote' },
      ),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'first deploy, superseded before it is complete',
    rollout: routed(half),
    objects,
    stages: [atOnce(({ updatedReplicas }) => Number(updatedReplicas) > 0, { kind: 'setImage', image: 'shop:2' })],
    isOver: isPausedAt(1),
    podReadyMs: [1_000, 3_000],
    once: true,
  },
  {
    name: 'one pod, restarted',
    rollout: routed(half, {}, { replicas: 1 }),
    objects,
    stages: [at(isHealthy, { kind: 'restart' })],
    isOver: ({ phase, restartedAt }) => phase === 'Healthy' && Boolean(restartedAt),
    once: true,
  },
  {
    name: 'many pods, restarted at rest',
    rollout: unrouted(half, { maxSurge: 0, maxUnavailable: 1 }, { replicas: 4 }),
    objects: [],
    stages: [at(isHealthy, { kind: 'restart' })],
    isOver: ({ phase, restartedAt }) => phase === 'Healthy' && Boolean(restartedAt),
    once: true,
  },
  {
    name: 'pods alone, restarted and aborted in one breath',
    rollout: unrouted([{ setWeight: 50 }, { pause: {} }], { maxSurge: 1, maxUnavailable: 1 }, { replicas: 4 }),
    objects: [],
    stages: [commit('shop:2'), at(isPaused, { kind: 'restart' }, { kind: 'abort' })],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary, rolled back to what was never stable',
    rollout: routed(half, {}, window(3)),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      commit('shop:3', isDegraded),
      at(isPaused, { kind: 'promote' }),
      commit('shop:2', isComplete('shop:3')),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary, rolled back from beyond the window',
    rollout: routed(half, {}, window(1)),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'promoteFull' }),
      commit('shop:3', isComplete('shop:2')),
      at(isPaused, { kind: 'promoteFull' }),
      commit('shop:1', isComplete('shop:3')),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary with long delays, aborted, retried and promoted',
    rollout: routed(half, { scaleDownDelaySeconds: 20, abortScaleDownDelaySeconds: 20 }),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      later(12_000, { kind: 'retry' }),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: ({ phase, replicas }) => phase === 'Healthy' && replicas === 2,
    once: true,
  },
  {
    name: 'canary without a history, aborted and undone',
    rollout: routed(half, {}, { spec: { revisionHistoryLimit: 0 } }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' }), commit('shop:1', isDegraded)],
    isOver: isComplete('shop:1'),
    once: true,
  },
  {
    name: 'blue-green with a small preview',
    rollout: blueGreen({ ...byHand, previewReplicaCount: 1 }, { replicas: 3 }),
    objects: blueGreenObjects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green whose pods come one by one',
    rollout: blueGreen({}, { replicas: 4 }),
    objects: blueGreenObjects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    podReadyMs: [300, 4_000],
    once: true,
  },
  {
    name: 'blue-green, given another size in the middle',
    rollout: blueGreen(byHand, { replicas: 2 }),
    objects: blueGreenObjects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'scale', replicas: 4 }), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green, superseded after the cutover',
    rollout: blueGreen({ scaleDownDelaySeconds: 20, postPromotionAnalysis: { templates: [{ templateName: 'gate' }] } }),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      atOnce(({ blueGreen: status }) => status?.activeSelector === hashOf('shop:2'), {
        kind: 'setImage',
        image: 'shop:3',
      }),
    ],
    isOver: isComplete('shop:3'),
    once: true,
  },
  {
    name: 'blue-green, aborted, rolled forward and tried again',
    rollout: blueGreen({ ...byHand, abortScaleDownDelaySeconds: 600, scaleDownDelaySeconds: 600 }),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      commit('shop:3', isDegraded),
      at(isPaused, { kind: 'promote' }),
      commit('shop:2', isComplete('shop:3')),
    ],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'blue-green, paused by an alert and resumed',
    rollout: blueGreen(byHand),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      at(isPaused, { ...alert, labels: { penstock_gate: 'pause' } }),
      at(isPaused, editStatus({ pauseConditions: null })),
    ],
    isOver: ({ phase }) => phase === 'Paused' || phase === 'Healthy',
    once: true,
  },
  {
    name: 'blue-green, paused by an alert during its analysis and resumed',
    rollout: blueGreen({ ...byHand, prePromotionAnalysis: { templates: [{ templateName: 'gate' }] } }),
    objects: blueGreenObjects,
    stages: [
      commit('shop:2'),
      atOnce(({ blueGreen: status }) => status?.prePromotionAnalysisRunStatus !== undefined, {
        ...alert,
        labels: { penstock_gate: 'pause' },
      }),
      at(isPaused, editStatus({ pauseConditions: null })),
    ],
    isOver: ({ phase }) => phase === 'Paused' || phase === 'Healthy',
    once: true,
  },
  {
    name: 'blue-green whose active Service is renamed',
    rollout: blueGreen(),
    objects: [...blueGreenObjects, service('front')],
    stages: [commit('shop:2'), at(isHealthyAfter(1), editBlueGreen({ activeService: 'front' }))],
    isOver: isHealthyAfter(2),
    once: true,
  },
  {
    name: 'blue-green whose Services are renamed in the middle',
    rollout: blueGreen(byHand),
    objects: [...blueGreenObjects, service('front'), service('look')],
    stages: [
      commit('shop:2'),
      at(isPaused, editBlueGreen({ activeService: 'front', previewService: 'look' })),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(2),
    once: true,
  },
  {
    name: 'blue-green without a history, aborted and undone',
    rollout: blueGreen(byHand, { spec: { revisionHistoryLimit: 0 } }),
    objects: blueGreenObjects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' }), commit('shop:1', isDegraded)],
    isOver: isComplete('shop:1'),
    once: true,
  },
  {
    name: 'canary, turned into blue-green in the middle',
    rollout: routed(half),
    objects: [...objects, ...blueGreenObjects.slice(0, 2)],
    stages: [
      commit('shop:2'),
      at(
        isPaused,
        edit({
          strategy: {
            canary: null,
            blueGreen: { activeService: 'active', previewService: 'preview', ...byHand, scaleDownDelaySeconds: 2 },
          },
        }),
      ),
      at(({ phase, blueGreen: status }) => phase === 'Paused' && status?.previewSelector !== undefined, {
        kind: 'promote',
      }),
    ],
    isOver: isHealthyAfter(2),
    once: true,
  },
]
