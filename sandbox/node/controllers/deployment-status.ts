/** The status of a Deployment from its ReplicaSets, as `kubectl rollout status` and health checks read it. Pure. */
import { type Condition, conditionOf, type Deployment, parseTime, type ReplicaSet, renderTime } from '../objects.ts'
import { type DeploymentWorld, desiredOf, resolveLimits } from './deployment-plan.ts'

export interface DeploymentSummary {
  readonly status: Readonly<Record<string, unknown>>
  readonly isComplete: boolean
  /** When the progress deadline ends. */
  readonly wakeAtMs: number | undefined
}

interface Counts {
  readonly replicas: number
  readonly updatedReplicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
  readonly unavailableReplicas: number
}

const DEFAULT_DEADLINE_SECONDS = 600

function countReplicas({ deployment, current, old }: DeploymentWorld): Counts {
  const all = [...old, ...(current ? [current] : [])]
  const total = (field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
    all.reduce((sum, replicaSet) => sum + (replicaSet.status?.[field] ?? 0), 0)
  const available = total('availableReplicas')
  return {
    replicas: total('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, Math.max(desiredOf(deployment), total('replicas')) - available),
  }
}

export function summarizeDeployment(world: DeploymentWorld, nowMs: number): DeploymentSummary {
  const { deployment, current } = world
  const counts = countReplicas(world)
  const desired = desiredOf(deployment)
  const isComplete =
    current !== undefined &&
    counts.updatedReplicas === desired &&
    counts.replicas === desired &&
    counts.availableReplicas === desired
  const progressing = decideProgressing(deployment, current, counts, isComplete, nowMs)
  const conditions = [renderAvailable(deployment, counts, nowMs), progressing]
  const deadlineMs = deadlineOf(deployment, progressing)
  const isWaiting = !isComplete && !deployment.spec.paused && progressing.status === 'True'
  return {
    status: { ...counts, observedGeneration: deployment.metadata.generation ?? 0, conditions },
    isComplete,
    wakeAtMs: isWaiting && deadlineMs !== undefined && deadlineMs > nowMs ? deadlineMs : undefined,
  }
}

const deadlineOf = (deployment: Deployment, progressing: Condition): number | undefined => {
  const since = parseTime(progressing.lastUpdateTime)
  // One second on top, because times are written in whole seconds.
  return since === undefined
    ? undefined
    : since + ((deployment.spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS) + 1) * 1000
}

function stamp(known: Condition | undefined, next: Condition, isNews: boolean, nowMs: number): Condition {
  const now = renderTime(nowMs)
  const isSame = known?.status === next.status && known.reason === next.reason && !isNews
  return {
    ...next,
    lastTransitionTime: known?.status === next.status ? (known.lastTransitionTime ?? now) : now,
    lastUpdateTime: isSame ? (known.lastUpdateTime ?? now) : now,
  }
}

function renderAvailable(deployment: Deployment, counts: Counts, nowMs: number): Condition {
  const isAvailable = counts.availableReplicas >= desiredOf(deployment) - resolveLimits(deployment).maxUnavailable
  const next: Condition = isAvailable
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.')
  return stamp(conditionOf(deployment.status?.conditions, 'Available'), next, false, nowMs)
}

const condition = (type: string, status: string, reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
})

function decideProgressing(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  counts: Counts,
  isComplete: boolean,
  nowMs: number,
): Condition {
  const known = conditionOf(deployment.status?.conditions, 'Progressing')
  const name = `ReplicaSet "${current?.metadata.name ?? ''}"`
  const progressing = (reason: string, message: string): Condition => condition('Progressing', 'True', reason, message)
  if (deployment.spec.paused) {
    return stamp(known, condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused'), false, nowMs)
  }
  if (isComplete) {
    return stamp(known, progressing('NewReplicaSetAvailable', `${name} has successfully progressed.`), false, nowMs)
  }
  const wasComplete = known?.reason === 'NewReplicaSetAvailable' && known.message?.startsWith(name) === true
  // Pods that died after the rollout was done are not a rollout.
  if (wasComplete && counts.replicas === counts.updatedReplicas) return known
  const updated = progressing('ReplicaSetUpdated', `${name} is progressing.`)
  if (known === undefined || known.status === 'Unknown' || wasComplete || known.message?.startsWith(name) !== true) {
    return stamp(known, updated, true, nowMs)
  }
  if (hasProgressed(deployment, counts)) return stamp(known, updated, true, nowMs)
  const deadlineMs = deadlineOf(deployment, known)
  if (known.status === 'False' || (deadlineMs !== undefined && nowMs >= deadlineMs)) {
    const late = condition('Progressing', 'False', 'ProgressDeadlineExceeded', `${name} has timed out progressing.`)
    return stamp(known, late, false, nowMs)
  }
  return known
}

function hasProgressed(deployment: Deployment, counts: Counts): boolean {
  const before = (field: keyof Counts): number => Number(deployment.status?.[field] ?? 0)
  const oldBefore = before('replicas') - before('updatedReplicas')
  return (
    counts.updatedReplicas > before('updatedReplicas') ||
    counts.replicas - counts.updatedReplicas < oldBefore ||
    counts.readyReplicas > before('readyReplicas') ||
    counts.availableReplicas > before('availableReplicas')
  )
}
