/**
 * The decision about one Experiment as data: what to write, in which order, what to tell and when to look again. It must not perform or know
 * any effect.
 */
import type { AnalysisRun } from '../../api/analysis.ts'
import type { ExperimentStatus } from '../../api/experiment.ts'
import type { ReplicaSet, Service } from '../../api/rollout.ts'
import type { Action, Hold, PlannedEvent } from '../plan.ts'

/** One write, idempotent, with a precondition on the version that was observed. */
export type ExperimentAction =
  | Extract<Action, { do: 'scale' | 'annotateReplicaSet' | 'terminateAnalysisRun' }>
  | { readonly do: 'createReplicaSet'; readonly replicaSet: ReplicaSet; readonly template: string }
  | { readonly do: 'createAnalysisRun'; readonly run: AnalysisRun; readonly analysis: string }
  | { readonly do: 'createService'; readonly service: Service; readonly template: string }
  | { readonly do: 'deleteService'; readonly service: Service }

export interface ExperimentEvent extends Omit<PlannedEvent, 'action'> {
  /** Told only if this write was made. */
  readonly action?: ExperimentAction
  /** Told on the owning Rollout as well, whose subscribers cannot see the Experiment. */
  readonly alsoOnOwner?: true
}

export interface ExperimentPlan {
  readonly actions: readonly ExperimentAction[]
  /** The whole status as it shall be. */
  readonly status: ExperimentStatus
  readonly events: readonly ExperimentEvent[]
  readonly holds: readonly Hold[]
  /** Epoch milliseconds at which to look again though nothing was written. */
  readonly wakeAtMs?: number
}

/** What a sub-decision contributes. */
export type ExperimentPart = Partial<Omit<ExperimentPlan, 'status'>>

/** Lists in order, the earliest wake-up. */
export function joinParts(...parts: readonly ExperimentPart[]): Omit<ExperimentPlan, 'status'> {
  const wakes = parts.flatMap(({ wakeAtMs }) => (wakeAtMs === undefined ? [] : [wakeAtMs]))
  return {
    actions: parts.flatMap(({ actions = [] }) => actions),
    events: parts.flatMap(({ events = [] }) => events),
    holds: parts.flatMap(({ holds = [] }) => holds),
    ...(wakes.length > 0 ? { wakeAtMs: Math.min(...wakes) } : {}),
  }
}
