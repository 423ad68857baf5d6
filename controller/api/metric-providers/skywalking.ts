/** `provider.skywalking` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

export const skywalkingMetricSchema = z.looseObject({
  address: z.string().optional(),
  /** GraphQL that declares `$duration: Duration!`. */
  query: z.string().optional(),
  /** How far back `$duration` reaches. */
  interval: z.string().optional(),
})
export type SkywalkingMetric = z.infer<typeof skywalkingMetricSchema>
