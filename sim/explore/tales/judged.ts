/** What is measured, and what becomes of a release by it. */
import { blueGreenObjects, canaryObjects } from '../../run/scenario.ts'
import {
  at,
  atOnce,
  blueGreen,
  commit,
  isDegraded,
  isHealthy,
  isHealthyAfter,
  isPaused,
  routed,
  type Stage,
  type Tale,
} from '../tale.ts'
import { bad, editStatus, good, hashOf, metrics, template } from './objects.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]
const analysis = { templates: [{ templateName: 'gate' }] }
const patient = { templates: [{ templateName: 'patient' }] }
const judged = [{ setWeight: 50 }, { analysis }]
const background = { analysis: { ...analysis, startingStep: 1 } }
const experiment = (scaleDownDelaySeconds = 2) => ({
  experiment: {
    duration: '15s',
    scaleDownDelaySeconds,
    templates: [{ name: 'trial', specRef: 'canary' as const }],
    analyses: [{ name: 'errors', templateName: 'gate', requiredForCompletion: true }],
  },
})
const hasty: { readonly spec: object } = { spec: { progressDeadlineSeconds: 10, progressDeadlineAbort: true } }
const isCutOver: Stage['when'] = ({ blueGreen: status }) => status?.activeSelector === hashOf('shop:2')

export const judgedTales: readonly Tale[] = [
  {
    name: 'canary, judged twice',
    rollout: routed([{ setWeight: 25 }, { analysis }, { setWeight: 50 }, { analysis }], {}, { replicas: 4 }),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary, judged and failed, then retried',
    rollout: routed(judged),
    objects,
    stages: [at(isHealthy, bad), commit('shop:2'), at(isDegraded, good, { kind: 'retry' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary without a verdict, promoted',
    rollout: routed([...judged, { setWeight: 75 }]),
    objects,
    stages: [at(isHealthy, metrics('nan')), commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary without a verdict, asked again',
    rollout: routed([...judged, { setWeight: 75 }]),
    objects,
    stages: [
      at(isHealthy, metrics('empty')),
      commit('shop:2'),
      at(isPaused, good, editStatus({ pauseConditions: null })),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose Prometheus is down',
    rollout: routed(judged),
    objects,
    stages: [at(isHealthy, metrics('error')), commit('shop:2')],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'canary whose Prometheus is down for a moment',
    rollout: routed(judged),
    objects,
    stages: [
      commit('shop:2'),
      atOnce(({ canary }) => canary?.currentStepAnalysisRunStatus?.name !== undefined, metrics('timeout', 15_000)),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary without a verdict in the background',
    rollout: routed([{ setWeight: 50 }, { pause: { duration: '15s' } }, { setWeight: 75 }], background),
    objects,
    stages: [at(isHealthy, metrics('nan')), commit('shop:2')],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'canary with a background analysis, rolled back within the window',
    rollout: routed(half, background, { spec: { rollbackWindow: { revisions: 3 } } }),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' }), commit('shop:1', isHealthyAfter(1))],
    isOver: isHealthyAfter(2),
    once: true,
  },
  {
    name: 'canary with an experiment that is judged',
    rollout: routed([{ setWeight: 50 }, experiment()]),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary with an experiment that fails, then retried',
    rollout: routed([{ setWeight: 50 }, experiment()]),
    objects,
    stages: [at(isHealthy, bad), commit('shop:2'), at(isDegraded, good, { kind: 'retry' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary, aborted before anything is measured',
    rollout: routed(judged),
    objects,
    stages: [
      at(isHealthy, metrics('timeout')),
      commit('shop:2'),
      atOnce(({ canary }) => canary?.currentStepAnalysisRunStatus?.name !== undefined, { kind: 'abort' }),
    ],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary whose measurements all fail within their limit',
    rollout: routed([{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'lenient' }] } }]),
    objects: [...objects, template('lenient', 2, { successCondition: 'result[0] < 0.05', failureLimit: 2 })],
    stages: [at(isHealthy, bad), commit('shop:2')],
    isOver: ({ phase }) => phase === 'Paused' || phase === 'Degraded',
    once: true,
  },
  {
    name: 'canary whose metric asks for nothing',
    rollout: routed([{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'idle' }] } }]),
    objects: [...objects, template('idle', 2, {})],
    stages: [commit('shop:2')],
    isOver: ({ phase }) => phase === 'Paused' || phase === 'Degraded',
    once: true,
  },
  {
    name: 'canary whose metric only says what is bad, without data',
    rollout: routed([{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'pessimist' }] } }]),
    objects: [...objects, template('pessimist', 2, { failureCondition: 'result[0] > 0.05' })],
    stages: [at(isHealthy, metrics('nan')), commit('shop:2')],
    isOver: isPaused,
    once: true,
  },
  {
    name: 'blue-green, judged before the cutover and passed',
    rollout: blueGreen({ prePromotionAnalysis: analysis }),
    objects: blueGreenObjects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green, judged after the cutover and passed',
    rollout: blueGreen({ postPromotionAnalysis: analysis }),
    objects: blueGreenObjects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green without a verdict, promoted in full',
    rollout: blueGreen({ prePromotionAnalysis: analysis }),
    objects: blueGreenObjects,
    stages: [at(isHealthy, metrics('nan')), commit('shop:2'), at(isPaused, { kind: 'promoteFull' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green, judged before the cutover for longer than its deadline',
    rollout: blueGreen({ prePromotionAnalysis: patient }, hasty),
    objects: [...blueGreenObjects, template('patient', 4)],
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green, judged after the cutover for longer than its deadline',
    rollout: blueGreen({ postPromotionAnalysis: patient }, hasty),
    objects: [...blueGreenObjects, template('patient', 4)],
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'blue-green, superseded while it is judged after the cutover',
    rollout: blueGreen({ postPromotionAnalysis: patient }),
    objects: [...blueGreenObjects, template('patient', 4)],
    stages: [commit('shop:2'), atOnce(isCutOver, { kind: 'setImage', image: 'shop:3' })],
    isOver: isHealthyAfter(2),
    once: true,
  },
]
