/**
 * The arithmetic of a Deployment: how far each ReplicaSet may go now. Pure. Never fewer than `replicas - maxUnavailable` pods
 * are left available, never more than `replicas + maxSurge` asked for.
 */
import type { Deployment, ReplicaSet } from '../objects.ts'
import { resolveAmount } from './amounts.ts'

export interface DeploymentWorld {
  readonly deployment: Deployment
  /** The ReplicaSet of the current template; absent before it is created, and while a paused Deployment has a new template. */
  readonly current: ReplicaSet | undefined
  /** All others, oldest first. */
  readonly old: readonly ReplicaSet[]
}

export interface ScaleChange {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
}

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision'
const DEFAULT_AMOUNT = '25%'

export const desiredOf = (object: Deployment | ReplicaSet): number => object.spec.replicas ?? 1
const availableOf = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

export const revisionOf = (replicaSet: ReplicaSet): number =>
  Number(replicaSet.metadata.annotations?.[REVISION_ANNOTATION] ?? 0) || 0

export interface RollingLimits {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/** Both limits as pod counts; both zero would never move, so one pod may then be missing. */
export function resolveLimits(deployment: Deployment): RollingLimits {
  if (deployment.spec.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge = DEFAULT_AMOUNT, maxUnavailable = DEFAULT_AMOUNT } = deployment.spec.strategy?.rollingUpdate ?? {}
  const desired = desiredOf(deployment)
  const surge = resolveAmount(maxSurge, desired, 'up')
  const unavailable = Math.min(resolveAmount(maxUnavailable, desired, 'down'), desired)
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

/** Replicas that the current ReplicaSet may have at once, given what all together ask for; `own` is what it asks for now. */
export function decideCurrentReplicas(deployment: Deployment, own: number, old: readonly ReplicaSet[]): number {
  const desired = desiredOf(deployment)
  if (own >= desired) return desired
  const oldReplicas = sum(old.map(desiredOf))
  if (deployment.spec.strategy?.type === 'Recreate') return oldReplicas === 0 && old.every(isEmpty) ? desired : own
  const room = desired + resolveLimits(deployment).maxSurge - own - oldReplicas
  return own + Math.max(0, Math.min(room, desired - own))
}

const isEmpty = (replicaSet: ReplicaSet): boolean => (replicaSet.status?.replicas ?? 0) === 0

/** The next changes of scale; empty when the rollout must wait or is done. */
export function decideScales(world: DeploymentWorld): readonly ScaleChange[] {
  const { deployment, current, old } = world
  if (deployment.spec.paused) return decidePausedScales(world)
  if (!current) return []
  const replicas = decideCurrentReplicas(deployment, desiredOf(current), old)
  if (replicas !== desiredOf(current)) return [{ replicaSet: current, replicas }]
  const active = old.filter((replicaSet) => desiredOf(replicaSet) > 0)
  if (deployment.spec.strategy?.type === 'Recreate') return active.map((replicaSet) => ({ replicaSet, replicas: 0 }))
  return decideOldScales(deployment, current, active)
}

/** While paused only a change of `spec.replicas` is followed, by the newest ReplicaSet that has pods. */
function decidePausedScales({ deployment, current, old }: DeploymentWorld): readonly ScaleChange[] {
  const all = [...old, ...(current ? [current] : [])]
  const active = all.filter((replicaSet) => desiredOf(replicaSet) > 0)
  const newest = active.at(-1) ?? current
  if (!newest || active.length > 1) return []
  return desiredOf(newest) === desiredOf(deployment) ? [] : [{ replicaSet: newest, replicas: desiredOf(deployment) }]
}

/** First the pods that serve nobody, then available ones as far as availability allows. */
function decideOldScales(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): readonly ScaleChange[] {
  const minAvailable = desiredOf(deployment) - resolveLimits(deployment).maxUnavailable
  const all = [...old, current]
  const currentUnavailable = desiredOf(current) - availableOf(current)
  let removable = sum(all.map(desiredOf)) - minAvailable - currentUnavailable
  let spare = sum(all.map(availableOf)) - minAvailable
  const changes: ScaleChange[] = []
  for (const replicaSet of old) {
    const replicas = desiredOf(replicaSet)
    const healthy = Math.min(availableOf(replicaSet), replicas)
    const unhealthyCut = Math.max(0, Math.min(removable, replicas - healthy))
    removable -= unhealthyCut
    const healthyCut = Math.max(0, Math.min(spare, removable, healthy))
    removable -= healthyCut
    spare -= healthyCut
    if (unhealthyCut + healthyCut > 0) changes.push({ replicaSet, replicas: replicas - unhealthyCut - healthyCut })
  }
  return changes
}
