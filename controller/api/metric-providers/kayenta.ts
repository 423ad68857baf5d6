/** `provider.kayenta` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

const scopeDetail = z.looseObject({
  scope: z.string(),
  region: z.string(),
  /** Seconds. */
  step: z.int().meta({ format: 'int64' }),
  /** RFC 3339. */
  start: z.string().optional(),
  end: z.string().optional(),
})

export const kayentaMetricSchema = z.looseObject({
  address: z.string(),
  application: z.string(),
  canaryConfigName: z.string(),
  metricsAccountName: z.string(),
  configurationAccountName: z.string(),
  storageAccountName: z.string(),
  /** Scores of 0 to 100. */
  threshold: z.looseObject({
    pass: z.int().meta({ format: 'int64' }),
    marginal: z.int().meta({ format: 'int64' }),
  }),
  scopes: z.array(z.looseObject({ name: z.string(), controlScope: scopeDetail, experimentScope: scopeDetail })),
  /** True: from the start of the run on, and not only over the last interval. */
  lookback: z.boolean().optional(),
})
export type KayentaMetric = z.infer<typeof kayentaMetricSchema>
