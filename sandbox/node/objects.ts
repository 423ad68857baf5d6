/**
 * The parts of built-in objects that the node stand-in reads and writes. Types and tiny readers only; unknown fields travel
 * untouched because every write is a patch.
 */
import type { KubeObject, LabelSelector, ObjectMeta, OwnerReference } from '../../controller/api/meta.ts'

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string | null
  readonly message?: string | null
  readonly lastTransitionTime?: string | null
  readonly lastUpdateTime?: string
}

export interface HttpGetAction {
  readonly path?: string
  readonly port: number | string
  readonly host?: string
  readonly scheme?: string
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[]
}

export interface Probe {
  readonly httpGet?: HttpGetAction
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string }
  readonly exec?: { readonly command?: readonly string[] }
  readonly grpc?: unknown
  readonly initialDelaySeconds?: number
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly successThreshold?: number
  readonly failureThreshold?: number
}

export interface LifecycleHandler {
  readonly exec?: { readonly command?: readonly string[] }
  readonly sleep?: { readonly seconds: number }
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: Readonly<Record<string, unknown>>
}

export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly protocol?: string
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly unknown[]
  readonly ports?: readonly ContainerPort[]
  readonly readinessProbe?: Probe
  readonly lifecycle?: { readonly postStart?: LifecycleHandler; readonly preStop?: LifecycleHandler }
}

export interface PodSpec {
  readonly nodeName?: string
  readonly restartPolicy?: string
  readonly terminationGracePeriodSeconds?: number
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly readinessGates?: readonly { readonly conditionType: string }[]
  readonly schedulingGates?: readonly unknown[]
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly running?: { readonly startedAt?: string }
  readonly terminated?: {
    readonly exitCode: number
    readonly reason?: string
    readonly startedAt?: string
    readonly finishedAt?: string
  }
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly started?: boolean
  readonly restartCount: number
  readonly image: string
  readonly imageID: string
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

export interface PodStatus {
  readonly phase?: string
  readonly podIP?: string
  readonly startTime?: string
  readonly conditions?: readonly Condition[]
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly [field: string]: unknown
}

/** Pod metadata carries the grace of a running deletion, which other kinds never have. */
export interface PodMeta extends ObjectMeta {
  readonly deletionGracePeriodSeconds?: number
}

export interface Pod extends KubeObject {
  readonly metadata: PodMeta
  readonly spec: PodSpec
  readonly status?: PodStatus
}

export interface PodTemplateSpec {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec: PodSpec
}

export interface ReplicaSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
  }
  readonly status?: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly fullyLabeledReplicas?: number
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
  }
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
    readonly paused?: boolean
    readonly minReadySeconds?: number
    readonly revisionHistoryLimit?: number
    readonly progressDeadlineSeconds?: number
    readonly strategy?: {
      readonly type?: string
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string }
    }
  }
  readonly status?: {
    readonly collisionCount?: number
    readonly conditions?: readonly Condition[]
    readonly [field: string]: unknown
  }
}

export interface Job extends KubeObject {
  readonly spec: {
    readonly parallelism?: number
    readonly completions?: number
    readonly completionMode?: string
    readonly backoffLimit?: number
    readonly activeDeadlineSeconds?: number
    readonly ttlSecondsAfterFinished?: number
    readonly suspend?: boolean
    readonly template: PodTemplateSpec
  }
  readonly status?: {
    readonly startTime?: string
    readonly completionTime?: string
    readonly active?: number
    readonly succeeded?: number
    readonly failed?: number
    readonly conditions?: readonly Condition[]
  }
}

export interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly appProtocol?: string
  readonly targetPort?: number | string
}

export interface Service extends KubeObject {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly ServicePort[]
    readonly publishNotReadyAddresses?: boolean
  }
}

export interface Endpoints extends KubeObject {
  readonly subsets?: readonly unknown[]
}

export interface EndpointSlice extends KubeObject {
  readonly addressType?: string
  readonly endpoints?: readonly unknown[]
  readonly ports?: readonly unknown[]
}

export interface PodDisruptionBudget extends KubeObject {
  readonly spec: {
    readonly selector?: LabelSelector
    readonly minAvailable?: number | string
    readonly maxUnavailable?: number | string
  }
  readonly status?: {
    readonly disruptedPods?: Readonly<Record<string, string>>
    readonly conditions?: readonly Condition[]
    readonly [field: string]: unknown
  }
}

export const keyOf = (object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): string =>
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`

export const uidOf = (object: KubeObject): string => object.metadata.uid ?? ''

export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

export const isTerminating = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined

/** Counted by workload controllers: neither finished nor on its way out. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && !isTerminating(pod)

export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type)

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True'

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export const renderTime = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`

/** Epoch milliseconds; undefined for an absent or unreadable time. */
export const parseTime = (text: string | null | undefined): number | undefined => {
  const epochMs = Date.parse(text ?? '')
  return Number.isNaN(epochMs) ? undefined : epochMs
}

/** The earlier of two optional times. */
export const earliest = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
