/**
 * Experiment as the API server holds it (argoproj.io/v1alpha1): short-lived ReplicaSets beside a release, with analyses that judge
 * them. Shapes only, loose at every level; it must not hold defaults or rules.
 */
import { z } from 'zod'
import { argumentSchema, dryRunSchema, measurementRetentionSchema } from './analysis.ts'
import type { KubeObject, PodTemplate } from './meta.ts'
import { conditionSchema, labelSelectorSchema, podMetadataSchema } from './rollout.ts'
import { instant, openObject } from './scalars.ts'

export const experimentTemplateSchema = z.looseObject({
  name: z.string(),
  /** Default 1. */
  replicas: z.int().nullish(),
  minReadySeconds: z.int().optional(),
  selector: labelSelectorSchema,
  template: openObject.transform((value) => value as PodTemplate),
  service: z.looseObject({ name: z.string().optional() }).nullish(),
})

export const experimentAnalysisSchema = z.looseObject({
  name: z.string(),
  templateName: z.string(),
  clusterScope: z.boolean().optional(),
  args: z.array(argumentSchema).optional(),
  requiredForCompletion: z.boolean().optional(),
})

export const experimentSpecSchema = z.looseObject({
  templates: z.array(experimentTemplateSchema),
  /** Go duration; absent means until the analyses end or `terminate` is set. */
  duration: z.string().optional(),
  /** Seconds; default 600. */
  progressDeadlineSeconds: z.int().nullish(),
  terminate: z.boolean().optional(),
  analyses: z.array(experimentAnalysisSchema).optional(),
  /** Seconds; default 30. */
  scaleDownDelaySeconds: z.int().nullish(),
  dryRun: z.array(dryRunSchema).optional(),
  measurementRetention: z.array(measurementRetentionSchema).optional(),
  analysisRunMetadata: podMetadataSchema.optional(),
})
export type ExperimentSpec = z.infer<typeof experimentSpecSchema>
export type ExperimentTemplate = z.infer<typeof experimentTemplateSchema>
export type ExperimentAnalysis = z.infer<typeof experimentAnalysisSchema>

const templateStatusSchema = z.looseObject({
  name: z.string(),
  replicas: z.int(),
  updatedReplicas: z.int(),
  readyReplicas: z.int(),
  availableReplicas: z.int(),
  collisionCount: z.int().nullish(),
  /** Progressing, Running, Successful, Failed or Error. */
  status: z.string().optional(),
  message: z.string().optional(),
  /** When a count or the status last changed: `progressDeadlineSeconds` counts from here. */
  lastTransitionTime: instant.nullish(),
  /** Set together while the template has a Service. */
  serviceName: z.string().optional(),
  podTemplateHash: z.string().optional(),
})
export type TemplateStatus = z.infer<typeof templateStatusSchema>

const experimentRunStatusSchema = z.looseObject({
  /** Of the analysis in the spec. */
  name: z.string(),
  /** Of the AnalysisRun; empty when it could not be made. */
  analysisRun: z.string(),
  phase: z.string(),
  message: z.string().optional(),
})
export type ExperimentRunStatus = z.infer<typeof experimentRunStatusSchema>

export const experimentStatusSchema = z.looseObject({
  phase: z.string().optional(),
  message: z.string().optional(),
  /** When every template was available for the first time: `duration` counts from here. */
  availableAt: instant.nullish(),
  templateStatuses: z.array(templateStatusSchema).optional(),
  analysisRuns: z.array(experimentRunStatusSchema).optional(),
  conditions: z.array(conditionSchema).optional(),
})
export type ExperimentStatus = z.infer<typeof experimentStatusSchema>

export interface Experiment extends KubeObject {
  readonly spec: ExperimentSpec
  readonly status?: ExperimentStatus
}

/** The step `experiment` of a canary: what the Experiment is made of, with pods taken from a revision of the Rollout. */
export const experimentStepSchema = z.looseObject({
  templates: z.array(
    z.looseObject({
      name: z.string(),
      specRef: z.enum(['stable', 'canary']),
      replicas: z.int().nullish(),
      metadata: podMetadataSchema.optional(),
      /** Instead of the Rollout's. */
      selector: labelSelectorSchema.optional(),
      /** Share of the traffic, out of `maxTrafficWeight`. */
      weight: z.int().nullish(),
      service: z.looseObject({ name: z.string().optional() }).nullish(),
    }),
  ),
  duration: z.string().optional(),
  analyses: z.array(experimentAnalysisSchema).optional(),
  dryRun: z.array(dryRunSchema).optional(),
  analysisRunMetadata: podMetadataSchema.optional(),
  scaleDownDelaySeconds: z.int().nullish(),
})
export type ExperimentStep = z.infer<typeof experimentStepSchema>
