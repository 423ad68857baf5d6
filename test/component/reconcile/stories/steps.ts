/** Steps that ask others: an Experiment with weight of its own, a wait for an object, a webhook that is undone on abort. */
import type { KubeObject } from '../../../../controller/api/meta.ts'
import * as kinds from '../../../../controller/kube/kinds.ts'
import type { HttpRequest, HttpResponse } from '../../../../controller/runtime/http.ts'
import { rollout } from '../../../builders/rollout.ts'
import type { Stage, Story } from '../crash-cluster.ts'
import { abort, commit, isAborted, isHealthy, isPaused, canaryObjects as objects } from './cluster-objects.ts'

const delays = { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 }
const podWithPort = (image: string) => ({
  metadata: { labels: { app: 'shop' } },
  spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] },
})

const measuredFor = (duration: string) =>
  rollout({
    replicas: 2,
    steps: [
      { setWeight: 50 },
      {
        experiment: {
          duration,
          scaleDownDelaySeconds: 2,
          templates: [
            { name: 'baseline', specRef: 'stable', weight: 5 },
            { name: 'trial', specRef: 'canary', weight: 5 },
          ],
        },
      },
    ],
    canary: delays,
    spec: { template: podWithPort('shop:1') },
  })
const commitWithPort: Stage = {
  when: isHealthy,
  act: (cluster) => cluster.patchSpec({ template: podWithPort('shop:2') }),
}

const flag = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'flag', namespace: 'web' },
  data: { open: 'no' },
} as KubeObject
const url = 'https://gates.example/rollouts'
const saga = rollout({
  replicas: 2,
  steps: [
    {
      plugin: {
        name: 'penstock/webhook',
        config: { url, compensate: { name: 'penstock/webhook', config: { url: `${url}/undo` } } },
      },
    },
    {
      plugin: {
        name: 'penstock/wait-until',
        config: {
          object: { apiVersion: 'v1', kind: 'ConfigMap', name: 'flag', jsonPath: '{.data.open}', equals: 'yes' },
          pollSeconds: 10,
        },
      },
    },
    { setWeight: 50 },
    { pause: {} },
  ],
  canary: delays,
})

const answer = (request: HttpRequest): HttpResponse => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ phase: 'Successful', message: request.url.endsWith('/undo') ? 'withdrawn' : 'announced' }),
})

export const stepStories: Readonly<Record<string, Story>> = {
  'experiment with weight': {
    rollout: measuredFor('5s'),
    objects,
    stages: [commitWithPort],
    isOver: isHealthy,
    ending: [
      'Healthy',
      'revision 2: v2, stable v2, step 2',
      'in status: canary 0, stable 100',
      'pods: baseline of v1 0, trial of v2 0, v1 (revision 1) 0, v2 (revision 2) 2',
      'services: canary→v2, stable→v2',
      'route matches: stable 100, canary 0',
      'experiments: Successful',
    ],
  },
  'experiment with weight, aborted': {
    rollout: measuredFor('10m'),
    objects,
    stages: [commitWithPort, abort(({ canary }) => (canary?.weights?.additional ?? []).length > 0)],
    isOver: isAborted,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2, aborted',
      'revision 2: v2, stable v1, step 0',
      'in status: canary 0, stable 100',
      'pods: baseline of v1 0, trial of v2 0, v1 (revision 1) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
      'experiments: Successful',
    ],
  },
  'plugins, undone by an abort': {
    rollout: saga,
    objects: [...objects, flag],
    stages: [
      commit('shop:2'),
      {
        when: ({ currentStepIndex }) => currentStepIndex === 1,
        act: ({ client }) =>
          client.patch({ kind: kinds.configMaps, namespace: 'web', name: 'flag' }, 'merge', { data: { open: 'yes' } }),
      },
      abort(isPaused),
    ],
    isOver: isAborted,
    answer,
    ending: [
      'Degraded: RolloutAborted: Rollout aborted update to revision 2, aborted',
      'revision 2: v2, stable v1, step 0',
      'in status: canary 0, stable 100',
      'plugins: 0 Run Successful, 1 Run Successful, 1 Abort Successful, 0 Abort Successful',
      'pods: v1 (revision 1) 2, v2 (revision 2) 0',
      'services: canary→v1, stable→v1',
      'route matches: stable 100, canary 0',
    ],
  },
}
