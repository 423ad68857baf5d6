/**
 * Whether metrics, dry-run and retention rules can be measured and judged at all. Each problem names its field. Text that still holds
 * `{{args.x}}` is left for the run, which validates again once arguments are known.
 */
import type { AnalysisRunSpec, Metric } from '../api/analysis.ts'
import { parseGoDuration } from '../api/scalars.ts'
import { chooseProvider, readInt } from './analysis-metric.ts'
import { compileCondition } from './expression/condition.ts'
import { compilePattern } from './expression/pattern.ts'
import { ExpressionError } from './expression/syntax.ts'
import { type AnalysisProblem, hasPlaceholder, when } from './problem.ts'
import { checkGateMetric } from './provider-rules/gate.ts'
import { providerRules } from './provider-rules/registry.ts'

type Rules = Pick<AnalysisRunSpec, 'metrics' | 'dryRun' | 'measurementRetention'> & {
  /** Of a template: their metrics are not here, so a rule may be about one of them. */
  readonly templates?: readonly unknown[] | undefined
}

const MOST_METRICS = 100

/** One line per problem, for a condition or a status message. */
export const renderAnalysisProblems = (problems: readonly AnalysisProblem[]): string =>
  problems.map((problem) => `${problem.field}: ${problem.message}`).join('; ')

/** Every problem of a run's or a merged template's spec; empty when it is fit to be measured. */
export function validateAnalysis(spec: Rules): readonly AnalysisProblem[] {
  if (spec.metrics.length === 0) return [{ field: 'metrics', message: 'no metrics specified' }]
  if (spec.metrics.length > MOST_METRICS) return [{ field: 'metrics', message: `more than ${MOST_METRICS} metrics` }]
  return [
    ...findDuplicateNames(spec.metrics),
    ...spec.metrics.flatMap((metric, index) => validateMetric(metric, `metrics[${index}]`)),
    ...(spec.dryRun ?? []).flatMap((rule, index) => checkRule(rule.metricName, `dryRun[${index}].metricName`, spec)),
    ...(spec.measurementRetention ?? []).flatMap((rule, index) => [
      ...checkRule(rule.metricName, `measurementRetention[${index}].metricName`, spec),
      ...when(rule.limit < 0, `measurementRetention[${index}].limit`, 'limit must be >= 0'),
    ]),
  ]
}

function findDuplicateNames(metrics: readonly Metric[]): readonly AnalysisProblem[] {
  const seen = new Set<string>()
  return metrics.flatMap((metric, index) => {
    const isDuplicate = seen.has(metric.name)
    seen.add(metric.name)
    return when(isDuplicate, `metrics[${index}].name`, `duplicate metric name '${metric.name}'`)
  })
}

/** A rule that is about no metric is a misspelt one: what was meant to be dry would gate. Argo refuses it as well, in these words. */
function checkRule(pattern: string, field: string, { metrics, templates = [] }: Rules): readonly AnalysisProblem[] {
  try {
    const { isFoundIn } = compilePattern(pattern, 0)
    const isOpen = templates.length > 0 || metrics.some(({ name }) => hasPlaceholder(name))
    const matchesNone = !isOpen && !metrics.some(({ name }) => isFoundIn(name))
    return when(matchesNone, field, "Rule didn't match any metric name(s)")
  } catch (error) {
    if (error instanceof ExpressionError) return [{ field, message: error.message }]
    throw error
  }
}

/** Problems of one metric; `field` is its path. */
export function validateMetric(metric: Metric, field: string): readonly AnalysisProblem[] {
  return [
    ...when(metric.name.trim() === '', `${field}.name`, 'metric name must not be empty'),
    ...validateDurations(metric, field),
    ...validateLimits(metric, field),
    ...validateConditions(metric, field),
    ...validateProvider(metric, field),
  ]
}

function validateDurations(metric: Metric, field: string): readonly AnalysisProblem[] {
  const check = (text: string | undefined, name: string, label: string): readonly AnalysisProblem[] => {
    if (!text || hasPlaceholder(text)) return []
    const ms = parseGoDuration(text)
    const isBad = ms === undefined || ms < 0
    return when(
      isBad,
      `${field}.${name}`,
      `invalid ${label} string: "${text}" is not a duration such as 30s, 5m or 1h30m`,
    )
  }
  return [
    ...check(metric.interval, 'interval', 'interval'),
    ...check(metric.initialDelay, 'initialDelay', 'initialDelay'),
  ]
}

const LIMIT_FIELDS = [
  'count',
  'failureLimit',
  'inconclusiveLimit',
  'consecutiveErrorLimit',
  'consecutiveSuccessLimit',
] as const

function validateLimits(metric: Metric, field: string): readonly AnalysisProblem[] {
  const unreadable = LIMIT_FIELDS.filter((name) => {
    const value = metric[name]
    return typeof value === 'string' && !hasPlaceholder(value) && readInt(value) === undefined
  })
  if (unreadable.length > 0)
    return unreadable.map((name) => ({ field: `${field}.${name}`, message: `"${metric[name]}" is not a whole number` }))
  if (LIMIT_FIELDS.some((name) => hasPlaceholder(String(metric[name] ?? '')))) return []
  const read = (name: (typeof LIMIT_FIELDS)[number]): number => readInt(metric[name]) ?? 0
  const count = read('count')
  const failureLimit = read('failureLimit')
  const successLimit = read('consecutiveSuccessLimit')
  const isBounded = count > 0
  return [
    ...when(count < 0, `${field}.count`, 'count must be >= 0'),
    ...when(
      isBounded && count < Math.max(failureLimit, 0) + successLimit,
      `${field}.count`,
      successLimit > 0 ? 'count must be >= failureLimit + consecutiveSuccessLimit' : 'count must be >= failureLimit',
    ),
    ...when(isBounded && count < read('inconclusiveLimit'), `${field}.count`, 'count must be >= inconclusiveLimit'),
    ...when(count > 1 && !metric.interval, `${field}.interval`, 'interval must be specified when count > 1'),
    ...when(failureLimit < -1, `${field}.failureLimit`, 'failureLimit must be >= -1'),
    ...when(
      failureLimit < 0 && successLimit === 0,
      `${field}.failureLimit`,
      'failureLimit and consecutiveSuccessLimit are both disabled: nothing would decide this metric',
    ),
    ...when(read('inconclusiveLimit') < 0, `${field}.inconclusiveLimit`, 'inconclusiveLimit must be >= 0'),
    ...when(read('consecutiveErrorLimit') < 0, `${field}.consecutiveErrorLimit`, 'consecutiveErrorLimit must be >= 0'),
    ...when(successLimit < 0, `${field}.consecutiveSuccessLimit`, 'consecutiveSuccessLimit must be >= 0'),
  ]
}

function validateConditions(metric: Metric, field: string): readonly AnalysisProblem[] {
  return (['successCondition', 'failureCondition'] as const).flatMap((name) => {
    const source = metric[name]
    if (!source || hasPlaceholder(source)) return []
    const compiled = compileCondition(source)
    return 'problem' in compiled ? [{ field: `${field}.${name}`, message: compiled.problem }] : []
  })
}

function validateProvider(metric: Metric, field: string): readonly AnalysisProblem[] {
  const choice = chooseProvider(metric)
  if ('problem' in choice) return [{ field: `${field}.provider`, message: choice.problem }]
  const path = choice.id.includes('/') ? `plugin.${choice.id}` : choice.id
  return [
    ...providerRules[choice.id](choice.config, `${field}.provider.${path}`),
    ...(choice.id === 'penstock/gate' ? checkGateMetric(metric, field) : []),
  ]
}
