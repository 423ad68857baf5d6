/** What people ask for, in orders that nobody wishes for: again, too early, too late, at the same moment, or wrongly. */
import { WAIT_DEADLINE } from '../../../controller/api/labels.ts'
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
  later,
  routed,
  type Stage,
  type Tale,
  unrouted,
} from '../tale.ts'
import { edit, editCanary, editStatus, hashOf, replicaSetOf, stranger, template } from './objects.ts'

const objects = canaryObjects
const half = [{ setWeight: 50 }, { pause: {} }]
const analysis = { templates: [{ templateName: 'gate' }] }
const judged = [{ setWeight: 50 }, { analysis }]
const isJudged: Stage['when'] = ({ canary }) => canary?.currentStepAnalysisRunStatus?.name !== undefined
const isAborted: Stage['when'] = ({ phase, abort }) => phase === 'Degraded' && abort === true

export const requestTales: readonly Tale[] = [
  {
    name: 'canary at rest, aborted with nothing to abort',
    rollout: routed(half),
    objects,
    stages: [at(isHealthy, { kind: 'abort' })],
    isOver: isHealthy,
    once: true,
  },
  {
    name: 'canary, aborted, retried and aborted once more',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(isDegraded, { kind: 'retry' }),
      at(isPaused, { kind: 'abort' }),
    ],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary, aborted and retried twice within a second',
    rollout: routed(judged),
    objects,
    stages: [
      commit('shop:2'),
      atOnce(isJudged, { kind: 'abort' }),
      later(300, { kind: 'retry' }),
      later(300, { kind: 'abort' }),
      later(300, { kind: 'retry' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary that begins with a judgement, aborted and retried twice within a second',
    rollout: routed([{ analysis }, { setWeight: 50 }]),
    objects,
    stages: [
      commit('shop:2'),
      atOnce(isJudged, { kind: 'abort' }),
      later(200, { kind: 'retry' }),
      later(200, { kind: 'abort' }),
      later(200, { kind: 'retry' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary, aborted and rolled forward',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      commit('shop:3', isDegraded),
      at(isPaused, { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(2),
    once: true,
  },
  {
    name: 'canary, promoted in full and aborted in one breath, then retried',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'promoteFull' }, { kind: 'abort' }),
      at(isDegraded, { kind: 'retry' }),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary, promoted in full while it is aborted, then retried',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'abort' }),
      at(isDegraded, { kind: 'promoteFull' }),
      at(isDegraded, { kind: 'retry' }),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary whose pause is skipped in front of another',
    rollout: unrouted([{ setWeight: 50 }, { pause: {} }, { pause: {} }, { setWeight: 75 }]),
    objects: [],
    stages: [
      commit('shop:2'),
      at(isPausedAt(1), editStatus({ pauseConditions: null, currentStepIndex: 2 })),
      at(isPausedAt(2), { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary in timed steps',
    rollout: routed(
      [{ setWeight: 25 }, { pause: { duration: '5s' } }, { setWeight: 50 }, { pause: { duration: '5s' } }],
      {},
      { replicas: 4 },
    ),
    objects,
    stages: [commit('shop:2')],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary, paused by its spec between two steps',
    rollout: routed([{ setWeight: 25 }, { setWeight: 50 }, { pause: {} }], {}, { replicas: 4 }),
    objects,
    stages: [
      commit('shop:2'),
      atOnce(({ currentStepIndex }) => currentStepIndex === 0, { kind: 'pause' }),
      at(isPausedAt(0), { kind: 'resume' }),
      at(isPausedAt(2), { kind: 'promote' }),
    ],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose steps are edited in the middle',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPausedAt(1), editCanary({ steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }] })),
    ],
    isOver: ({ phase, canary }) => phase === 'Paused' && canary?.weights?.canary.weight === 25,
    once: true,
  },
  {
    name: 'canary whose spec is broken in the middle, and repaired',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, editCanary({ canaryService: 'stable' })),
      at(isDegraded, editCanary({ canaryService: 'canary' })),
    ],
    isOver: isPausedAt(1),
    once: true,
  },
  {
    name: 'canary whose template of an analysis is deleted, aborted',
    rollout: routed([...half, { analysis }]),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'edit', object: 'AnalysisTemplate', name: 'gate' }),
      at(isDegraded, { kind: 'abort' }),
    ],
    isOver: isAborted,
    once: true,
  },
  {
    name: 'canary whose stable pods are deleted in the middle',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, { kind: 'edit', object: 'ReplicaSet', name: replicaSetOf('shop:1') })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary whose stable pods are deleted while it is aborted',
    rollout: routed(half),
    objects,
    stages: [
      commit('shop:2'),
      at(isPaused, { kind: 'edit', object: 'ReplicaSet', name: replicaSetOf('shop:1') }, { kind: 'abort' }),
    ],
    isOver: isDegraded,
    once: true,
  },
  {
    name: 'canary whose name somebody else has taken',
    rollout: routed(half),
    objects: [...objects, stranger],
    stages: [commit('shop:2'), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
  {
    name: 'canary for which nobody comes',
    rollout: routed(half, {}, { annotations: { [WAIT_DEADLINE]: '20s' } }),
    objects,
    stages: [commit('shop:2')],
    isOver: isAborted,
    once: true,
  },
  {
    name: 'canary that is judged for too long',
    rollout: routed(
      [{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'patient' }] } }],
      {},
      { annotations: { [WAIT_DEADLINE]: '25s' }, spec: { progressDeadlineSeconds: 10, progressDeadlineAbort: true } },
    ),
    objects: [...objects, template('patient', 12)],
    stages: [commit('shop:2')],
    isOver: isAborted,
    once: true,
  },
  {
    name: 'canary whose old pods stay for longer than its deadline',
    rollout: routed(
      [{ setWeight: 50 }],
      { scaleDownDelaySeconds: 25 },
      { spec: { progressDeadlineSeconds: 12, progressDeadlineAbort: true } },
    ),
    objects,
    stages: [commit('shop:2')],
    isOver: ({ phase, stableRS, replicas }) => phase === 'Healthy' && stableRS === hashOf('shop:2') && replicas === 2,
    once: true,
  },
  {
    name: 'canary whose pods fail long after its end',
    rollout: routed([{ setWeight: 50 }], {}, { spec: { progressDeadlineSeconds: 10, progressDeadlineAbort: true } }),
    objects,
    stages: [
      commit('shop:2'),
      at(isHealthyAfter(1), { kind: 'fault', fault: { kind: 'pod', mode: 'flap', index: 0, ms: 25_000 } }),
    ],
    isOver: ({ phase, availableReplicas }) => phase === 'Healthy' && availableReplicas === 2,
    once: true,
  },
  {
    name: 'canary, given another size while it is paused by its spec',
    rollout: routed(half),
    objects,
    stages: [commit('shop:2'), at(isPaused, edit({ paused: true, replicas: 4 })), at(isPaused, { kind: 'promote' })],
    isOver: isHealthyAfter(1),
    once: true,
  },
]
