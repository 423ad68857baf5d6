/** Blue-green: every way to the cutover and back, and the strategy itself exchanged in the middle of an update. */
import type { BlueGreenStrategy } from '../../../../controller/api/rollout.ts'
import { blueGreenRollout, rollout } from '../../../builders/rollout.ts'
import type { Story } from '../crash-cluster.ts'
import {
  abort,
  canaryObjects,
  commit,
  isAborted,
  isHealthy,
  isPaused,
  blueGreenObjects as objects,
  promote,
  runsStable,
  service,
} from './cluster-objects.ts'

const delays = { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 }
const shop = (strategy: Partial<BlueGreenStrategy> = {}) =>
  blueGreenRollout({ ...delays, ...strategy }, { replicas: 2 })
const manual = shop({ autoPromotionEnabled: false })
const judgedAfter = shop({ postPromotionAnalysis: { templates: [{ templateName: 'gate' }] } })

export const blueGreenStories: Readonly<Record<string, Story>> = {
  'blue-green promotes by itself': {
    rollout: shop(),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step -',
      'in status: v2, v2',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: active→v2, preview→v2',
    ],
  },
  'blue-green promoted by hand': {
    rollout: manual,
    objects,
    stages: [commit('shop:2'), promote()],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step -',
      'in status: v2, v2',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: active→v2, preview→v2',
    ],
  },
  'blue-green aborted after the cutover': {
    rollout: judgedAfter,
    objects,
    stages: [commit('shop:2'), abort(({ blueGreen }) => blueGreen?.postPromotionAnalysisRunStatus?.name !== undefined)],
    isOver: isAborted,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2, aborted',
      'revision 2: v2, stable v1, step -',
      'in status: v1, v2',
      'pods: v1 (revision 1) 2, v2 (revision 2) 0',
      'services: active→v1, preview→v2',
      'runs: terminated',
    ],
  },
  'blue-green fast rollback': {
    rollout: shop({ scaleDownDelaySeconds: 600 }),
    objects,
    stages: [commit('shop:2'), commit('shop:1', runsStable('shop:2'))],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 3: v1, stable v1, step -',
      'in status: v1, v1',
      'pods: v1 (revision 3) 2, v2 (revision 2) 2',
      'services: active→v1, preview→v1',
    ],
  },
  'from canary to blue-green': {
    rollout: rollout({ replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }], canary: delays }),
    objects: [...canaryObjects, service('active'), service('preview')],
    stages: [
      commit('shop:2'),
      {
        when: isPaused,
        act: (cluster) =>
          cluster.patchSpec({
            strategy: {
              canary: null,
              blueGreen: { activeService: 'active', previewService: 'preview', autoPromotionEnabled: false, ...delays },
            },
          }),
      },
      promote(({ phase, blueGreen }) => phase === 'Paused' && blueGreen?.previewSelector !== undefined),
    ],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step -',
      'in status: v2, v2',
      'pods: v1 (revision 1) 0, v2 (revision 2) 2',
      'services: active→v2, canary→*, preview→v2, stable→*',
      'route matches: stable 50, canary 50',
    ],
  },
}
