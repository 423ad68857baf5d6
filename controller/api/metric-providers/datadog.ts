/** `provider.datadog` of a metric, as Argo's CRD has it. Shapes only. */
import { z } from 'zod'

export const datadogMetricSchema = z.looseObject({
  /** v1 when absent. */
  apiVersion: z.enum(['v1', 'v2']).optional(),
  /** How far back the query looks, as a Go duration; 5m when absent. */
  interval: z.string().optional(),
  query: z.string().optional(),
  /** By name; v2 only. */
  queries: z.record(z.string(), z.string()).optional(),
  /** Of the names of `queries`. */
  formula: z.string().optional(),
  /** How each query becomes one number; v2 only, last when absent. */
  aggregator: z.enum(['avg', 'min', 'max', 'sum', 'last', 'percentile', 'mean', 'l2norm', 'area']).optional(),
  /** The Secret with the keys, in the controller's namespace or (`namespaced`) in that of the run. */
  secretRef: z.looseObject({ name: z.string().optional(), namespaced: z.boolean().optional() }).optional(),
  /** Go duration; 10s when absent. */
  requestTimeout: z.string().optional(),
})
export type DatadogMetric = z.infer<typeof datadogMetricSchema>
