/** What a `penstock/mann-whitney` metric may say before it is asked. */
import {
  type ComparedMetric,
  type MannWhitneyMetric,
  mannWhitneyMetricSchema,
} from '../../api/metric-providers/mann-whitney.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { findPromqlProblem } from '../promql.ts'
import { checkAuthentication } from './authentication.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const MOST_STEPS = 10_000

export const mannWhitneyRule = ruleOf(mannWhitneyMetricSchema, (config, path) => [
  ...checkAddress(config.address, `${path}.address`),
  ...checkAuthentication(config.authentication, path, { signs: true }),
  ...checkMetrics(config, path),
  ...checkTimes(config, path),
  ...checkWeights(config, path),
])

function checkMetrics(config: MannWhitneyMetric, path: string): readonly AnalysisProblem[] {
  const { metrics, canaryQuery, stableQuery } = config
  const isOne = canaryQuery !== undefined || stableQuery !== undefined
  if (metrics && isOne)
    return [{ field: `${path}.metrics`, message: 'use either metrics, or canaryQuery and stableQuery' }]
  if (!metrics)
    return [...checkQuery(canaryQuery, `${path}.canaryQuery`), ...checkQuery(stableQuery, `${path}.stableQuery`)]
  return metrics.flatMap((metric, index) => [
    ...checkQuery(metric.canaryQuery, `${path}.metrics[${index}].canaryQuery`),
    ...checkQuery(metric.stableQuery, `${path}.metrics[${index}].stableQuery`),
    ...when(isRepeated(metrics, index), `${path}.metrics[${index}].name`, `duplicate metric name '${metric.name}'`),
  ])
}

const isRepeated = (metrics: readonly ComparedMetric[], index: number): boolean =>
  metrics.findIndex(({ name }) => name === metrics[index]?.name) < index

function checkQuery(query: string | undefined, field: string): readonly AnalysisProblem[] {
  if (!query) return [{ field, message: 'is required' }]
  const message = hasPlaceholder(query) ? undefined : findPromqlProblem(query)
  return message === undefined ? [] : [{ field, message }]
}

function checkTimes({ step = '60s', lookback }: MannWhitneyMetric, path: string): readonly AnalysisProblem[] {
  if (hasPlaceholder(step) || hasPlaceholder(lookback ?? '')) return []
  const stepMs = parseGoDuration(step) ?? 0
  if (stepMs < 1000) return [{ field: `${path}.step`, message: `"${step}" is not a duration of 1s or more` }]
  if (lookback === undefined) return []
  const steps = (parseGoDuration(lookback) ?? 0) / stepMs
  return [
    ...when(steps < 2, `${path}.lookback`, `"${lookback}" is not a duration of two steps or more`),
    ...when(steps > MOST_STEPS, `${path}.lookback`, `"${lookback}" is more than ${MOST_STEPS} steps`),
  ]
}

function checkWeights(
  { groupWeights = {}, threshold = {} }: MannWhitneyMetric,
  path: string,
): readonly AnalysisProblem[] {
  const sum = Object.values(groupWeights).reduce((total, weight) => total + weight, 0)
  const { pass = 95, marginal = 75 } = threshold
  return [
    ...when(sum > 100, `${path}.groupWeights`, `the weights add up to ${sum}, more than 100`),
    ...when(marginal > pass, `${path}.threshold.marginal`, 'must not be above pass'),
  ]
}
