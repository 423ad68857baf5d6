/** Stories of pods: taken over from a Deployment, labelled by role, restarted in the middle of an update. */
import type { KubeObject } from '../../../../controller/api/meta.ts'
import { formatInstant } from '../../../../controller/api/scalars.ts'
import { rollout } from '../../../builders/rollout.ts'
import type { Cluster, Story } from '../crash-cluster.ts'
import { abort, commit, isAborted, isHealthy, isPaused, canaryObjects as objects, promote } from './cluster-objects.ts'

const delays = { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 }
const half = [{ setWeight: 50 }, { pause: {} }]

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'shop' } },
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } },
  },
} as KubeObject

function following() {
  const base = rollout({ replicas: 2, routed: false })
  const { template: _template, selector: _selector, ...spec } = base.spec
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', scaleDown: 'onsuccess' }
  return { ...base, spec: { ...spec, workloadRef } }
}

const labelled = rollout({
  replicas: 2,
  steps: half,
  canary: {
    ...delays,
    canaryMetadata: { labels: { role: 'canary' } },
    stableMetadata: { labels: { role: 'stable' } },
  },
})

/** Whole seconds are all that creation times tell apart. */
async function restart(cluster: Cluster): Promise<void> {
  await cluster.patchSpec({ restartAt: formatInstant(cluster.clock.now() + 1_000) })
}

const windowed = rollout({
  replicas: 2,
  steps: [{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'gate' }] } }],
  canary: delays,
  spec: { rollbackWindow: { revisions: 3 } },
})

export const podStories: Readonly<Record<string, Story>> = {
  'first deploy over a Deployment': {
    rollout: following(),
    objects: [deployment],
    stages: [],
    isOver: isHealthy,
    ending: ['Healthy', 'revision 1: v1, stable v1, step 0', 'pods: v1 (revision 1) 2', 'workload: 0'],
  },
  'roles, promoted': {
    rollout: labelled,
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
      'roles: stable, stable',
    ],
  },
  'roles, aborted': {
    rollout: labelled,
    objects,
    stages: [commit('shop:2'), abort(), commit('shop:1', isAborted)],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 3: v1, stable v1, step 2',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 3) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
      'roles: stable, stable',
    ],
  },
  'restart in mid-canary': {
    rollout: rollout({ replicas: 3, steps: half, canary: delays }),
    objects,
    stages: [commit('shop:2'), { when: isPaused, act: restart }],
    isOver: ({ phase, restartedAt }) => phase === 'Paused' && Boolean(restartedAt),
    ending: [
      'Paused: CanaryPauseStep',
      'revision 2: v2, stable v1, step 1',
      'paused: CanaryPauseStep',
      'in status: canary 50, stable 50',
      'restarted',
      'pods: v1 (revision 1) 3, v2 (revision 2) 2',
      'services: canary→v2, stable→v1',
      'route matches: stable 50, canary 50',
    ],
  },
  'rollback within the window': {
    rollout: windowed,
    objects,
    stages: [
      commit('shop:2'),
      {
        when: ({ canary }) => canary?.currentStepAnalysisRunStatus?.name !== undefined,
        act: (cluster) => cluster.patchStatus({ promoteFull: true }),
      },
      commit('shop:1'),
    ],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 3: v1, stable v1, step 2',
      'in status: canary 0, stable 100',
      'pods: v1 (revision 3) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
      'runs: terminated',
    ],
  },
}
