/**
 * What a ReplicaSet of a Rollout looks like when it is created: name, labels, selector, owner and annotations as Argo Rollouts writes them, so
 * that either controller can go on with it. It must not decide whether one is needed, nor how many pods it gets.
 */
import {
  DESIRED_REPLICAS,
  LAST_APPLIED,
  MANAGED_BY,
  NOTIFIED,
  POD_TEMPLATE_HASH,
  REVISION,
  REVISION_HISTORY,
} from '../api/labels.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { withAntiAffinity } from './anti-affinity.ts'
import { metadataOfNew, withMetadata } from './pod-metadata.ts'
import { type Revisions, replicaSetName } from './revisions.ts'

/** The ReplicaSet of the new revision, at 0 pods, byte-identical for equal input. */
export function renderReplicaSet(rollout: Rollout, revisions: Revisions): ReplicaSet {
  const plain = renderPlain(rollout, revisions)
  return withAntiAffinity(withMetadata(plain, metadataOfNew(rollout, revisions)), rollout, revisions.podHash)
}

function renderPlain(rollout: Rollout, revisions: Revisions): ReplicaSet {
  const { podHash, revision } = revisions
  const template = rollout.spec.template ?? {}
  const podLabels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: podHash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: replicaSetName(rollout, podHash),
      ...(rollout.metadata.namespace === undefined ? {} : { namespace: rollout.metadata.namespace }),
      labels: podLabels,
      annotations: {
        ...inheritedAnnotations(rollout),
        [REVISION]: String(revision),
        [DESIRED_REPLICAS]: String(rollout.spec.replicas ?? 1),
      },
      ownerReferences: [rolloutOwner(rollout)],
    },
    spec: {
      replicas: 0,
      ...(rollout.spec.minReadySeconds === undefined ? {} : { minReadySeconds: rollout.spec.minReadySeconds }),
      selector: {
        ...definedSelector(rollout),
        matchLabels: { ...rollout.spec.selector?.matchLabels, [POD_TEMPLATE_HASH]: podHash },
      },
      template: { ...template, metadata: { ...template.metadata, labels: podLabels } },
    },
  }
}

function definedSelector(rollout: Rollout) {
  const expressions = rollout.spec.selector?.matchExpressions
  if (!expressions) return {}
  return {
    matchExpressions: expressions.map(({ key, operator, values }) => ({
      key,
      operator,
      ...(values ? { values } : {}),
    })),
  }
}

export const rolloutOwner = (rollout: Rollout) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  name: rollout.metadata.name,
  uid: rollout.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

const NOT_INHERITED = new Set([LAST_APPLIED, NOTIFIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MANAGED_BY])

/** Rollout annotations are copied to its ReplicaSets, as Argo does, except bookkeeping: Argo's and ours. */
function inheritedAnnotations(rollout: Rollout): Record<string, string> {
  const entries = Object.entries(rollout.metadata.annotations ?? {})
  return Object.fromEntries(entries.filter(([key]) => !NOT_INHERITED.has(key) && !key.startsWith('penstock.dev/')))
}
