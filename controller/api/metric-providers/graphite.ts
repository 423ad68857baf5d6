/** `provider.graphite` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

export const graphiteMetricSchema = z.looseObject({
  address: z.string().optional(),
  /** Parameters of the render API, such as `target=sumSeries(app.http.*.count)&from=-5min`. */
  query: z.string().optional(),
})
export type GraphiteMetric = z.infer<typeof graphiteMetricSchema>
