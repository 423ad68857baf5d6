/** `provider.plugin["penstock/alertmanager"]`: whether a matching alert is firing. Shape only; an unknown field is a mistake. */
import { z } from 'zod'
import { prometheusMetricSchema } from '../analysis.ts'

export const alertmanagerMetricSchema = z.strictObject({
  address: z.string().min(1),
  /** All of them must match, as in Alertmanager's own routes. */
  matchers: z.array(z.string().min(1)).min(1).max(50),
  /** True: alerts that somebody has silenced count as firing. */
  silenced: z.boolean().optional(),
  /** True: alerts that are inhibited by others count as firing. */
  inhibited: z.boolean().optional(),
  /** How long Alertmanager must be up until it must have heard of what fires; it keeps no alerts over a restart. Default 2m. */
  warmup: z.string().optional(),
  /** Default 10. */
  timeoutSeconds: z.int().min(1).max(60).optional(),
  insecure: z.boolean().optional(),
  headers: prometheusMetricSchema.shape.headers,
  authentication: prometheusMetricSchema.shape.authentication,
})
export type AlertmanagerMetric = z.infer<typeof alertmanagerMetricSchema>
