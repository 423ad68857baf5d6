/**
 * Puts arguments into metrics: `{{args.x}}` in any text of a metric's JSON, in one pass, as Argo does it. What a query may not be given is
 * refused (see `findArgumentProblem`). It must not store anything: a substituted metric may hold secrets.
 */
import { type Metric, metricSchema } from '../../controller/api/analysis.ts'
import { findArgumentProblem } from '../../controller/metric-language/promql.ts'
import type { VerdictMode } from './verdict.ts'

export type ArgumentValues = ReadonlyMap<string, string>
export type SubstitutedMetric = { readonly metric: Metric } | { readonly problem: string }

const TAG = /\{\{([^{}]*)\}\}/g

class SubstitutionProblem extends Error {}

/** The metric with every tag replaced, or the first tag that has no value. */
export function substituteArguments(metric: Metric, values: ArgumentValues, mode: VerdictMode): SubstitutedMetric {
  try {
    if (mode === 'strict') checkQueryArguments(metric, values)
    const parsed = metricSchema.safeParse(substitute(metric, values))
    if (parsed.success) return { metric: parsed.data }
    const [issue] = parsed.error.issues
    return { problem: `metric ${metric.name}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
  } catch (error) {
    if (error instanceof SubstitutionProblem) return { problem: error.message }
    throw error
  }
}

function checkQueryArguments(metric: Metric, values: ArgumentValues): void {
  for (const [, tag = ''] of (metric.provider.prometheus?.query ?? '').matchAll(TAG)) {
    const name = nameOf(tag)
    const problem = findArgumentProblem(name, values.get(name) ?? '')
    if (problem) throw new SubstitutionProblem(`metric ${metric.name}: ${problem}`)
  }
}

const nameOf = (tag: string): string => tag.trim().replace(/^args\./, '')

function substitute(value: unknown, values: ArgumentValues): unknown {
  if (typeof value === 'string') return substituteText(value, values)
  if (Array.isArray(value)) return value.map((item) => substitute(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [substituteText(key, values), substitute(entry, values)]),
  )
}

/** A replaced text is not looked at again, so that a value cannot bring in another argument. */
function substituteText(text: string, values: ArgumentValues): string {
  return text.replace(TAG, (_whole, tag: string) => {
    const isArgument = tag.trim().startsWith('args.')
    const value = isArgument ? values.get(nameOf(tag)) : undefined
    if (value === undefined)
      throw new SubstitutionProblem(
        isArgument ? `args.${nameOf(tag)} was not resolved` : `failed to resolve {{${tag}}}`,
      )
    return value
  })
}
