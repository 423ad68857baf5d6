/**
 * AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun as the API server holds them (argoproj.io/v1alpha1). Shapes only: the
 * one definition behind validation, types and CRDs. It must not hold rules about verdicts.
 */
import { z } from 'zod'
import type { KubeObject } from './meta.ts'
import { cloudWatchMetricSchema } from './metric-providers/cloud-watch.ts'
import { datadogMetricSchema } from './metric-providers/datadog.ts'
import { graphiteMetricSchema } from './metric-providers/graphite.ts'
import { influxdbMetricSchema } from './metric-providers/influxdb.ts'
import { kayentaMetricSchema } from './metric-providers/kayenta.ts'
import { newRelicMetricSchema } from './metric-providers/new-relic.ts'
import { skywalkingMetricSchema } from './metric-providers/skywalking.ts'
import { wavefrontMetricSchema } from './metric-providers/wavefront.ts'
import { instant, intOrString, NOT_ON_WIRE, OPTIONAL_ON_WIRE, openObject, stringMap } from './scalars.ts'

const secretKeyRef = z.looseObject({ name: z.string(), key: z.string() })
const fieldRef = z.looseObject({ fieldPath: z.string() })

const revision = z.enum(['Stable', 'Latest']).optional()
const absent = { [NOT_ON_WIRE]: true }

/** An argument that a template or a run declares. */
export const argumentSchema = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      secretKeyRef: secretKeyRef.optional(),
      fieldRef: fieldRef.optional(),
      podTemplateHashValue: revision.meta(absent),
    })
    .optional(),
})
/** An argument that a Rollout gives: it has revisions to speak of, and no secrets. */
export const rolloutArgumentSchema = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      secretKeyRef: secretKeyRef.optional().meta(absent),
      fieldRef: fieldRef.optional(),
      podTemplateHashValue: revision,
    })
    .optional(),
})
export type Argument = z.infer<typeof argumentSchema>

const header = z.looseObject({ key: z.string(), value: z.string() })
const oauth2 = z.looseObject({
  tokenUrl: z.string().optional(),
  clientId: z.string().optional(),
  clientSecret: z.string().optional(),
  scopes: z.array(z.string()).optional(),
})
const authentication = z.looseObject({
  sigv4: z
    .looseObject({ region: z.string().optional(), profile: z.string().optional(), roleArn: z.string().optional() })
    .optional(),
  oauth2: oauth2.optional(),
  basicAuth: z.looseObject({ username: z.string().optional(), password: z.string().optional() }).optional(),
})

export const prometheusMetricSchema = z.looseObject({
  address: z.string().optional(),
  query: z.string().optional(),
  /** Seconds; default 30. */
  timeout: z.int().meta({ format: 'int64' }).optional(),
  insecure: z.boolean().optional(),
  headers: z.array(header).optional(),
  authentication: authentication.optional(),
  rangeQuery: z
    .looseObject({ start: z.string().optional(), end: z.string().optional(), step: z.string().optional() })
    .optional(),
})

export const webMetricSchema = z.looseObject({
  method: z.enum(['GET', 'POST', 'PUT']).optional(),
  url: z.string(),
  headers: z.array(header).optional(),
  body: z.string().optional(),
  jsonBody: openObject.optional(),
  /** Seconds; default 10. */
  timeoutSeconds: z.int().meta({ format: 'int64' }).optional(),
  jsonPath: z.string().optional(),
  insecure: z.boolean().optional(),
  authentication: authentication.optional(),
})

/** Exactly one provider is set; the others Argo knows are kept as they are, so that nothing is lost on the way through us. */
export const providerSchema = z.looseObject({
  prometheus: prometheusMetricSchema.optional(),
  web: webMetricSchema.optional(),
  job: openObject.optional(),
  datadog: datadogMetricSchema.optional(),
  newRelic: newRelicMetricSchema.optional(),
  wavefront: wavefrontMetricSchema.optional(),
  graphite: graphiteMetricSchema.optional(),
  influxdb: influxdbMetricSchema.optional(),
  cloudWatch: cloudWatchMetricSchema.optional(),
  skywalking: skywalkingMetricSchema.optional(),
  kayenta: kayentaMetricSchema.optional(),
  plugin: z.record(z.string(), openObject).optional(),
})

