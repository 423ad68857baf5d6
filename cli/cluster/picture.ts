/** Everything of one rollout that the CLI shows, read from the cluster as it is now. Data only. */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import type { KubeObject, PodTemplate } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout } from '../../controller/api/rollout.ts'

/** The parts of a Pod that are shown. */
export interface Pod extends KubeObject {
  readonly spec?: { readonly containers?: readonly unknown[] }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly containerStatuses?: readonly {
      readonly ready?: boolean
      readonly restartCount?: number
      readonly state?: {
        readonly waiting?: { readonly reason?: string }
        readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
      }
    }[]
  }
}

export interface KubeEvent extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly firstTimestamp?: string | null
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly involvedObject?: { readonly uid?: string; readonly name?: string; readonly kind?: string }
}

/** The object that `spec.workloadRef` names, when it could be read. */
export interface Workload extends KubeObject {
  readonly spec?: { readonly template?: PodTemplate }
}

export interface Picture {
  readonly rollout: Rollout
  /** Owned by the rollout, newest revision first. */
  readonly replicaSets: readonly ReplicaSet[]
  readonly pods: readonly Pod[]
  readonly analysisRuns: readonly AnalysisRun[]
  readonly experiments: readonly Experiment[]
  readonly workload?: Workload
  /** When it was read, epoch ms. */
  readonly atMs: number
}

/** When the event last happened: RFC 3339, '' when it does not say. */
export const eventTime = (event: KubeEvent): string =>
  event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp ?? ''
