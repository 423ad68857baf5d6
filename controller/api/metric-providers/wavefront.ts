/** `provider.wavefront` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

export const wavefrontMetricSchema = z.looseObject({
  /** A host without scheme, which is also the key of its token in the Secret `wavefront-api-tokens`. */
  address: z.string().optional(),
  query: z.string().optional(),
})
export type WavefrontMetric = z.infer<typeof wavefrontMetricSchema>
