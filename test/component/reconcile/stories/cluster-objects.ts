/** What the stories find in their cluster, and moments that they share. */
import type { KubeObject } from '../../../../controller/api/meta.ts'
import type { RolloutStatus } from '../../../../controller/api/rollout.ts'
import { podTemplateHash } from '../../../../controller/argo/pod-hash.ts'
import { rollout } from '../../../builders/rollout.ts'
import type { Stage } from '../crash-cluster.ts'

export const service = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'web' },
    spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
  }) as KubeObject

export const route = (...services: readonly string[]): KubeObject =>
  ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop', namespace: 'web' },
    spec: { parentRefs: [{ name: 'front' }], rules: [{ backendRefs: services.map((name) => ({ name, port: 80 })) }] },
  }) as KubeObject

/** Between two subsets of the Service `shop`. */
export const virtualService = (...subsets: readonly string[]): KubeObject =>
  ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'shop', namespace: 'web' },
    spec: {
      hosts: ['shop'],
      http: [{ name: 'primary', route: subsets.map((subset) => ({ destination: { host: 'shop', subset } })) }],
    },
  }) as KubeObject

export const destinationRule = (...subsets: readonly string[]): KubeObject =>
  ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'shop', namespace: 'web' },
    spec: { host: 'shop', subsets: subsets.map((name) => ({ name, labels: { app: 'shop' } })) },
  }) as KubeObject

export const gate = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        successCondition: 'result < 0.05',
        provider: { prometheus: { address: 'http://prometheus', query: 'vector(0)' } },
      },
    ],
  },
} as KubeObject

export const canaryObjects = [service('stable'), service('canary'), route('stable', 'canary'), gate]
export const blueGreenObjects = [service('active'), service('preview'), gate]

export const isHealthy = ({ phase }: RolloutStatus): boolean => phase === 'Healthy'
export const isPaused = ({ phase }: RolloutStatus): boolean => phase === 'Paused'
export const isPausedAt =
  (step: number) =>
  ({ phase, currentStepIndex }: RolloutStatus): boolean =>
    phase === 'Paused' && currentStepIndex === step
export const isAborted = ({ phase, abort }: RolloutStatus): boolean => phase === 'Degraded' && abort === true

/** Not merely Healthy: that it may still be when a new image has not been seen yet. */
export function runsStable(image: string): Stage['when'] {
  const { spec } = rollout({ image })
  const hash = spec.template && podTemplateHash(spec.template)
  return ({ phase, stableRS }) => phase === 'Healthy' && stableRS === hash
}

type When = Stage['when']
export const commit = (image: string, when: When = isHealthy): Stage => ({
  when,
  act: (cluster) => cluster.setImage(image),
})
export const promote = (when: When = isPaused): Stage => ({
  when,
  act: (cluster) => cluster.patchStatus({ pauseConditions: null }),
})
export const abort = (when: When = isPaused): Stage => ({
  when,
  act: (cluster) => cluster.patchStatus({ abort: true }),
})
