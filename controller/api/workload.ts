/**
 * The parts of a workload that `spec.workloadRef` may name and that a Rollout takes its pods from: apps/v1 Deployment and ReplicaSet, v1
 * PodTemplate. Shapes only.
 */
import type { KubeObject, LabelSelector, PodTemplate } from './meta.ts'

export interface Workload extends KubeObject {
  /** Absent in a PodTemplate. */
  readonly spec?: {
    readonly replicas?: number
    readonly selector?: LabelSelector
    readonly template?: PodTemplate
  }
  /** Of a PodTemplate. */
  readonly template?: PodTemplate
}
