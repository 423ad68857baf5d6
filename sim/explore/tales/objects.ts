/** What several tales are about besides the objects of every scenario. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import { podTemplateHash } from '../../../controller/argo/pod-hash.ts'
import type { FaultKind } from '../../faults/fault.ts'
import { PROMETHEUS_URL } from '../../models/outbound.ts'
import { NAMESPACE, ROLLOUT } from '../../run/scenario.ts'
import { type Deed, touched } from '../deed.ts'
import { unrouted } from '../tale.ts'

/** Measures every five seconds, so many times. */
export const template = (
  name: string,
  count: number,
  metric: object = { successCondition: 'result[0] < 0.05' },
): KubeObject =>
  ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      metrics: [
        {
          name: 'errors',
          interval: '5s',
          count,
          ...metric,
          provider: { prometheus: { address: PROMETHEUS_URL, query: 'sum(rate(errors_total[1m]))' } },
        },
      ],
    },
  }) as KubeObject

/** The hash of the pods with this image, as every tale has them. */
export function hashOf(image: string): string {
  const { template: pods } = unrouted([]).spec
  if (!pods) throw new Error('every tale has pods')
  return podTemplateHash(
    { ...pods, spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] } },
    undefined,
  )
}
export const replicaSetOf = (image: string): string => `${ROLLOUT}-${hashOf(image)}`

/** Somebody else's, who has the name that the second revision would have. */
export const stranger = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: replicaSetOf('shop:2'), namespace: NAMESPACE, labels: { app: 'other' } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'other' } },
    template: { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'app', image: 'other' }] } },
  },
} as KubeObject

export const fault = (one: FaultKind): Deed => ({ kind: 'fault', fault: one })
export const lateEvents = (plural: string, ms: number, forMs: number): Deed =>
  fault({ kind: 'delayEvents', plural, ms, forMs })

/** A mark that says nothing. */
export const touch = (object: Extract<Deed, { kind: 'edit' }>['object'], name: string): Deed => ({
  kind: 'edit',
  object,
  name,
  patch: touched,
})

export const edit = (spec: object): Deed => ({ kind: 'edit', object: 'Rollout', name: ROLLOUT, patch: { spec } })
export const editStatus = (status: object): Deed => ({
  kind: 'edit',
  object: 'Rollout',
  name: ROLLOUT,
  patch: { status },
  subresource: 'status',
})
export const editCanary = (canary: object): Deed => edit({ strategy: { canary } })
export const editBlueGreen = (blueGreen: object): Deed => edit({ strategy: { blueGreen } })

const backends = (canary: number) => [
  { name: 'stable', port: 80, weight: 100 - canary },
  { name: 'canary', port: 80, weight: canary },
]
/** Somebody writes the route as it was made, with weights of their own. */
export const weigh = (canary: number): Deed => ({
  kind: 'edit',
  object: 'HTTPRoute',
  name: ROLLOUT,
  patch: {
    spec: {
      rules: [
        { backendRefs: backends(canary) },
        { matches: [{ path: { type: 'PathPrefix', value: '/admin' } }], backendRefs: [{ name: 'admin', port: 80 }] },
      ],
    },
  },
})

/** So many pods of the second revision, or of the first, are not ready for a while; those of one revision stand together in the order of names. */
const isSecondFirst = hashOf('shop:2') < hashOf('shop:1')
export const loseNew = (pods: number, oldPods: number, ms: number): readonly Deed[] =>
  Array.from(
    { length: pods },
    (_none, at): Deed => ({
      kind: 'fault',
      fault: { kind: 'pod', mode: 'flap', index: isSecondFirst ? 0 : oldPods, ms: ms + at },
    }),
  )
export const loseOld = (newPods: number, ms: number): Deed => ({
  kind: 'fault',
  fault: { kind: 'pod', mode: 'flap', index: isSecondFirst ? newPods : 0, ms },
})

export const alert = { kind: 'alert', status: 'firing', times: 1 } as const
export const metrics = (mode: 'nan' | 'error' | 'empty' | 'timeout', forMs = 1e9): Deed => ({
  kind: 'fault',
  fault: { kind: 'metrics', mode, forMs },
})
export const good: Deed = { kind: 'metrics', are: 'good' }
export const bad: Deed = { kind: 'metrics', are: 'bad' }
