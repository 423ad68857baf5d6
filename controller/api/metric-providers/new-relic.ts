/** `provider.newRelic` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

export const newRelicMetricSchema = z.looseObject({
  /** The Secret with the account, in the controller's namespace; `newrelic` when empty. */
  profile: z.string().optional(),
  /** NRQL. */
  query: z.string(),
  /** Seconds that New Relic may take; default 5. */
  timeout: z.int().meta({ format: 'int64' }).optional(),
})
export type NewRelicMetric = z.infer<typeof newRelicMetricSchema>
