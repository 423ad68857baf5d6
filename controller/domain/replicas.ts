/**
 * Counting pods: how many a revision wants and how many count as available. Pure arithmetic on specs and statuses; what is scaled, and
 * when that is safe, is decided by the strategies.
 */

import type { CanaryStrategy, ReplicaSet } from '../api/rollout.ts'
import type { IntOrString } from '../api/scalars.ts'

export const specReplicas = (rs: ReplicaSet | undefined): number => (rs ? (rs.spec.replicas ?? 1) : 0)

/** Available pods as reported, but never more than asked for: a status may still tell of pods that are being taken away. */
export const availableReplicas = (rs: ReplicaSet | undefined): number =>
  Math.min(rs?.status?.availableReplicas ?? 0, specReplicas(rs))

export const createdReplicas = (rs: ReplicaSet | undefined): number => rs?.status?.replicas ?? 0

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** A count or a percentage of `total`; undefined when the text is neither. */
export function resolveIntOrPercent(value: IntOrString, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)
  if (percent) return (round === 'up' ? Math.ceil : Math.floor)((Number(percent[1]) * total) / 100)
  return undefined
}

export interface Budget {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/** maxSurge (default 25 %, rounded up) and maxUnavailable (default 25 %, rounded down); when both come to 0, one pod may be unavailable. */
export function rollingBudget(canary: Pick<CanaryStrategy, 'maxSurge' | 'maxUnavailable'>, replicas: number): Budget {
  const maxSurge = resolveIntOrPercent(canary.maxSurge ?? '25%', replicas, 'up') ?? 0
  const maxUnavailable = Math.min(resolveIntOrPercent(canary.maxUnavailable ?? '25%', replicas, 'down') ?? 0, replicas)
  return maxSurge === 0 && maxUnavailable === 0 ? { maxSurge, maxUnavailable: 1 } : { maxSurge, maxUnavailable }
}

/** Pods that a weight needs, rounded up; at least `floor` (minPodsPerReplicaSet) where any are needed, never more than all. */
export function podsForWeight(replicas: number, weight: number, maxWeight: number, floor = 0): number {
  const needed = Math.ceil((replicas * weight) / maxWeight)
  return needed === 0 ? 0 : Math.min(Math.max(needed, floor), Math.max(replicas, needed))
}

/** Available enough to go on: all of them, or what `replicaProgressThreshold` asks for. */
export function meetsThreshold(
  available: number,
  desired: number,
  threshold: CanaryStrategy['replicaProgressThreshold'],
): boolean {
  if (!threshold || threshold.value <= 0) return available >= desired
  if (threshold.type === 'Pods') return available >= Math.min(threshold.value, desired)
  return available >= Math.ceil((desired * Math.min(threshold.value, 100)) / 100)
}
