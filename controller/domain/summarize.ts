/**
 * The only writer of a Rollout's status: counts from the world, memory from the sub-decisions, then conditions, then the display phase. It
 * keeps every field that it does not know. It must not decide anything that moves pods or traffic.
 */
import type { RolloutStatus } from '../api/rollout.ts'
import type { CanaryView } from './canary/view.ts'
import { type ConditionFacts, decideConditions } from './conditions.ts'
import type { AbortCause } from './lifecycle.ts'
import { displayPhase } from './phase.ts'
import type { Memory } from './plan.ts'
import { availableReplicas, createdReplicas, sum } from './replicas.ts'

export interface Summary {
  readonly memory: Memory
  readonly abortCause: AbortCause | undefined
  readonly paused: boolean
  readonly deadlineExceeded: boolean
  readonly newRevision: boolean
}

export function summarize(view: CanaryView, summary: Summary): RolloutStatus {
  const { world, replicas } = view
  const counted = { ...view.status, ...counts(view), ...definedFields(summary.memory) }
  const canary = dropNulls({
    ...view.status.canary,
    ...summary.memory.canary,
    ...(view.routed ? { weights: weights(view) } : {}),
  })
  const next: RolloutStatus = { ...counted, canary, observedGeneration: String(world.rollout.metadata.generation ?? 0) }
  const conditions = decideConditions(conditionFacts(view, next, summary))
  const withConditions = { ...next, conditions }
  const specPaused = world.rollout.spec.paused === true
  return dropNulls({
    ...withConditions,
    ...displayPhase({ status: withConditions, replicas, specPaused, routed: view.routed }),
  })
}

function counts(view: CanaryView): RolloutStatus {
  const all = view.world.replicaSets
  const total = sum(all.map(createdReplicas))
  return {
    replicas: total,
    updatedReplicas: createdReplicas(view.newRs),
    readyReplicas: sum(all.map((rs) => rs.status?.readyReplicas ?? 0)),
    availableReplicas: sum(all.map(availableReplicas)),
    HPAReplicas: total,
    selector: selectorText(view),
  }
}

function selectorText(view: CanaryView): string {
  const selector = view.world.rollout.spec.selector
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator.toLowerCase()} (${[...(values ?? [])].sort().join(',')})`
  })
  return [...labels.sort(), ...expressions].join(',')
}

function weights(view: CanaryView) {
  const canary = view.programmed
  if (canary === undefined) return view.status.canary?.weights ?? null
  const service = (facts: CanaryView['canaryService']) =>
    facts ? { serviceName: facts.name, podTemplateHash: facts.podHash } : {}
  return {
    canary: { weight: canary, ...service(view.canaryService) },
    stable: { weight: view.maxWeight - canary, ...service(view.stableService) },
    verified: view.settled,
  }
}

function conditionFacts(view: CanaryView, next: RolloutStatus, summary: Summary): ConditionFacts {
  const { replicas, mode, world } = view
  const completed = next.stableRS === next.currentPodHash
  const updated = next.updatedReplicas ?? 0
  const available = next.availableReplicas ?? 0
  const everywhere = updated === replicas && availableReplicas(view.newRs) === replicas
  const alone = view.routed || next.replicas === replicas
  const healthy = completed && everywhere && alone && !summary.paused && !summary.newRevision
  return {
    now: world.now,
    previous: view.status,
    replicaSetName: view.newRs?.metadata.name ?? `${world.rollout.metadata.name}-${view.podHash}`,
    revision: view.revision,
    aborted: mode === 'aborted' ? (summary.abortCause ?? {}) : undefined,
    deadlineExceeded: summary.deadlineExceeded,
    newRevision: summary.newRevision,
    paused: summary.paused,
    healthy,
    completed,
    progressed: hasProgressed(view.status, next),
    available: available >= replicas,
  }
}

/** More updated, ready or available pods, fewer old ones, or another step, revision or stable. */
function hasProgressed(before: RolloutStatus, after: RolloutStatus): boolean {
  const old = (status: RolloutStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  const grew = (key: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') =>
    (after[key] ?? 0) > (before[key] ?? 0)
  const moved = (key: 'currentStepIndex' | 'currentStepHash' | 'stableRS' | 'currentPodHash') =>
    (after[key] ?? null) !== (before[key] ?? null)
  return (
    grew('updatedReplicas') ||
    grew('readyReplicas') ||
    grew('availableReplicas') ||
    old(after) < old(before) ||
    moved('currentStepIndex') ||
    moved('currentStepHash') ||
    moved('stableRS') ||
    moved('currentPodHash')
  )
}

const definedFields = ({ canary: _canary, ...memory }: Memory): Memory =>
  Object.fromEntries(Object.entries(memory).filter(([, value]) => value !== undefined))

/** Absent and null mean the same in status; absent is what the API server keeps. */
function dropNulls<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null && field !== undefined)) as T
}
