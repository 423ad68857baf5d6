/** Canaries behind a route, and what people, metrics and alerts do to them. */
import { canaryObjects } from '../../run/scenario.ts'
import {
  at,
  atOnce,
  commit,
  isDegraded,
  isHealthy,
  isHealthyAfter,
  isPaused,
  isPausedAt,
  routed,
  type Tale,
} from '../tale.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]
const analysis = { templates: [{ templateName: 'gate' }] }
const judged = [{ setWeight: 50 }, { analysis }]
const beta = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }

export const canaryTales: readonly Tale[] = [
  {
    name: 'canary, promoted',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthy,
    rivals: true,
  },
  {
    name: 'canary, aborted',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
  },
  {
    name: 'canary, aborted while the weight moves',
    rollout: routed([{ setWeight: 25 }, { setWeight: 50 }, { setWeight: 75 }, { pause: {} }], {}, { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), atOnce(({ currentStepIndex }) => currentStepIndex === 1, { kind: 'abort' })],
    isOver: isDegraded,
  },
  {
    name: 'canary, aborted and retried',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(isDegraded, { kind: 'retry' }),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: isHealthy,
  },
  {
    name: 'canary, superseded',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), commit('shop:3', isPaused)],
    isOver: ({ phase, observedGeneration }) => phase === 'Paused' && Number(observedGeneration) > 2,
  },
  {
    name: 'canary, rolled back in the middle',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), commit('shop:1', isPaused)],
    isOver: isHealthyAfter(2),
  },
  {
    name: 'canary, promoted in full',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promoteFull' })],
    isOver: isHealthy,
  },
  {
    name: 'canary, taken back by an alert',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'alert', status: 'firing', times: 2 })],
    isOver: isDegraded,
  },
  {
    name: 'canary, judged and passed',
    rollout: routed(judged),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
  },
  {
    name: 'canary, judged and failed',
    rollout: routed(judged),
    objects,
    stages: [at(isHealthy, { kind: 'metrics', are: 'bad' }), commit('shop:2')],
    isOver: isDegraded,
    rivals: true,
  },
  {
    name: 'canary, failed by its background analysis',
    rollout: routed(half, { analysis: { ...analysis, startingStep: 1 } }),
    objects,
    stages: [at(isHealthy, { kind: 'metrics', are: 'bad' }), commit('shop:2')],
    isOver: isDegraded,
  },
  {
    name: 'canary whose stable revision shrinks, promoted',
    rollout: routed([{ setWeight: 75 }, { pause: {} }], dynamic(), { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthy,
  },
  {
    name: 'canary whose stable revision shrinks, aborted',
    rollout: routed([{ setWeight: 75 }, { pause: {} }], dynamic(), { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
  },
  {
    name: 'canary whose stable revision shrinks, superseded',
    rollout: routed([{ setWeight: 75 }, { pause: {} }], dynamic(), { replicas: 4 }),
    objects,
    stages: [commit('shop:2'), commit('shop:3', isPaused)],
    isOver: ({ phase, observedGeneration }) => phase === 'Paused' && Number(observedGeneration) > 2,
  },
  {
    name: 'canary with an experiment',
    rollout: routed([
      { setWeight: 50 },
      {
        experiment: {
          duration: '5s',
          scaleDownDelaySeconds: 2,
          templates: [
            { name: 'baseline', specRef: 'stable', weight: 5 },
            { name: 'trial', specRef: 'canary', weight: 5 },
          ],
        },
      },
    ]),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    rivals: true,
  },
  {
    name: 'canary with an experiment, aborted in it',
    rollout: routed([
      { setWeight: 50 },
      {
        experiment: {
          duration: '60s',
          scaleDownDelaySeconds: 2,
          templates: [{ name: 'trial', specRef: 'canary' }],
        },
      },
    ]),
    objects,
    stages: [commit('shop:2'), atOnce(({ canary }) => canary?.currentExperiment !== undefined, { kind: 'abort' })],
    isOver: isDegraded,
  },
  {
    name: 'canary by header, promoted',
    rollout: routed(
      [
        { setCanaryScale: { replicas: 1 } },
        { setHeaderRoute: beta },
        { pause: {} },
        { setHeaderRoute: { name: 'beta' } },
        { setCanaryScale: { matchTrafficWeight: true } },
        { setWeight: 50 },
      ],
      {
        trafficRouting: {
          plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop', namespace: 'web' } },
          managedRoutes: [{ name: 'beta' }],
        },
      },
    ),
    objects,
    stages: [commit('shop:2'), at(isPausedAt(2), { kind: 'promote' })],
    isOver: isHealthy,
  },
  {
    name: 'canary, rolled back within the window',
    rollout: routed(half, {}, { spec: { rollbackWindow: { revisions: 3 } } }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' }), commit('shop:1', isHealthy)],
    isOver: isHealthyAfter(2),
  },
  {
    name: 'canary that never gets ready, aborted by its deadline',
    rollout: routed(half, {}, { spec: { progressDeadlineSeconds: 20, progressDeadlineAbort: true } }),
    objects,
    stages: [commit('shop:2-broken')],
    isOver: ({ phase, abort }) => phase === 'Degraded' && abort === true,
  },
  {
    name: 'canary, resized in the middle by an autoscaler',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'scale', replicas: 4 }),
      at(({ phase, HPAReplicas }) => phase === 'Paused' && Number(HPAReplicas) >= 4, { kind: 'promote' }),
    ],
    isOver: isHealthy,
  },
  {
    name: 'canary, its manifests applied anew in the middle',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'reapply' }), at(isPaused, { kind: 'promote' })],
    isOver: isHealthy,
  },
  {
    name: 'canary, its pods restarted in the middle',
    rollout: routed(half, {}, { replicas: 3 }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'restart' })],
    isOver: ({ phase, restartedAt }) => phase === 'Paused' && Boolean(restartedAt),
  },
  {
    name: 'canary, taken over in the middle',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'takeOver' }), at(isPaused, { kind: 'promote' })],
    isOver: isHealthy,
  },
]

/** A delay and a shrinking stable revision exclude each other. */
function dynamic() {
  return { dynamicStableScale: true, scaleDownDelaySeconds: undefined } as const
}
