/**
 * A Plan is a decision as data: what to write, in which order, why, what to tell and when to look again. Sub-decisions return Parts, which
 * are joined in order; `summarize.ts` alone turns them into a status. It must not perform or know any effect.
 */
import type { AnalysisRun } from '../api/analysis.ts'
import type { Experiment } from '../api/experiment.ts'
import type { Notice } from '../api/notice.ts'
import type { Pod } from '../api/pod.ts'
import type { ReplicaSet, RolloutStatus } from '../api/rollout.ts'
import type { TrafficIntent } from '../api/traffic.ts'
import type { Workload } from '../api/workload.ts'

/** Annotation changes: a string sets, null removes. */
export type AnnotationPatch = Readonly<Record<string, string | null>>

export interface MetadataPatch {
  readonly labels: AnnotationPatch
  readonly annotations: AnnotationPatch
}

export interface PodPatch {
  readonly pod: Pod
  readonly patch: MetadataPatch
}

/** A merge patch of a ReplicaSet's pod template: of what controllers add to it, never of what its pods run. */
export interface TemplatePatch {
  readonly metadata?: MetadataPatch
  readonly spec?: { readonly affinity: Readonly<Record<string, unknown>> }
}

/**
 * One write. All are idempotent and carry a precondition on the version that was observed. `risky` ones can hurt traffic; the applier
 * performs at most one of them a pass, after re-checking its guard on a live read.
 */
export type Action =
  | { readonly do: 'createReplicaSet'; readonly replicaSet: ReplicaSet }
  | {
      readonly do: 'scale'
      readonly replicaSet: ReplicaSet
      readonly to: number
      readonly annotations: AnnotationPatch
    }
  | { readonly do: 'annotateReplicaSet'; readonly replicaSet: ReplicaSet; readonly annotations: AnnotationPatch }
  | {
      readonly do: 'amendTemplate'
      readonly replicaSet: ReplicaSet
      readonly template: TemplatePatch
      readonly annotations: AnnotationPatch
    }
  /** How long a pod must be ready to count as available; touches no pod. */
  | { readonly do: 'setMinReady'; readonly replicaSet: ReplicaSet; readonly seconds: number }
  | { readonly do: 'deleteReplicaSet'; readonly replicaSet: ReplicaSet }
  /** Each as far as the PodDisruptionBudgets allow. */
  | { readonly do: 'evict'; readonly pods: readonly Pod[] }
  | { readonly do: 'labelPods'; readonly replicaSet: ReplicaSet; readonly pods: readonly PodPatch[] }
  /** Writes the Rollout into the owner references as the controller, or takes it out of them. */
  | { readonly do: 'adoptReplicaSet' | 'releaseReplicaSet'; readonly replicaSet: ReplicaSet }
  | { readonly do: 'scaleWorkload'; readonly workload: Workload; readonly to: number }
  /** With `after`, only if that write was made. */
  | { readonly do: 'annotateRollout'; readonly annotations: AnnotationPatch; readonly after?: Action }
  /** Writes the default of `spec.replicas` down where there is none: without it the scale subresource answers autoscalers with an error. */
  | { readonly do: 'setDefaultReplicas' }
  /** With `subset` that subset of the Service, which a router keeps, else the Service itself. */
  | {
      readonly do: 'select'
      readonly service: string
      readonly subset?: string
      readonly podHash: string
      readonly replicaSet: string
      /** It named no revision, and no other has pods: the same pods are behind it before and after. */
      readonly adopts?: true
    }
  /** Gives a Service back, or a router's object of `kind`: without our mark and without the hash it takes every pod of its other labels. */
  | { readonly do: 'release'; readonly service: string; readonly kind?: string }
  | ({
      readonly do: 'route'
      /** The canary's weight as it is; undefined: not readable. */
      readonly from: number | undefined
      /** Services that get traffic, or more of it, with this write: each must answer. */
      readonly opens: readonly string[]
      /** Whose changes the write undoes, in words; absent when it says something new. */
      readonly corrects?: string
    } & TrafficIntent)
  /** Takes this controller out of the field managers of the routers' objects that are not the Rollout's own; changes nothing that they say. */
  | { readonly do: 'releaseRoutes'; readonly objects: readonly string[] }
  | { readonly do: 'createAnalysisRun'; readonly run: AnalysisRun }
  | { readonly do: 'annotateAnalysisRun'; readonly run: AnalysisRun; readonly annotations: AnnotationPatch }
  | { readonly do: 'terminateAnalysisRun'; readonly run: AnalysisRun }
  | { readonly do: 'deleteAnalysisRun'; readonly run: AnalysisRun }
  | { readonly do: 'createExperiment'; readonly experiment: Experiment }
  | { readonly do: 'terminateExperiment'; readonly experiment: Experiment }
  | { readonly do: 'deleteExperiment'; readonly experiment: Experiment }

