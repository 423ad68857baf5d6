/**
 * The only writer of a Rollout's status: counts from the world, memory from the sub-decisions, then conditions, then the display phase. It
 * keeps every field that it does not know. It must not decide anything that moves pods or traffic.
 */
import type { RolloutStatus } from '../api/rollout.ts'
import { type ConditionFacts, decideConditions } from './conditions.ts'
import type { AbortCause } from './lifecycle.ts'
import { displayPhase } from './phase.ts'
import type { Memory } from './plan.ts'
import type { RolloutView } from './view.ts'

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
}

export function summarize(view: RolloutView, summary: Summary): RolloutStatus {
  const { spec, metadata } = view.world.rollout
  const { canary, blueGreen, ...memory } = summary.memory
  const remembered: RolloutStatus = {
    ...view.status,
    ...summary.standing.counts,
    ...definedFields(memory),
    canary: spec.strategy?.canary ? dropNulls({ ...view.status.canary, ...canary }) : {},
    blueGreen: spec.strategy?.blueGreen ? dropNulls({ ...view.status.blueGreen, ...blueGreen }) : {},
    observedGeneration: String(metadata.generation ?? 0),
  }
  const conditions = decideConditions(conditionFacts(view, remembered, summary))
  const next = { ...remembered, conditions }
  return dropNulls({ ...next, ...displayPhase(next, spec) })
}

function conditionFacts(view: RolloutView, next: RolloutStatus, summary: Summary): ConditionFacts {
  const { mode, world } = view
  const { paused, standing, deadlineExceeded, abortCause } = summary
  const completed = next.stableRS === next.currentPodHash
  const newRevision = mode === 'superseded'
  return {
    now: world.now,
    previous: view.status,
    replicaSetName: view.newRs?.metadata.name ?? `${world.rollout.metadata.name}-${view.podHash}`,
    revision: view.revision,
    aborted: mode === 'aborted' ? (abortCause ?? {}) : undefined,
    deadlineExceeded,
    newRevision,
    paused,
    healthy: completed && standing.isDeployed && !paused && !newRevision,
    completed,
    progressed: hasProgressed(view.status, next),
    available: standing.isAvailable,
  }
}

/** More updated, ready or available pods, fewer old ones, or another step, revision, stable or selector. */
function hasProgressed(before: RolloutStatus, after: RolloutStatus): boolean {
  const old = (status: RolloutStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  const grew = (['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const).some(
    (key) => (after[key] ?? 0) > (before[key] ?? 0),
  )
  const moved = (['currentStepIndex', 'currentStepHash', 'stableRS', 'currentPodHash'] as const).some(
    (key) => (after[key] ?? null) !== (before[key] ?? null),
  )
  const switched = (['activeSelector', 'previewSelector'] as const).some(
    (key) => (after.blueGreen?.[key] ?? '') !== (before.blueGreen?.[key] ?? ''),
  )
  return grew || moved || switched || old(after) < old(before)
}

const definedFields = (memory: Memory): Memory =>
  Object.fromEntries(Object.entries(memory).filter(([, value]) => value !== undefined))

/** Absent and null mean the same in status; absent is what the API server keeps. */
function dropNulls<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null && field !== undefined)) as T
}
