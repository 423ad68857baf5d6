/**
 * Rollout as the API server holds it (argoproj.io/v1alpha1): the one definition behind validation, types and the CRD. Shapes only,
 * every level loose, so that a field of a newer Argo passes through us unchanged. It must not hold defaults or rules.
 */
import { z } from 'zod'
import { dryRunSchema, measurementRetentionSchema, rolloutArgumentSchema, templateRefSchema } from './analysis.ts'
import type { KubeObject, LabelSelector, PodTemplate } from './meta.ts'
import { instant, intOrString, OPTIONAL_ON_WIRE, openObject, stringMap } from './scalars.ts'

const podTemplate = openObject.transform((value) => value as PodTemplate)
export const labelSelectorSchema = z.looseObject({
  matchLabels: stringMap.optional(),
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
})
export const podMetadataSchema = z.looseObject({ labels: stringMap.optional(), annotations: stringMap.optional() })
export type PodMetadata = z.infer<typeof podMetadataSchema>
const antiAffinity = z.looseObject({
  requiredDuringSchedulingIgnoredDuringExecution: openObject.optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z.looseObject({ weight: z.int() }).optional(),
})

export const rolloutAnalysisSchema = z.looseObject({
  templates: z.array(templateRefSchema).optional(),
  args: z.array(rolloutArgumentSchema).optional(),
  dryRun: z.array(dryRunSchema).optional(),
  measurementRetention: z.array(measurementRetentionSchema).optional(),
  analysisRunMetadata: podMetadataSchema.optional(),
})
export type RolloutAnalysis = z.infer<typeof rolloutAnalysisSchema>

const stringMatch = z.looseObject({
  exact: z.string().optional(),
  prefix: z.string().optional(),
  regex: z.string().optional(),
})

export const stepSchema = z.looseObject({
  setWeight: z.int().optional(),
  pause: z.looseObject({ duration: intOrString.optional() }).optional(),
  experiment: openObject.optional(),
  analysis: rolloutAnalysisSchema.optional(),
  setCanaryScale: z
    .looseObject({
      replicas: z.int().optional(),
      weight: z.int().optional(),
      matchTrafficWeight: z.boolean().optional(),
    })
    .optional(),
  setHeaderRoute: z
    .looseObject({
      name: z.string().meta({ [OPTIONAL_ON_WIRE]: true }),
      match: z.array(z.looseObject({ headerName: z.string(), headerValue: stringMatch.optional() })).optional(),
    })
    .optional(),
  setMirrorRoute: z
    .looseObject({
      name: z.string(),
      match: z
        .array(
          z.looseObject({
            method: stringMatch.optional(),
            path: stringMatch.optional(),
            headers: z.record(z.string(), stringMatch).optional(),
          }),
        )
        .optional(),
      percentage: z.int().optional(),
    })
    .optional(),
  plugin: z.looseObject({ name: z.string(), config: openObject.optional() }).optional(),
})
export type CanaryStep = z.infer<typeof stepSchema>

export const trafficRoutingSchema = z.looseObject({
  managedRoutes: z.array(z.looseObject({ name: z.string() })).optional(),
  maxTrafficWeight: z.int().optional(),
  istio: openObject.optional(),
  nginx: openObject.optional(),
  alb: openObject.optional(),
  smi: openObject.optional(),
  ambassador: openObject.optional(),
  appMesh: openObject.optional(),
  traefik: openObject.optional(),
  apisix: openObject.optional(),
  plugins: z.record(z.string(), openObject).optional(),
})
export type TrafficRouting = z.infer<typeof trafficRoutingSchema>

export const canarySchema = z.looseObject({
  canaryService: z.string().optional(),
  stableService: z.string().optional(),
  steps: z.array(stepSchema).nullish(),
  trafficRouting: trafficRoutingSchema.optional(),
  maxSurge: intOrString.optional(),
  maxUnavailable: intOrString.optional(),
  analysis: rolloutAnalysisSchema.extend({ startingStep: z.int().optional() }).optional(),
  canaryMetadata: podMetadataSchema.optional(),
  stableMetadata: podMetadataSchema.optional(),
  antiAffinity: antiAffinity.optional(),
  scaleDownDelaySeconds: z.int().optional(),
  scaleDownDelayRevisionLimit: z.int().optional(),
  abortScaleDownDelaySeconds: z.int().optional(),
  dynamicStableScale: z.boolean().optional(),
  pingPong: z.looseObject({ pingService: z.string(), pongService: z.string() }).optional(),
  minPodsPerReplicaSet: z.int().optional(),
  replicaProgressThreshold: z.looseObject({ type: z.enum(['Percent', 'Pods']), value: z.int() }).optional(),
})
export type CanaryStrategy = z.infer<typeof canarySchema>

