/**
 * Objects as Argo Rollouts 1.8 leaves them: names by its hash, labels, annotations, selectors and a status in its words, of an update from
 * `shop:1` to `shop:2`. Plain data; `test/fixtures/argo` has recorded ones.
 */
import { DESIRED_REPLICAS, MANAGED_BY, POD_TEMPLATE_HASH, REVISION } from '../../controller/api/labels.ts'
import type { PodTemplate } from '../../controller/api/meta.ts'
import type { Condition, ReplicaSet, Rollout, RolloutStatus, Service } from '../../controller/api/rollout.ts'
import { podTemplateHash, stepHash } from '../../controller/argo/pod-hash.ts'

export const templateOf = (image: string): PodTemplate => ({
  metadata: { labels: { app: 'shop' } },
  spec: { containers: [{ name: 'app', image }] },
})

export const hashOf = (image: string): string => podTemplateHash(templateOf(image), null, '1.8')
export const OLD = hashOf('shop:1')
export const NEW = hashOf('shop:2')

const BEFORE = '2025-12-31T23:59:30Z'

export interface LeftReplicaSet {
  readonly image: string
  readonly replicas: number
  readonly revision: number
  /** The label; Argo 1.8's hash when absent. */
  readonly hash?: string
  readonly createdAt?: string
}

export function replicaSetOf({
  image,
  replicas,
  revision,
  hash = hashOf(image),
  createdAt = BEFORE,
}: LeftReplicaSet): ReplicaSet {
  const labels = { app: 'shop', [POD_TEMPLATE_HASH]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `shop-${hash}`,
      namespace: 'web',
      labels,
      annotations: { [DESIRED_REPLICAS]: '5', [REVISION]: String(revision) },
      creationTimestamp: createdAt,
    },
    spec: { replicas, selector: { matchLabels: labels }, template: { ...templateOf(image), metadata: { labels } } },
  }
}

/** A Service that Argo has pointed at a revision. */
export const serviceOf = (name: string, hash: string): Service => ({
  metadata: { name, namespace: 'web', annotations: { [MANAGED_BY]: 'shop' } },
  spec: { selector: { app: 'shop', [POD_TEMPLATE_HASH]: hash }, ports: [{ port: 80 }] },
})

const condition = (type: string, status: Condition['status'], reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
  lastUpdateTime: BEFORE,
  lastTransitionTime: BEFORE,
})

const yes = 'True'
const no = 'False'
const available = condition('Available', yes, 'AvailableReason', 'Rollout has minimum availability')
const healthy = (is: boolean) =>
  condition('Healthy', is ? yes : no, 'RolloutHealthy', is ? 'Rollout is healthy' : 'Rollout is not healthy')
const completed = (is: boolean) => condition('Completed', is ? yes : no, 'RolloutCompleted', 'RolloutCompleted')
const paused = (is: boolean) =>
  condition('Paused', is ? yes : no, 'RolloutPaused', is ? 'Rollout is paused' : 'Rollout is not paused')
const progressing = (status: Condition['status'], reason: string, message: string) =>
  condition('Progressing', status, reason, message)

export const conditionsOf = {
  healthy: [
    available,
    paused(false),
    healthy(true),
    completed(true),
    progressing(yes, 'NewReplicaSetAvailable', `ReplicaSet "shop-${OLD}" has successfully progressed.`),
  ],
  paused: [
    available,
    healthy(false),
    completed(false),
    progressing('Unknown', 'RolloutPaused', 'Rollout is paused'),
    paused(true),
  ],
  scaling: [
    available,
    healthy(false),
    completed(false),
    paused(false),
    progressing(yes, 'ReplicaSetUpdated', `ReplicaSet "shop-${NEW}" is progressing.`),
  ],
  aborted: [
    available,
    healthy(false),
    completed(false),
    paused(false),
    progressing(no, 'RolloutAborted', 'Rollout aborted update to revision 2'),
  ],
  first: [
    condition('Available', no, 'AvailableReason', 'Rollout does not have minimum availability'),
    completed(true),
    progressing(yes, 'ReplicaSetUpdated', `ReplicaSet "shop-${OLD}" is progressing.`),
  ],
}

const weights = (canary: number, hash: string) => ({
  canary: { weight: canary, serviceName: 'canary', podTemplateHash: hash },
  stable: { weight: 100 - canary, serviceName: 'stable', podTemplateHash: OLD },
  verified: true,
})

/** Status in the middle of the update to `shop:2`; `status` overrides. */
export function statusOf(rollout: Rollout, status: RolloutStatus, canaryWeight?: number): RolloutStatus {
  return {
    HPAReplicas: 6,
    availableReplicas: 6,
    blueGreen: {},
    canary: canaryWeight === undefined ? {} : { weights: weights(canaryWeight, canaryWeight === 0 ? OLD : NEW) },
    currentPodHash: NEW,
    currentStepHash: stepHash(rollout.spec.strategy?.canary?.steps, '1.8'),
    observedGeneration: String(rollout.metadata.generation ?? 0),
    readyReplicas: 6,
    replicas: 6,
    selector: 'app=shop',
    stableRS: OLD,
    updatedReplicas: 1,
    ...status,
  }
}
