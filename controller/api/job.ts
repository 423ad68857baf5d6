/**
 * Jobs that are run for their outcome, by a metric or a step: what a manifest must say before it is worth sending, and how the end of one is
 * read. It must not say what an end means to a release.
 */
import { z } from 'zod'
import type { KubeObject, LabelSelector } from './meta.ts'
import { openObject, stringMap } from './scalars.ts'

/** Of a batch/v1 JobSpec what the API server would refuse late or in words that name no field of ours; the rest is kept as it is. */
export const jobSpecSchema = z.looseObject({
  template: z.looseObject({
    metadata: z.looseObject({ labels: stringMap.optional() }).optional(),
    spec: z.looseObject({
      restartPolicy: z.enum(['Never', 'OnFailure'], { message: 'must be Never or OnFailure' }),
      containers: z
        .array(z.looseObject({ name: z.string(), image: z.string(), env: z.array(openObject).optional() }))
        .min(1),
    }),
  }),
})
export type JobSpec = z.infer<typeof jobSpecSchema>

/** `provider.job` of a metric. */
export const jobMetricSchema = z.looseObject({
  metadata: z.looseObject({ labels: stringMap.optional(), annotations: stringMap.optional() }).optional(),
  spec: jobSpecSchema,
})
export type JobMetric = z.infer<typeof jobMetricSchema>

export interface Job extends KubeObject {
  readonly spec: JobSpec & { readonly selector?: LabelSelector }
  readonly status?: {
    readonly conditions?: readonly JobCondition[]
    /** Pods that have not ended. */
    readonly active?: number
    /** Those of them whose containers all run. */
    readonly ready?: number
  }
}
interface JobCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export interface JobEnd {
  readonly outcome: 'Complete' | 'Failed'
  /** `BackoffLimitExceeded` and the like; '' when none was given. */
  readonly reason: string
  readonly message: string
}

/** How the Job ended; undefined while it has not. Should it say both, it failed. */
export function readJobEnd({ status }: Job): JobEnd | undefined {
  for (const outcome of ['Failed', 'Complete'] as const) {
    const condition = status?.conditions?.find(({ type, status }) => type === outcome && status === 'True')
    if (condition) return { outcome, reason: condition.reason ?? '', message: condition.message ?? '' }
  }
  return undefined
}
