/** `provider.influxdb` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

export const influxdbMetricSchema = z.looseObject({
  /** The Secret with address, organization and token, in the controller's namespace; `influxdb` when empty. */
  profile: z.string().optional(),
  /** Flux. */
  query: z.string().optional(),
})
export type InfluxdbMetric = z.infer<typeof influxdbMetricSchema>
