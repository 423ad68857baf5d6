/** What a `prometheus` metric may say before it is asked: PromQL that reads well, an address, a range with all its parts. */
import type { z } from 'zod'
import { prometheusMetricSchema } from '../../api/analysis.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { findPromqlProblem } from '../promql.ts'
import { readTimeExpression } from '../time-expression.ts'
import { checkAuthentication } from './authentication.ts'
import { checkAddress, ruleOf } from './shape.ts'

type Config = z.infer<typeof prometheusMetricSchema>

export const prometheusRule = ruleOf(prometheusMetricSchema, (config, path) => {
  const query = config.query ?? ''
  const promql = hasPlaceholder(query) ? undefined : findPromqlProblem(query)
  return [
    ...(promql === undefined ? [] : [{ field: `${path}.query`, message: promql }]),
    ...checkAddress(config.address, `${path}.address`),
    ...when((config.timeout ?? 0) < 0, `${path}.timeout`, 'prometheus timeout should not be negative'),
    ...checkAuthentication(config.authentication, path, { signs: true }),
    ...checkRange(config.rangeQuery, path),
  ]
})

function checkRange(range: Config['rangeQuery'], path: string): readonly AnalysisProblem[] {
  if (!range) return []
  const field = `${path}.rangeQuery`
  return [
    ...(['start', 'end'] as const).flatMap((name) => checkTime(range[name], `${field}.${name}`)),
    ...checkStep(range.step, `${field}.step`),
  ]
}

function checkTime(time: string | undefined, field: string): readonly AnalysisProblem[] {
  if (!time) return [{ field, message: 'is required, for instance now() - duration("5m")' }]
  const isBad = !hasPlaceholder(time) && readTimeExpression(time, 0) === undefined
  return when(isBad, field, `"${time}" is not a time such as now() - duration("5m") or date("2026-01-02T03:04:05Z")`)
}

function checkStep(step: string | undefined, field: string): readonly AnalysisProblem[] {
  if (!step) return [{ field, message: 'is required, for instance 15s' }]
  const isBad = !hasPlaceholder(step) && !((parseGoDuration(step) ?? 0) > 0)
  return when(isBad, field, `"${step}" is not a positive duration`)
}
