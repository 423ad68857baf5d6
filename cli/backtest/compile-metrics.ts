/** From a metric with a PromQL query to one that can be measured in the past, or the reason why it cannot. */
import type { z } from 'zod'
import type { PlanMetric } from '../../analysis/domain/backtest/plan.ts'
import { type Metric, prometheusMetricSchema } from '../../controller/api/analysis.ts'
import { compileCondition } from '../../controller/metric-language/expression/condition.ts'
import { findPromqlProblem } from '../../controller/metric-language/promql.ts'
import { CliError } from '../cli-error.ts'
import type { Policy, PolicyMetric } from './policy.ts'
import { readVersionedQuery, type VersionedQuery } from './versioned-query.ts'

export interface CompiledMetric extends PlanMetric {
  readonly config: z.infer<typeof prometheusMetricSchema>
  readonly query: VersionedQuery
}

/** Throws CliError with exit code 2 for a query or condition that nobody could measure with. */
export function compileMetric(
  policy: Policy,
  { metric, watchesFrom }: PolicyMetric,
): CompiledMetric | { readonly why: string } {
  const place = `${policy.name}: metric ${metric.name}`
  const parsed = prometheusMetricSchema.safeParse(metric.provider.prometheus)
  if (!parsed.success) throw new CliError(`${place}: prometheus: ${parsed.error.issues[0]?.message ?? ''}`, 2)
  const { query = '', rangeQuery } = parsed.data
  const problem = findPromqlProblem(query) ?? findConditionProblem(metric)
  if (problem) throw new CliError(`${place}: ${problem}`, 2)
  if (rangeQuery) return { why: 'it asks for a range (rangeQuery) at each measurement' }
  if (!metric.successCondition && !metric.failureCondition) return { why: 'it has no condition' }
  return { name: metric.name, metric, watchesFrom, config: parsed.data, query: readVersionedQuery(query) }
}

function findConditionProblem({ successCondition, failureCondition }: Metric): string | undefined {
  for (const condition of [successCondition, failureCondition]) {
    const compiled = condition ? compileCondition(condition) : undefined
    if (compiled && 'problem' in compiled) return compiled.problem
  }
  return undefined
}
