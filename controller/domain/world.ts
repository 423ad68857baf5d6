/**
 * The World is everything a decision may know: one frozen snapshot of a Rollout and the objects around it, with one `now`. It holds facts as
 * they were read; whatever is concluded from them belongs to the decisions. Nothing here reads a clock, a cluster or a configuration.
 */
import type { AnalysisRun } from '../api/analysis.ts'
import type { Experiment } from '../api/experiment.ts'
import type { Pod } from '../api/pod.ts'
import type { ReplicaSet, Rollout, Service } from '../api/rollout.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { Workload } from '../api/workload.ts'
import type { TemplateLookup } from './analysis/analysis-templates.ts'

/** What one of the configured routers is found to carry. */
export interface RouteReading extends TrafficReading {
  readonly router: string
  /** Who changed its objects last; absent where they do not tell. */
  readonly lastWriter?: LastWriter
  /** Objects that are not the Rollout's own and name this controller among their field managers; absent: none. */
  readonly held?: readonly string[]
}

export interface LastWriter {
  readonly isOurs: boolean
  /** Name of the field manager. */
  readonly manager: string
  /** Such as `HTTPRoute "web/shop"`. */
  readonly object: string
}

export interface ServiceReading {
  readonly service: Service
  /** Ready endpoints behind the Service, by the name of the ReplicaSet that their pods belong to. */
  readonly readyEndpoints: Readonly<Record<string, number>>
}

/** By `plural.group` and name. */
export interface FormerObject {
  readonly kind: string
  readonly name: string
}

export type Compat = 'strict' | 'argo'

export interface World {
  /** Epoch milliseconds; the only time that decisions know. */
  readonly now: number
  readonly rollout: Rollout
  /** ReplicaSets controlled by this Rollout's UID, in any order. */
  readonly replicaSets: readonly ReplicaSet[]
  /** ReplicaSets that it does not control though their name is like one of its own, or nobody controls them; absent: none. */
  readonly strangers?: readonly ReplicaSet[]
  /** Services that the strategy names, whose subsets a router names, and those that it named once and still marks; an absent one does not exist. */
  readonly services: Readonly<Record<string, ServiceReading>>
  /** Objects of routers that it named once and still marks; absent: none. */
  readonly formerObjects?: readonly FormerObject[]
  /** One reading per configured router; empty without traffic routing. */
  readonly routes: readonly RouteReading[]
  /** AnalysisRuns controlled by this Rollout's UID. */
  readonly analysisRuns: readonly AnalysisRun[]
  /** Experiments controlled by this Rollout's UID; absent: none. */
  readonly experiments?: readonly Experiment[]
  readonly templates: TemplateLookup
  /** What `spec.workloadRef` names; absent when it names nothing, or what it names is not there. */
  readonly workload?: Workload
  /** Why nobody can say whether the workload is there. */
  readonly workloadProblem?: string
  /** Pods of the ReplicaSets, read live; absent unless a decision needs them. */
  readonly pods?: readonly Pod[]
  /** Why the pods, though needed, could not be read. */
  readonly podsProblem?: string
  /** `argo` restores Argo's reading of the rules that we keep strict; who decides which holds is `observe`. */
  readonly compat: Compat
  /** Step plugins that are switched off for the whole controller; absent: none. */
  readonly disabledPlugins?: readonly string[]
  /** Whether any channel takes notices; without one no outbox is written. */
  readonly notices: boolean
  readonly instanceId?: string
}