/** A Kubernetes event to record once the pass is reported; with `action`, only if that write was made. */
export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly action?: Action
}

/** Why nothing more is done now: a normal result, read by people. */
export interface Hold {
  readonly reason: string
  readonly message: string
}

/** Status fields that sub-decisions set. `undefined` leaves a field, `null` clears it. Conditions, counts and phase are `summarize`'s. */
export type Memory = Pick<
  RolloutStatus,
  | 'abort'
  | 'abortedAt'
  | 'collisionCount'
  | 'pauseConditions'
  | 'controllerPause'
  | 'currentPodHash'
  | 'currentStepHash'
  | 'currentStepIndex'
  | 'stableRS'
  | 'promoteFull'
  | 'restartedAt'
  | 'alb'
  | 'albs'
> & { readonly canary?: RolloutStatus['canary']; readonly blueGreen?: RolloutStatus['blueGreen'] }

export interface Part {
  readonly actions?: readonly Action[]
  readonly memory?: Memory
  readonly events?: readonly PlannedEvent[]
  readonly notices?: readonly Notice[]
  readonly holds?: readonly Hold[]
  /** Epoch milliseconds at which to look again though nothing was written. */
  readonly wakeAtMs?: number
}

/** What a strategy decides: writes and words, and the status as it shall be. */
export interface StrategyOutcome {
  readonly part: Part
  readonly status: RolloutStatus
  /** The update is taken back, newly or still. */
  readonly aborted: boolean
}

export interface Plan {
  readonly actions: readonly Action[]
  /** The whole status as it shall be. */
  readonly status: RolloutStatus
  readonly events: readonly PlannedEvent[]
  readonly notices: readonly Notice[]
  readonly holds: readonly Hold[]
  readonly wakeAtMs?: number
}

/** Joins parts in order: lists are appended, the earliest wake-up wins, a later memory overrides an earlier one field by field. */
export function join(...parts: readonly Part[]): Part {
  const actions: Action[] = []
  const events: PlannedEvent[] = []
  const notices: Notice[] = []
  const holds: Hold[] = []
  let memory: Memory = {}
  let wakeAtMs: number | undefined
  // A loop, and nothing made for a part that says nothing: a pass joins some fifty of them.
  for (const part of parts) {
    if (part.actions) actions.push(...part.actions)
    if (part.events) events.push(...part.events)
    if (part.notices) notices.push(...part.notices)
    if (part.holds) holds.push(...part.holds)
    if (part.memory) memory = mergeMemory(memory, part.memory)
    if (part.wakeAtMs !== undefined) wakeAtMs = Math.min(part.wakeAtMs, wakeAtMs ?? part.wakeAtMs)
  }
  return { actions, events, notices, holds, memory, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}

/** The strategies' own parts of status are merged, everything else is replaced. */
const mergeMemory = (earlier: Memory, later: Memory): Memory => ({
  ...earlier,
  ...later,
  ...(later.canary ? { canary: { ...earlier.canary, ...later.canary } } : {}),
  ...(later.blueGreen ? { blueGreen: { ...earlier.blueGreen, ...later.blueGreen } } : {}),
})

/** The actions that can take traffic or capacity away: at most one is performed a pass. */
export const isRisky = (action: Action): boolean =>
  action.do === 'route' ||
  (action.do === 'select' && action.adopts !== true) ||
  action.do === 'evict' ||
  action.do === 'release' ||
  (action.do === 'scaleWorkload' && action.to < (action.workload.spec?.replicas ?? 1)) ||
  (action.do === 'scale' && action.to < (action.replicaSet.spec.replicas ?? 0))
