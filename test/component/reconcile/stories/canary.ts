/** Canaries with a router: promotion, and every way back. */
import type { CanaryStep } from '../../../../controller/api/rollout.ts'
import { rollout } from '../../../builders/rollout.ts'
import type { Story } from '../crash-cluster.ts'
import {
  abort,
  commit,
  isAborted,
  isHealthy,
  isPaused,
  isPausedAt,
  canaryObjects as objects,
  promote,
} from './cluster-objects.ts'

const shop = (steps: readonly CanaryStep[]) =>
  rollout({ replicas: 2, steps, canary: { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 } })
const paced = shop([{ setWeight: 50 }, { pause: {} }])
const judged = shop([{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'gate' }] } }])
const climbing = rollout({
  replicas: 4,
  steps: [{ setWeight: 25 }, { setWeight: 50 }, { setWeight: 75 }, { pause: {} }],
  canary: { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 },
})

export const canaryStories: Readonly<Record<string, Story>> = {
  promote: {
    rollout: paced,
    objects,
    stages: [commit('shop:2'), promote()],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step 2',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: canary→v2, stable→v2',
      'route matches: stable 100, canary 0',
    ],
  },
  abort: {
    rollout: paced,
    objects,
    stages: [commit('shop:2'), abort()],
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
  supersede: {
    rollout: paced,
    objects,
    stages: [commit('shop:2'), commit('shop:3', isPaused)],
    isOver: isPaused,
    ending: [
      'Paused: CanaryPauseStep',
      'revision 3: v3, stable v1, step 1',
      'paused: CanaryPauseStep',
      'in status: canary 50, stable 50',
      'pods: v1 (revision 1) 2, v2 (revision 2) 0, v3 (revision 3) 1',
      'services: canary→v3, stable→v1',
      'route matches: stable 50, canary 50',
    ],
  },
  undo: {
    rollout: paced,
    objects,
    stages: [commit('shop:2'), commit('shop:1', isPaused)],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 3: v1, stable v1, step 2',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 3) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
    ],
  },
  'analysis fails': {
    rollout: judged,
    objects,
    stages: [
      commit('shop:2'),
      {
        when: ({ canary }) => canary?.currentStepAnalysisRunStatus?.name !== undefined,
        act: (cluster) => cluster.endRuns('Failed'),
      },
    ],
    isOver: isAborted,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed, aborted',
      'revision 2: v2, stable v1, step 0',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 1) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
      'runs: Failed',
    ],
  },
  'abort while weight moves': {
    rollout: climbing,
    objects,
    stages: [commit('shop:2'), abort(({ currentStepIndex }) => currentStepIndex === 1)],
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
  'promoted while the canary stops answering': {
    rollout: shop([{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }]),
    objects,
    stages: [
      commit('shop:2'),
      {
        when: isPausedAt(1),
        async act(cluster) {
          await cluster.pods.setBroken('shop:2')
          await cluster.patchStatus({ pauseConditions: null })
        },
      },
      { when: ({ availableReplicas }) => availableReplicas === 2, act: ({ pods }) => pods.setBroken(undefined) },
    ],
    isOver: isPausedAt(3),
    ending: [
      'Paused: CanaryPauseStep',
      'revision 2: v2, stable v1, step 3',
      'paused: CanaryPauseStep',
      'in status: canary 50, stable 50',
      'pods: v1 (revision 1) 2, v2 (revision 2) 1',
      'services: canary→v2, stable→v1',
      'route matches: stable 50, canary 50',
    ],
  },
}
