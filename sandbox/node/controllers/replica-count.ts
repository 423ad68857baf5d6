/**
 * The arithmetic of a ReplicaSet: how many pods to create, which to delete, and the status that its pods add up to. Pure.
 *
 * Deleted first, each rule deciding where the one before ties: without a node · Pending, then Unknown, then Running · not
 * ready · lower deletion cost · ready for a shorter time · more restarts · younger.
 */
import { compileLabelSelector } from '../../../controller/kube/label-selector.ts'
import { conditionOf, earliest, isActive, isReady, type Pod, parseTime, type ReplicaSet } from '../objects.ts'

export interface ReplicaPlan {
  readonly create: number
  readonly delete: readonly Pod[]
}

/** `owned` are the pods that this ReplicaSet controls. */
export function decideReplicas(replicaSet: ReplicaSet, owned: readonly Pod[]): ReplicaPlan {
  const active = owned.filter(isActive)
  const surplus = active.length - (replicaSet.spec.replicas ?? 1)
  if (surplus <= 0) return { create: -surplus, delete: [] }
  return { create: 0, delete: active.toSorted(compareForDeletion).slice(0, surplus) }
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

const readySinceMs = (pod: Pod): number =>
  isReady(pod) ? (parseTime(conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime) ?? 0) : 0

const restartsOf = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount))

/** Lower goes first. */
const deletionRanks: readonly ((pod: Pod) => number)[] = [
  (pod) => (pod.spec.nodeName ? 1 : 0),
  (pod) => phaseRank[pod.status?.phase ?? 'Pending'] ?? 1,
  (pod) => (isReady(pod) ? 1 : 0),
  (pod) => Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0,
  (pod) => -readySinceMs(pod),
  (pod) => -restartsOf(pod),
  (pod) => -(parseTime(pod.metadata.creationTimestamp) ?? 0),
]

function compareForDeletion(a: Pod, b: Pod): number {
  for (const rank of deletionRanks) {
    const difference = rank(a) - rank(b)
    if (difference !== 0) return difference
  }
  return a.metadata.name < b.metadata.name ? -1 : 1
}

/** When the pod counts as available; undefined while it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isReady(pod)) return undefined
  return minReadySeconds === 0 ? 0 : readySinceMs(pod) + minReadySeconds * 1000
}

export interface ReplicaStatus {
  readonly status: {
    readonly replicas: number
    readonly fullyLabeledReplicas: number
    readonly readyReplicas: number
    readonly availableReplicas: number
    readonly observedGeneration: number
  }
  /** When a ready pod becomes available. */
  readonly wakeAtMs: number | undefined
}

export function summarizeReplicas(replicaSet: ReplicaSet, owned: readonly Pod[], nowMs: number): ReplicaStatus {
  const { template, minReadySeconds = 0 } = replicaSet.spec
  const active = owned.filter(isActive)
  const hasAllLabels = compileLabelSelector({ matchLabels: template.metadata?.labels ?? {} })
  const availability = active
    .map((pod) => availableAtMs(pod, minReadySeconds))
    .filter((time): time is number => time !== undefined)
  return {
    status: {
      replicas: active.length,
      fullyLabeledReplicas: active.filter((pod) => hasAllLabels(pod.metadata.labels)).length,
      readyReplicas: availability.length,
      availableReplicas: availability.filter((time) => time <= nowMs).length,
      observedGeneration: replicaSet.metadata.generation ?? 0,
    },
    wakeAtMs: earliest(...availability.filter((time) => time > nowMs)),
  }
}