export const blueGreenSchema = z.looseObject({
  activeService: z.string(),
  previewService: z.string().optional(),
  previewReplicaCount: z.int().optional(),
  autoPromotionEnabled: z.boolean().optional(),
  autoPromotionSeconds: z.int().optional(),
  maxUnavailable: intOrString.optional(),
  scaleDownDelaySeconds: z.int().optional(),
  scaleDownDelayRevisionLimit: z.int().optional(),
  abortScaleDownDelaySeconds: z.int().optional(),
  prePromotionAnalysis: rolloutAnalysisSchema.optional(),
  postPromotionAnalysis: rolloutAnalysisSchema.optional(),
  antiAffinity: antiAffinity.optional(),
  previewMetadata: podMetadataSchema.optional(),
  activeMetadata: podMetadataSchema.optional(),
})

export type BlueGreenStrategy = z.infer<typeof blueGreenSchema>

export const rolloutSpecSchema = z.looseObject({
  replicas: z.int().nullish(),
  selector: labelSelectorSchema
    .meta({ 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: '.spec.selector is immutable' }] })
    .optional(),
  template: podTemplate.optional(),
  workloadRef: z
    .looseObject({
      apiVersion: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
      scaleDown: z.string().optional(),
    })
    .optional(),
  minReadySeconds: z.int().optional(),
  revisionHistoryLimit: z.int().nullish(),
  paused: z.boolean().optional(),
  progressDeadlineSeconds: z.int().nullish(),
  progressDeadlineAbort: z.boolean().optional(),
  restartAt: instant.nullish(),
  rollbackWindow: z.looseObject({ revisions: z.int().optional() }).optional(),
  analysis: z
    .looseObject({ successfulRunHistoryLimit: z.int().optional(), unsuccessfulRunHistoryLimit: z.int().optional() })
    .optional(),
  strategy: z.looseObject({ canary: canarySchema.optional(), blueGreen: blueGreenSchema.optional() }).optional(),
})
export type RolloutSpec = z.infer<typeof rolloutSpecSchema>

/** `reason` is CanaryPauseStep, BlueGreenPause, InconclusiveAnalysisRun or InconclusiveExperiment; an unknown one is kept and holds the rollout. */
export const pauseConditionSchema = z.looseObject({ reason: z.string(), startTime: instant })
export type PauseCondition = z.infer<typeof pauseConditionSchema>

const analysisRunRef = z.looseObject({
  name: z.string(),
  status: z.string().optional(),
  message: z.string().optional(),
})
const weightDestination = z.looseObject({
  weight: z.int(),
  serviceName: z.string().optional(),
  podTemplateHash: z.string().optional(),
})

export const trafficWeightsSchema = z.looseObject({
  canary: weightDestination,
  stable: weightDestination,
  additional: z.array(weightDestination).optional(),
  verified: z.boolean().optional(),
})

export const conditionSchema = z.looseObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastUpdateTime: instant.optional(),
  lastTransitionTime: instant.optional(),
})
export type Condition = z.infer<typeof conditionSchema>

export const rolloutStatusSchema = z.looseObject({
  abort: z.boolean().optional(),
  abortedAt: instant.nullish(),
  pauseConditions: z.array(pauseConditionSchema).nullish(),
  controllerPause: z.boolean().optional(),
  currentPodHash: z.string().optional(),
  currentStepHash: z.string().optional(),
  currentStepIndex: z.int().nullish(),
  stableRS: z.string().optional(),
  replicas: z.int().optional(),
  updatedReplicas: z.int().optional(),
  readyReplicas: z.int().optional(),
  availableReplicas: z.int().optional(),
  HPAReplicas: z.int().optional(),
  selector: z.string().optional(),
  collisionCount: z.int().nullish(),
  /** A string on the wire, as Argo writes it. */
  observedGeneration: z.string().optional(),
  workloadObservedGeneration: z.string().optional(),
  conditions: z.array(conditionSchema).nullish(),
  phase: z.string().optional(),
  message: z.string().optional(),
  promoteFull: z.boolean().optional(),
  restartedAt: instant.nullish(),
  alb: openObject.nullish(),
  albs: z.array(openObject).nullish(),
  canary: z
    .looseObject({
      currentStepAnalysisRunStatus: analysisRunRef.nullish(),
      currentBackgroundAnalysisRunStatus: analysisRunRef.nullish(),
      currentExperiment: z.string().optional(),
      weights: trafficWeightsSchema.nullish(),
      stablePingPong: z.string().optional(),
      stepPluginStatuses: z.array(openObject).nullish(),
    })
    .optional(),
  blueGreen: z
    .looseObject({
      previewSelector: z.string().optional(),
      activeSelector: z.string().optional(),
      scaleUpPreviewCheckPoint: z.boolean().optional(),
      prePromotionAnalysisRunStatus: analysisRunRef.nullish(),
      postPromotionAnalysisRunStatus: analysisRunRef.nullish(),
    })
    .optional(),
})
export type RolloutStatus = z.infer<typeof rolloutStatusSchema>

export interface Rollout extends KubeObject {
  readonly spec: RolloutSpec
  readonly status?: RolloutStatus
}

/** The parts of a ReplicaSet that decisions read. */
export interface ReplicaSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplate
  }
  readonly status?: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly observedGeneration?: number
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
      readonly message?: string
      readonly lastTransitionTime?: string
    }[]
  }
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly {
      readonly name?: string
      readonly port: number
      readonly protocol?: string
      readonly targetPort?: number | string
    }[]
  }
}
