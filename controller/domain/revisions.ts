/**
 * Which ReplicaSet is which revision: new (carries the template of the spec), stable (last promoted), others. Identity is read from labels;
 * the hash only names a ReplicaSet that does not exist yet. It must not decide how many pods any of them has.
 */

import { LAST_APPLIED, MANAGED_BY, NOTIFIED, POD_TEMPLATE_HASH, REVISION, REVISION_HISTORY } from '../api/labels.ts'
import type { KubeObject, PodTemplate } from '../api/meta.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { podTemplateHash } from '../argo/pod-hash.ts'
import { isSameTemplate } from '../argo/pod-template.ts'
import type { World } from './world.ts'

export interface Revisions {
  /** Label value of the revision that the spec asks for. */
  readonly podHash: string
  /** Undefined until it has been created. */
  readonly newRs: ReplicaSet | undefined
  /** Undefined before the first promotion, or when somebody deleted it. */
  readonly stableRs: ReplicaSet | undefined
  /** Neither new nor stable, newest first. */
  readonly others: readonly ReplicaSet[]
  /** Revision number that the new ReplicaSet has or must get: highest among all, plus one when it is not the highest already. */
  readonly revision: number
}

export const podHashOf = (object: KubeObject): string => object.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
export const revisionOf = (object: KubeObject): number => Number(object.metadata.annotations?.[REVISION] ?? 0) || 0

export function identifyRevisions(world: Pick<World, 'rollout' | 'replicaSets'>): Revisions {
  const { spec, status } = world.rollout
  const alive = world.replicaSets.filter((rs) => !rs.metadata.deletionTimestamp)
  const computed = podTemplateHash(spec.template ?? {}, status?.collisionCount)
  const newRs = findNew(alive, spec.template ?? {}, computed, status?.currentPodHash)
  const podHash = newRs ? podHashOf(newRs) : computed
  const stableRs = status?.stableRS ? alive.find((rs) => podHashOf(rs) === status.stableRS) : undefined
  const others = alive.filter((rs) => rs !== newRs && rs !== stableRs).sort((a, b) => revisionOf(b) - revisionOf(a))
  const highestElsewhere = Math.max(0, ...alive.filter((rs) => rs !== newRs).map(revisionOf))
  const own = newRs ? revisionOf(newRs) : 0
  return { podHash, newRs, stableRs, others, revision: own > highestElsewhere ? own : highestElsewhere + 1 }
}

/**
 * Who carries the template: the ReplicaSet that status names already, else the one named after the hash, else the newest; only among those
 * whose template is the same. The hash alone proves nothing, and a different hash disproves nothing.
 */
function findNew(alive: readonly ReplicaSet[], template: PodTemplate, computed: string, current: string | undefined) {
  const same = alive
    .filter((rs) => podHashOf(rs) !== '' && isSameTemplate(template, rs.spec.template))
    .sort((a, b) => revisionOf(b) - revisionOf(a))
  const named = (hash: string | undefined) => same.find((rs) => podHashOf(rs) === hash)
  return named(current) ?? named(computed) ?? same[0]
}

/** The ReplicaSet of the new revision, at 0 pods, byte-identical for equal input. */
export function renderReplicaSet(rollout: Rollout, revisions: Revisions): ReplicaSet {
  const { podHash, revision } = revisions
  const template = rollout.spec.template ?? {}
  const podLabels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: podHash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${rollout.metadata.name}-${podHash}`,
      ...(rollout.metadata.namespace === undefined ? {} : { namespace: rollout.metadata.namespace }),
      labels: podLabels,
      annotations: { ...inheritedAnnotations(rollout), [REVISION]: String(revision) },
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

const NOT_INHERITED = new Set([LAST_APPLIED, NOTIFIED, REVISION, REVISION_HISTORY, MANAGED_BY])

/** Rollout annotations are copied to its ReplicaSets, as Argo does, except bookkeeping: Argo's and ours. */
function inheritedAnnotations(rollout: Rollout): Record<string, string> {
  const entries = Object.entries(rollout.metadata.annotations ?? {})
  return Object.fromEntries(entries.filter(([key]) => !NOT_INHERITED.has(key) && !key.startsWith('penstock.dev/')))
}
