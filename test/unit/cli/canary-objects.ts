/** A canary in the middle of its third step, as a cluster holds it: two revisions, pods, an analysis run that measures. */
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import type { KubeObject, OwnerReference } from '../../../controller/api/meta.ts'
import type { ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'

const createdAt = (minutes: number): string =>
  new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString().replace('.000', '')
const owner = (kind: string, name: string): OwnerReference => ({ apiVersion: 'v1', kind, name, uid: `uid-${name}` })
const meta = (name: string, minutes: number, ownedBy?: OwnerReference, extra: object = {}) => ({
  name,
  namespace: 'shop',
  uid: `uid-${name}`,
  creationTimestamp: createdAt(minutes),
  ...(ownedBy ? { ownerReferences: [ownedBy] } : {}),
  ...extra,
})

export const canaryRollout: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    ...meta('web', 0),
    generation: 7,
    resourceVersion: '41',
    annotations: { 'rollout.argoproj.io/revision': '2' },
  },
  spec: {
    replicas: 4,
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:2' }] } },
    strategy: {
      canary: {
        trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } } },
        steps: [
          { setWeight: 5 },
          { pause: { duration: 60 } },
          { setWeight: 25 },
          { analysis: { templates: [{ templateName: 'errors' }] } },
        ],
      },
    },
  },
  status: {
    observedGeneration: '7',
    phase: 'Paused',
    message: 'CanaryPauseStep',
    currentPodHash: 'bbb',
    stableRS: 'aaa',
    currentStepIndex: 1,
    controllerPause: true,
    pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:59:30Z' }],
    replicas: 5,
    updatedReplicas: 1,
    readyReplicas: 5,
    availableReplicas: 5,
    canary: {
      weights: { canary: { weight: 5 }, stable: { weight: 95 } },
      currentBackgroundAnalysisRunStatus: { name: 'web-bbb-2', status: 'Running' },
    },
  },
}

const replicaSet = (revision: number, hash: string, replicas: number, extra: object = {}): ReplicaSet => ({
  metadata: {
    ...meta(`web-${hash}`, revision * 10, owner('Rollout', 'web')),
    labels: { 'rollouts-pod-template-hash': hash },
    annotations: { 'rollout.argoproj.io/revision': String(revision), ...extra },
  },
  spec: {
    replicas,
    selector: {},
    template: {
      metadata: { labels: { app: 'web', 'rollouts-pod-template-hash': hash } },
      spec: { containers: [{ name: 'web', image: `web:${revision}` }] },
    },
  },
  status: { replicas, readyReplicas: replicas, availableReplicas: replicas },
})

export const replicaSets: readonly ReplicaSet[] = [
  replicaSet(1, 'aaa', 4, { 'scale-down-deadline': '2026-01-01T01:00:25Z' }),
  replicaSet(2, 'bbb', 1),
  replicaSet(0, 'old', 0),
]

const pod = (name: string, setName: string, status: object): KubeObject & { spec: object; status: object } => ({
  metadata: meta(name, 21, owner('ReplicaSet', setName)),
  spec: { containers: [{}] },
  status,
})

export const pods = [
  pod('web-aaa-1', 'web-aaa', { phase: 'Running', containerStatuses: [{ ready: true, restartCount: 2 }] }),
  pod('web-bbb-1', 'web-bbb', {
    phase: 'Running',
    containerStatuses: [{ ready: false, restartCount: 0, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
  }),
  pod('other-1', 'other', { phase: 'Running' }),
]

export const analysisRun: AnalysisRun = {
  metadata: {
    ...meta('web-bbb-2', 22, owner('Rollout', 'web')),
    labels: { 'rollout-type': 'Background' },
    annotations: { 'rollout.argoproj.io/revision': '2' },
  },
  spec: {
    metrics: [
      { name: 'error-rate', count: 5, provider: {} },
      { name: 'latency', provider: {} },
    ],
  },
  status: {
    phase: 'Running',
    metricResults: [
      {
        name: 'error-rate',
        phase: 'Running',
        successful: 2,
        failed: 1,
        measurements: [
          { phase: 'Successful', value: '0.001' },
          { phase: 'Failed', value: '0.2' },
        ],
      },
    ],
  },
}

export const canaryObjects = (rollout: Rollout = canaryRollout): Readonly<Record<string, readonly KubeObject[]>> => ({
  rollouts: [rollout],
  replicasets: replicaSets,
  pods,
  analysisruns: [analysisRun],
  events: [],
})
