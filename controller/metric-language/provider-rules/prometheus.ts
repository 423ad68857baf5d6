/** What a `prometheus` metric may say before it is asked: PromQL that reads well, an address, a range with all its parts. */
import type { z } from 'zod'
import { prometheusMetricSchema } from '../../api/analysis.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { findPromqlProblem } from '../promql.ts'
import { checkAddress, checkAuthentication, ruleOf } from './shape.ts'

type Config = z.infer<typeof prometheusMetricSchema>

export const prometheusRule = ruleOf(prometheusMetricSchema, (config, path) => {
  const query = config.query ?? ''
  const promql = hasPlaceholder(query) ? undefined : findPromqlProblem(query)
  return [
    ...(promql === undefined ? [] : [{ field: `${path}.query`, message: promql }]),
    ...checkAddress(config.address, `${path}.address`),
    ...when((config.timeout ?? 0) < 0, `${path}.timeout`, 'prometheus timeout should not be negative'),
    ...checkAuthentication(config.authentication, path),
    ...checkRange(config.rangeQuery, path),
  ]
})

function checkRange(range: Config['rangeQuery'], path: string): readonly AnalysisProblem[] {
  if (!range) return []
  const { step } = range
  const times = (['start', 'end'] as const).flatMap((name) =>
    when(!range[name], `${path}.rangeQuery.${name}`, 'is required, for instance now() - duration("5m")'),
  )
  if (!step) return [...times, { field: `${path}.rangeQuery.step`, message: 'is required, for instance 15s' }]
  const isBad = !hasPlaceholder(step) && !((parseGoDuration(step) ?? 0) > 0)
  return [...times, ...when(isBad, `${path}.rangeQuery.step`, `"${step}" is not a positive duration`)]
}
