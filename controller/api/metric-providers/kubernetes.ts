/** `provider.plugin["penstock/kubernetes"]`: a place in an object of the cluster. Shape only; an unknown field is a mistake. */
import { z } from 'zod'
import { namedObjectShape } from '../named-object.ts'

export const kubernetesMetricSchema = z.strictObject({
  ...namedObjectShape,
  /** What of the object is the value; all of it when absent. */
  jsonPath: z.string().min(1).max(1000).optional(),
  /** Judges by this alone: whether the object, and what the path names in it, is there. */
  exists: z.boolean().optional(),
})
export type KubernetesMetric = z.infer<typeof kubernetesMetricSchema>
