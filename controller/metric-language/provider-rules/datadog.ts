/** What a `datadog` metric may say before it is asked: queries that its API's version knows, and durations. */
import { type DatadogMetric, datadogMetricSchema } from '../../api/metric-providers/datadog.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { ruleOf } from './shape.ts'

const isDuration = (text: string): boolean => hasPlaceholder(text) || (parseGoDuration(text) ?? 0) > 0

/** Shared with the provider, which asks again once arguments are known. */
export function checkDatadog(config: DatadogMetric, path: string): readonly AnalysisProblem[] {
  const { interval = '', requestTimeout = '', secretRef } = config
  return [
    ...checkQueries(config, path),
    ...when(
      interval !== '' && !isDuration(interval),
      `${path}.interval`,
      `"${interval}" is not a positive duration such as 5m`,
    ),
    ...when(
      requestTimeout !== '' && !isDuration(requestTimeout),
      `${path}.requestTimeout`,
      `"${requestTimeout}" is not a positive duration such as 10s`,
    ),
    ...when(
      secretRef?.namespaced === true && !secretRef.name,
      `${path}.secretRef.name`,
      'secret name is required for namespaced credentials',
    ),
  ]
}

function checkQueries(config: DatadogMetric, path: string): readonly AnalysisProblem[] {
  const { apiVersion = 'v1', query, formula, aggregator } = config
  const count = Object.keys(config.queries ?? {}).length
  const isV1 = apiVersion === 'v1'
  if (!query && count === 0) return [{ field: `${path}.query`, message: 'is required, or queries with v2' }]
  return [
    ...when(Boolean(query) && count > 0, `${path}.queries`, 'use either query or queries, not both'),
    ...when(isV1 && count > 0, `${path}.queries`, 'need apiVersion v2'),
    ...when(Boolean(formula) && count === 0, `${path}.formula`, 'needs queries'),
    ...when(!formula && count > 1, `${path}.formula`, 'is required with several queries'),
    ...when(isV1 && Boolean(aggregator), `${path}.aggregator`, 'needs apiVersion v2'),
  ]
}

export const datadogRule = ruleOf(datadogMetricSchema, checkDatadog)
