/**
 * Everything that a decision about one Experiment may know: one snapshot of it and of what it owns, with one `now`. Facts only; nothing here
 * reads a clock, a cluster or a configuration.
 */
import type { AnalysisRun } from '../../api/analysis.ts'
import type { Experiment } from '../../api/experiment.ts'
import type { ReplicaSet, Service } from '../../api/rollout.ts'
import type { TemplateLookup } from '../analysis/analysis-templates.ts'
import type { Compat } from '../world.ts'

/** A creation that the API server refused for good, in its words. `name` is the template's or the analysis's. */
export interface Refusal {
  readonly of: 'template' | 'analysis'
  readonly name: string
  readonly message: string
}

export interface ExperimentWorld {
  /** Epoch milliseconds. */
  readonly now: number
  readonly experiment: Experiment
  /** ReplicaSets, Services and AnalysisRuns controlled by this Experiment's UID, in any order. */
  readonly replicaSets: readonly ReplicaSet[]
  readonly services: readonly Service[]
  readonly analysisRuns: readonly AnalysisRun[]
  readonly templates: TemplateLookup
  /** Names of Services that the routers of the owning Rollout send traffic to, as its status says. */
  readonly routedServices: readonly string[]
  /** What was refused in this pass; empty before its writes were tried. */
  readonly refusals: readonly Refusal[]
  readonly compat: Compat
  readonly instanceId?: string
}
