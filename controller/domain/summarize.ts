/**
 * The only writer of a Rollout's status: counts from the world, memory from the sub-decisions, then conditions, then the display phase. It
 * keeps every field that it does not know. It must not decide anything that moves pods or traffic.
 */
import type { RolloutStatus } from '../api/rollout.ts'
import { type ConditionFacts, decideConditions, findReplicaFailure } from './conditions.ts'
import { hasProgressed } from './high-water.ts'
import type { AbortCause } from './lifecycle.ts'
import { displayPhase, type Phase } from './phase.ts'
import type { Hold, Memory } from './plan.ts'
import type { RolloutView } from './view.ts'
import { withObservedWorkload } from './workload-ref.ts'

/** What the strategy says about where it stands, beyond what every strategy has. */
export interface Standing {
  /** Pods as the strategy counts them; `selector` is the text for the scale subresource. */
  readonly counts: Pick<
    RolloutStatus,
    'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'HPAReplicas' | 'selector'
  >
  /** Everything is where it belongs once the new revision is stable: pods, Services, no more than asked for. */
  readonly isDeployed: boolean
  /** Enough pods serve. */
  readonly isAvailable: boolean
}

export interface Summary {
  readonly memory: Memory
  readonly abortCause: AbortCause | undefined
  readonly paused: boolean
  readonly deadlineExceeded: boolean
  readonly standing: Standing
  /** Holds that are conditions of their own. */
  readonly troubles: readonly Hold[]
}

export function summarize(view: RolloutView, summary: Summary): RolloutStatus {
  const { spec, metadata } = view.world.rollout
  const { canary, blueGreen, ...memory } = summary.memory
  const remembered: RolloutStatus = {
    ...withObservedWorkload(view.world, view.status),
    ...summary.standing.counts,
    ...definedFields(memory),
    canary: spec.strategy?.canary ? dropNulls({ ...view.status.canary, ...canary }) : {},
    blueGreen: spec.strategy?.blueGreen ? dropEmpty({ ...view.status.blueGreen, ...blueGreen }) : {},
    observedGeneration: String(metadata.generation ?? 0),
  }
  const conditions = decideConditions(conditionFacts(view, remembered, summary))
  const next = { ...remembered, conditions }
  return dropEmpty({ ...next, ...phaseOf(view, next) })
}

/** The first write about a revision is never Healthy: clients wait for the phase to leave and to come back. */
function phaseOf(view: RolloutView, next: RolloutStatus): Phase {
  const phase = displayPhase(next, view.world.rollout.spec)
  if (phase.phase !== 'Healthy' || !isNewRevision(view)) return phase
  return { phase: 'Progressing', message: 'waiting for rollout spec update to be observed' }
}

const isNewRevision = ({ mode, status, podHash }: RolloutView): boolean =>
  mode === 'superseded' && status.currentPodHash !== podHash

function conditionFacts(view: RolloutView, next: RolloutStatus, summary: Summary): ConditionFacts {
  const { world, newRs, status } = view
  const { paused, standing, deadlineExceeded, abortCause } = summary
  return {
    now: world.now,
    previous: status,
    replicaSetName: newRs?.metadata.name ?? `${world.rollout.metadata.name}-${view.podHash}`,
    replicaSetExists: newRs !== undefined,
    revision: view.revision,
    aborted: view.mode === 'aborted' ? (abortCause ?? {}) : undefined,
    deadlineExceeded,
    newRevision: isNewRevision(view),
    paused,
    deployed: standing.isDeployed,
    completed: next.stableRS !== undefined && next.stableRS === next.currentPodHash,
    progressed: hasProgressed(view, next),
    lostPods: hasAllPods(status) && !hasAllPods(next),
    available: standing.isAvailable,
    replicaFailure: findReplicaFailure(world.replicaSets, newRs),
    troubles: summary.troubles,
  }
}

const hasAllPods = ({ replicas = 0, updatedReplicas = 0, availableReplicas = 0 }: RolloutStatus): boolean =>
  updatedReplicas > 0 && availableReplicas === replicas

const definedFields = (memory: Memory): Memory =>
  Object.fromEntries(Object.entries(memory).filter(([, value]) => value !== undefined))

/**
 * The step index is a pointer in Argo's types: its 0 is written. Of everything else false, 0 and '' are absent, so that both controllers write
 * the same bytes.
 */
const dropEmpty = <T extends object>(fields: T): T =>
  Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => Boolean(value) || (key === 'currentStepIndex' && value === 0)),
  ) as T

/** Absent and null mean the same in status; absent is what the API server keeps. */
function dropNulls<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null && field !== undefined)) as T
}
