/** Blue-green: every way to the cutover, and back. */
import { blueGreenObjects } from '../../run/scenario.ts'
import { at, atOnce, blueGreen, commit, isDegraded, isHealthy, isHealthyAfter, isPaused, type Tale } from '../tale.ts'

const objects = blueGreenObjects
const analysis = { templates: [{ templateName: 'gate' }] }
const byHand = { autoPromotionEnabled: false }

export const blueGreenTales: readonly Tale[] = [
  {
    name: 'blue-green, promoted by itself',
    rollout: blueGreen(),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    rivals: true,
  },
  {
    name: 'blue-green, promoted by hand',
    rollout: blueGreen(byHand),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
  },
  {
    name: 'blue-green, promoted in full',
    rollout: blueGreen({ ...byHand, prePromotionAnalysis: analysis }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promoteFull' })],
    isOver: isHealthyAfter(1),
  },
  {
    name: 'blue-green, aborted before the cutover',
    rollout: blueGreen(byHand),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'abort' })],
    isOver: isDegraded,
  },
  {
    name: 'blue-green, aborted after the cutover',
    rollout: blueGreen({ postPromotionAnalysis: analysis }),
    objects,
    stages: [
      commit('shop:2'),
      atOnce(({ blueGreen: status }) => status?.postPromotionAnalysisRunStatus?.name !== undefined, { kind: 'abort' }),
    ],
    isOver: isDegraded,
  },
  {
    name: 'blue-green, judged before the cutover and failed',
    rollout: blueGreen({ prePromotionAnalysis: analysis }),
    objects,
    stages: [at(isHealthy, { kind: 'metrics', are: 'bad' }), commit('shop:2')],
    isOver: isDegraded,
  },
  {
    name: 'blue-green, taken back by an alert',
    rollout: blueGreen(byHand),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'alert', status: 'firing', times: 1 })],
    isOver: isDegraded,
    rivals: true,
  },
  {
    name: 'blue-green, superseded before the cutover',
    rollout: blueGreen({ ...byHand, previewReplicaCount: 1 }),
    objects,
    stages: [commit('shop:2'), commit('shop:3', isPaused)],
    isOver: ({ phase, observedGeneration }) => phase === 'Paused' && Number(observedGeneration) > 2,
  },
  {
    name: 'blue-green, rolled back at once',
    rollout: blueGreen({ scaleDownDelaySeconds: 600 }),
    objects,
    stages: [commit('shop:2'), commit('shop:1', isHealthyAfter(1))],
    isOver: isHealthyAfter(2),
  },
  {
    name: 'blue-green, taken over before the cutover',
    rollout: blueGreen(byHand),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'takeOver' }), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
  },
]