export const metricSchema = z.looseObject({
  name: z.string(),
  interval: z.string().optional(),
  initialDelay: z.string().optional(),
  count: intOrString.optional(),
  successCondition: z.string().optional(),
  failureCondition: z.string().optional(),
  failureLimit: intOrString.optional(),
  inconclusiveLimit: intOrString.optional(),
  consecutiveErrorLimit: intOrString.optional(),
  consecutiveSuccessLimit: intOrString.optional(),
  provider: providerSchema,
})
export type Metric = z.infer<typeof metricSchema>

export const dryRunSchema = z.looseObject({ metricName: z.string() })
export const measurementRetentionSchema = z.looseObject({ metricName: z.string(), limit: z.int() })
export const templateRefSchema = z.looseObject({
  templateName: z.string().meta({ [OPTIONAL_ON_WIRE]: true }),
  clusterScope: z.boolean().optional(),
})

export const analysisTemplateSpecSchema = z.looseObject({
  metrics: z.array(metricSchema).optional(),
  args: z.array(argumentSchema).optional(),
  dryRun: z.array(dryRunSchema).optional(),
  measurementRetention: z.array(measurementRetentionSchema).optional(),
  templates: z.array(templateRefSchema).optional(),
})
export type AnalysisTemplateSpec = z.infer<typeof analysisTemplateSpecSchema>
export interface AnalysisTemplate extends KubeObject {
  readonly spec: AnalysisTemplateSpec
}

export const analysisPhases = ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'] as const
export type AnalysisPhase = (typeof analysisPhases)[number]
const phase = z.enum(['', ...analysisPhases])

export const measurementSchema = z.looseObject({
  phase,
  message: z.string().optional(),
  startedAt: instant.optional(),
  finishedAt: instant.optional(),
  value: z.string().optional(),
  metadata: stringMap.optional(),
  resumeAt: instant.optional(),
})
export type Measurement = z.infer<typeof measurementSchema>

export const metricResultSchema = z.looseObject({
  name: z.string(),
  phase,
  measurements: z.array(measurementSchema).optional(),
  message: z.string().optional(),
  count: z.int().optional(),
  successful: z.int().optional(),
  failed: z.int().optional(),
  inconclusive: z.int().optional(),
  error: z.int().optional(),
  consecutiveError: z.int().optional(),
  consecutiveSuccess: z.int().optional(),
  dryRun: z.boolean().optional(),
  metadata: stringMap.optional(),
})
export type MetricResult = z.infer<typeof metricResultSchema>

const runSummary = z.looseObject({
  count: z.int().optional(),
  successful: z.int().optional(),
  failed: z.int().optional(),
  inconclusive: z.int().optional(),
  error: z.int().optional(),
})

export const analysisRunSpecSchema = z.looseObject({
  metrics: z.array(metricSchema),
  args: z.array(argumentSchema).optional(),
  terminate: z.boolean().optional(),
  dryRun: z.array(dryRunSchema).optional(),
  measurementRetention: z.array(measurementRetentionSchema).optional(),
  ttlStrategy: z
    .looseObject({
      secondsAfterCompletion: z.int().optional(),
      secondsAfterFailure: z.int().optional(),
      secondsAfterSuccess: z.int().optional(),
    })
    .optional(),
})
export type AnalysisRunSpec = z.infer<typeof analysisRunSpecSchema>

export const analysisRunStatusSchema = z.looseObject({
  phase,
  message: z.string().optional(),
  metricResults: z.array(metricResultSchema).optional(),
  startedAt: instant.optional(),
  completedAt: instant.optional(),
  runSummary: runSummary.optional(),
  dryRunSummary: runSummary.optional(),
})
export type AnalysisRunStatus = z.infer<typeof analysisRunStatusSchema>

export interface AnalysisRun extends KubeObject {
  readonly spec: AnalysisRunSpec
  readonly status?: AnalysisRunStatus
}

/** Phases in which a run is over: it is never measured or written again. */
export const isCompleted = (phase: string | undefined): boolean =>
  phase === 'Successful' || phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive'
