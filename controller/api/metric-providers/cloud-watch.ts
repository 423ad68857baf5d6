/** `provider.cloudWatch` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'
import { intOrString } from '../scalars.ts'

const metricStat = z.looseObject({
  metric: z
    .looseObject({
      namespace: z.string().optional(),
      metricName: z.string().optional(),
      dimensions: z.array(z.looseObject({ name: z.string().optional(), value: z.string().optional() })).optional(),
    })
    .optional(),
  /** Seconds. */
  period: intOrString.optional(),
  stat: z.string().optional(),
  unit: z.string().optional(),
})

export const metricDataQuerySchema = z.looseObject({
  id: z.string().optional(),
  expression: z.string().optional(),
  label: z.string().optional(),
  metricStat: metricStat.optional(),
  /** Seconds. */
  period: intOrString.optional(),
  returnData: z.boolean().optional(),
})
export type MetricDataQuery = z.infer<typeof metricDataQuerySchema>

export const cloudWatchMetricSchema = z.looseObject({
  /** How far back the queries look, as a Go duration; 5m when absent. */
  interval: z.string().optional(),
  metricDataQueries: z.array(metricDataQuerySchema),
})
export type CloudWatchMetric = z.infer<typeof cloudWatchMetricSchema>
