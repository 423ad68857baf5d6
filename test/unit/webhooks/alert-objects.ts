/** Objects that the receiver's tests share: a Rollout in the middle of an update, its ReplicaSets, and an Alertmanager payload. */
import { POD_TEMPLATE_HASH, REVISION } from '../../../controller/api/labels.ts'
import type { ReplicaSet, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'

export const CANARY_BORN = '2026-01-01T00:00:00Z'
export const T0 = Date.parse(CANARY_BORN)

export interface RolloutOptions {
  readonly name?: string
  readonly status?: Partial<RolloutStatus>
  readonly annotations?: Readonly<Record<string, string>>
}

export function updatingRollout(options: RolloutOptions = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: {
      namespace: 'shop',
      name: options.name ?? 'checkout',
      uid: `uid-${options.name ?? 'checkout'}`,
      resourceVersion: '1',
      annotations: { [REVISION]: '2', ...options.annotations },
    },
    spec: {},
    status: { currentPodHash: 'canary1', stableRS: 'stable1', ...options.status },
  }
}

export function replicaSet(hash: string, createdAt: string, revision: number): ReplicaSet {
  return {
    metadata: {
      namespace: 'shop',
      name: `checkout-${hash}`,
      creationTimestamp: createdAt,
      labels: { [POD_TEMPLATE_HASH]: hash },
      annotations: { [REVISION]: String(revision) },
    },
    spec: { selector: {}, template: {} },
  }
}

export const bothReplicaSets = [replicaSet('stable1', '2025-12-01T00:00:00Z', 1), replicaSet('canary1', CANARY_BORN, 2)]

export interface WireAlert {
  readonly status?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly startsAt?: string
  readonly fingerprint?: string
}

export const wireAlert = (alert: WireAlert = {}) => ({
  status: 'firing',
  annotations: { summary: 'too many errors' },
  startsAt: '2026-01-01T00:01:00.123456789Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: 'f00dcafe00000001',
  ...alert,
  labels: { alertname: 'HighErrorRate', namespace: 'shop', rollout: 'checkout', ...alert.labels },
})

export const wirePayload = (alerts: readonly unknown[], extra: Readonly<Record<string, unknown>> = {}) => ({
  version: '4',
  groupKey: '{}:{alertname="HighErrorRate"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'penstock',
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://alertmanager',
  alerts,
  ...extra,
})

export const payloadBytes = (payload: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(payload))
