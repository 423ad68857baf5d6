/**
 * `provider.plugin["penstock/mann-whitney"]`: canary against stable as Kayenta's standard judge compares them, over range queries to Prometheus. Shape
 * only; an unknown field is a mistake.
 */
import { z } from 'zod'
import { prometheusMetricSchema } from '../analysis.ts'

/** How one metric is judged; Kayenta's names and defaults. */
const mannWhitneyRuleShape = {
  /** Which change is a failure; either when absent. */
  direction: z.enum(['increase', 'decrease', 'either']).optional(),
  /** `meanRatio`: mean of the canary ÷ mean of stable. `cles`: how likely a value of the canary is the larger one. */
  effectSize: z.enum(['meanRatio', 'cles']).optional(),
  /** Effect from which on a change counts; 1, or 0.5 for `cles`: any. */
  allowedIncrease: z.number().min(0).optional(),
  allowedDecrease: z.number().min(0).optional(),
  /** True: a change beyond `criticalIncrease` or `criticalDecrease` (as above) fails the whole. */
  critical: z.boolean().optional(),
  criticalIncrease: z.number().min(0).optional(),
  criticalDecrease: z.number().min(0).optional(),
  /** Of steps without a number: left out, or 0. */
  nanStrategy: z.enum(['remove', 'replace']).optional(),
  outliers: z.enum(['keep', 'remove']).optional(),
  /** Without data: true is a failure, false is put up with; absent: no verdict that passes. */
  mustHaveData: z.boolean().optional(),
}

const comparedMetric = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,63}$/, 'must be letters, digits, dots, dashes and underscores'),
  canaryQuery: z.string().min(1),
  stableQuery: z.string().min(1),
  /** Group of the score; `default` when absent. */
  group: z.string().min(1).max(63).optional(),
  ...mannWhitneyRuleShape,
})
export type ComparedMetric = z.infer<typeof comparedMetric>

export const mannWhitneyMetricSchema = z.strictObject({
  address: z.string().optional(),
  /** Instead of `metrics`, where there is one. */
  canaryQuery: z.string().min(1).optional(),
  stableQuery: z.string().min(1).optional(),
  ...mannWhitneyRuleShape,
  metrics: z.array(comparedMetric).min(1).max(20).optional(),
  /** Percent of the score by group; groups that are not named share what is left of 100. */
  groupWeights: z.record(z.string(), z.number().min(0).max(100)).optional(),
  /** Time between two values; 60s. */
  step: z.string().optional(),
  /** How far back values are read; 50 steps. */
  lookback: z.string().optional(),
  /** Scores of 0 to 100; pass 95, marginal 75. */
  threshold: z
    .strictObject({ pass: z.number().min(0).max(100).optional(), marginal: z.number().min(0).max(100).optional() })
    .optional(),
  /** `kayenta` judges with every hole as it is there. */
  reading: z.enum(['strict', 'kayenta']).optional(),
  /** Of one query; seconds, 30. */
  timeout: z.int().min(1).max(60).optional(),
  insecure: z.boolean().optional(),
  headers: prometheusMetricSchema.shape.headers,
  authentication: prometheusMetricSchema.shape.authentication,
})
export type MannWhitneyMetric = z.infer<typeof mannWhitneyMetricSchema>
