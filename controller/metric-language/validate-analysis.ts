/**
 * Whether metrics, dry-run and retention rules can be measured and judged at all. Each problem names its field. Text that still holds
 * `{{args.x}}` is left for the run, which validates again once arguments are known.
 */
import type { AnalysisRunSpec, Metric } from '../api/analysis.ts'
import { jobMetricSchema } from '../api/job.ts'
import { parseGoDuration } from '../api/scalars.ts'
import { chooseProvider, type ProviderId, readInt } from './analysis-metric.ts'
import { compileCondition } from './expression/condition.ts'
import { compilePattern } from './expression/pattern.ts'
import { ExpressionError } from './expression/syntax.ts'
import { parseJsonPath } from './json-path.ts'
import { findPromqlProblem } from './promql.ts'

export interface AnalysisProblem {
  /** Path within the spec, such as `metrics[0].interval`. */
  readonly field: string
  readonly message: string
}

type Rules = Pick<AnalysisRunSpec, 'metrics' | 'dryRun' | 'measurementRetention'>

const MOST_METRICS = 100
const hasPlaceholder = (text: string): boolean => text.includes('{{')

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
    ...(spec.dryRun ?? []).flatMap((rule, index) => checkPattern(rule.metricName, `dryRun[${index}].metricName`)),
    ...(spec.measurementRetention ?? []).flatMap((rule, index) => [
      ...checkPattern(rule.metricName, `measurementRetention[${index}].metricName`),
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

const when = (isWrong: boolean, field: string, message: string): readonly AnalysisProblem[] =>
  isWrong ? [{ field, message }] : []

function checkPattern(pattern: string, field: string): readonly AnalysisProblem[] {
  try {
    compilePattern(pattern, 0)
    return []
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
  const path = `${field}.provider.${choice.id}`
  return providerRules[choice.id](metric, path)
}

const UNSUPPORTED_AUTHENTICATION = ['sigv4', 'oauth2'] as const

const providerRules: Readonly<Record<ProviderId, (metric: Metric, path: string) => readonly AnalysisProblem[]>> = {
  prometheus: (metric, path) => validatePrometheus(metric, path),
  web: (metric, path) => validateWeb(metric, path),
  job: (metric, path) => validateJob(metric, path),
}

function validatePrometheus(metric: Metric, path: string): readonly AnalysisProblem[] {
  const config = metric.provider.prometheus ?? {}
  const query = config.query ?? ''
  const promql = hasPlaceholder(query) ? undefined : findPromqlProblem(query)
  return [
    ...(promql === undefined ? [] : [{ field: `${path}.query`, message: promql }]),
    ...validateAddress(config.address, `${path}.address`),
    ...when((config.timeout ?? 0) < 0, `${path}.timeout`, 'prometheus timeout should not be negative'),
    ...validateAuthentication(config.authentication, path),
    ...validateRange(config.rangeQuery, path),
  ]
}

function validateRange(
  range: NonNullable<Metric['provider']['prometheus']>['rangeQuery'],
  path: string,
): readonly AnalysisProblem[] {
  if (!range) return []
  const { step } = range
  const times = (['start', 'end'] as const).flatMap((name) => {
    const source = range[name]
    if (!source)
      return [{ field: `${path}.rangeQuery.${name}`, message: 'is required, for instance now() - duration("5m")' }]
    return []
  })
  if (!step) return [...times, { field: `${path}.rangeQuery.step`, message: 'is required, for instance 15s' }]
  const isBad = !hasPlaceholder(step) && !((parseGoDuration(step) ?? 0) > 0)
  return [...times, ...when(isBad, `${path}.rangeQuery.step`, `"${step}" is not a positive duration`)]
}

function validateWeb(metric: Metric, path: string): readonly AnalysisProblem[] {
  const config = metric.provider.web
  if (!config) return []
  return [
    ...when(config.url.trim() === '', `${path}.url`, 'is required'),
    ...validateAddress(config.url, `${path}.url`),
    ...when(
      config.body !== undefined && config.jsonBody !== undefined,
      `${path}.body`,
      'use either body or jsonBody, not both',
    ),
    ...when(
      (config.method ?? 'GET') === 'GET' && (config.body !== undefined || config.jsonBody !== undefined),
      `${path}.method`,
      'a body needs method POST or PUT',
    ),
    ...when((config.timeoutSeconds ?? 0) < 0, `${path}.timeoutSeconds`, 'must be >= 0'),
    ...validateJsonPath(config.jsonPath ?? '', `${path}.jsonPath`),
    ...validateAuthentication(config.authentication, path),
  ]
}

/** A Job that cannot run would only show once the release waits for it. */
function validateJob({ provider: { job } }: Metric, path: string): readonly AnalysisProblem[] {
  const parsed = jobMetricSchema.safeParse(job)
  if (parsed.success) return []
  return parsed.error.issues
    .filter((issue) => !hasPlaceholder(String(issue.path.reduce(pick, job))))
    .map((issue) => ({ field: [path, ...issue.path.map(String)].join('.'), message: issue.message }))
}

const pick = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

function validateJsonPath(source: string, field: string): readonly AnalysisProblem[] {
  if (hasPlaceholder(source)) return []
  const parsed = parseJsonPath(source)
  return 'problem' in parsed ? [{ field, message: parsed.problem }] : []
}

function validateAddress(address: string | undefined, field: string): readonly AnalysisProblem[] {
  if (!address || hasPlaceholder(address)) return []
  const isHttp = /^https?:\/\/[^\s/]+/.test(address)
  return when(!isHttp, field, `"${address}" is not an http or https URL`)
}

function validateAuthentication(
  authentication: { readonly sigv4?: unknown; readonly oauth2?: unknown } | undefined,
  path: string,
): readonly AnalysisProblem[] {
  return UNSUPPORTED_AUTHENTICATION.filter((name) => isFilled(authentication?.[name])).map((name) => ({
    field: `${path}.authentication.${name}`,
    message: `${name} is not supported; use headers or basicAuth`,
  }))
}

const isFilled = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).some((entry) => entry !== undefined && entry !== '')
