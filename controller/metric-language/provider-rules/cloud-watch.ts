/** What a `cloudWatch` metric may say before it is asked: queries that CloudWatch would take, each a metric or an expression. */
import {
  type CloudWatchMetric,
  cloudWatchMetricSchema,
  type MetricDataQuery,
} from '../../api/metric-providers/cloud-watch.ts'
import { type IntOrString, parseGoDuration } from '../../api/scalars.ts'
import { readInt } from '../analysis-metric.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { ruleOf } from './shape.ts'

/** CloudWatch's own limit. */
const MOST_QUERIES = 500

/** Shared with the provider, which asks again once arguments are known. */
export function checkCloudWatch(config: CloudWatchMetric, path: string): readonly AnalysisProblem[] {
  const { interval = '', metricDataQueries: queries } = config
  const field = `${path}.metricDataQueries`
  const isBad = interval !== '' && !hasPlaceholder(interval) && !((parseGoDuration(interval) ?? 0) > 0)
  const ids = queries.map(({ id = '' }) => id)
  return [
    ...when(isBad, `${path}.interval`, `"${interval}" is not a positive duration such as 5m`),
    ...when(queries.length === 0, field, 'needs at least one query'),
    ...when(queries.length > MOST_QUERIES, field, `takes at most ${MOST_QUERIES} queries`),
    ...when(
      queries.length > 0 && queries.every(({ returnData }) => returnData === false),
      field,
      'returns nothing: returnData is false everywhere',
    ),
    ...ids.flatMap((id, at) => when(ids.indexOf(id) < at, `${field}[${at}].id`, `"${id}" is used twice`)),
    ...queries.flatMap((query, at) => checkQuery(query, `${field}[${at}]`)),
  ]
}

function checkQuery({ id = '', expression, metricStat, period }: MetricDataQuery, field: string): AnalysisProblem[] {
  const isId = hasPlaceholder(id) || /^[a-z][a-zA-Z0-9_]{0,254}$/.test(id)
  return [
    ...when(!isId, `${field}.id`, `"${id}" does not begin with a small letter, or has more than letters, digits and _`),
    ...when(!expression === !metricStat, field, 'needs either expression or metricStat'),
    ...when(metricStat !== undefined && !metricStat.stat, `${field}.metricStat.stat`, 'is required, such as Average'),
    ...(metricStat === undefined ? [] : checkPeriod(metricStat.period ?? 0, `${field}.metricStat.period`)),
    ...(period === undefined ? [] : checkPeriod(period, `${field}.period`)),
  ]
}

function checkPeriod(period: IntOrString, field: string): readonly AnalysisProblem[] {
  const isOpen = typeof period === 'string' && hasPlaceholder(period)
  return when(!isOpen && !((readInt(period) ?? 0) > 0), field, 'must be a number of seconds, such as 60')
}

export const cloudWatchRule = ruleOf(cloudWatchMetricSchema, checkCloudWatch)
