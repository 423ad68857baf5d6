/**
 * `penstock/mann-whitney`: canary against stable as Kayenta's standard judge compares them, without Kayenta. Values of both are read from Prometheus over
 * the same window, judged metric by metric, and scored. The test is meant for one look at a window: every further one is another chance of a false alarm,
 * which `penstock/gate` does not have.
 */
import {
  type ComparedMetric,
  type MannWhitneyMetric,
  mannWhitneyMetricSchema,
} from '../../../controller/api/metric-providers/mann-whitney.ts'
import { parseGoDuration } from '../../../controller/api/scalars.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'
import { MOST_STEPS } from '../../../controller/metric-language/provider-rules/mann-whitney.ts'
import { type CanaryScore, scoreCanary } from '../../domain/stats/canary-score.ts'
import { readMatrix } from '../gate/matrix.ts'
import { renderValue } from '../json-answer.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from '../long-provider.ts'
import { prometheus } from '../prometheus.ts'
import { boundText } from '../provider.ts'
import { type Comparison, compareMetric, renderComparison } from './compare.ts'

const DEFAULT_STEP = '60s'
/** Kayenta's own advice for one judgement (`analysis.md` 1.2). */
const DEFAULT_STEPS = 50
const DEFAULT_PASS = 95
const DEFAULT_MARGINAL = 75
/** Of the one metric that is given without `metrics`. */
const ONLY = 'metric'

export const mannWhitney: LongProviderModule = {
  id: 'penstock/mann-whitney',
  async look(order, ports) {
    const parsed = mannWhitneyMetricSchema.safeParse(order.config)
    if (parsed.success) return await look(parsed.data, order, ports)
    const [issue] = parsed.error.issues
    return fail(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  },
}

const fail = (message: string): LookOutcome => ({
  kind: 'error',
  message: `penstock/mann-whitney: ${boundText(message)}`,
})

/** The steps at which both arms are read; epoch milliseconds. */
interface Grid {
  readonly start: number
  readonly end: number
  readonly stepMs: number
}

async function look(config: MannWhitneyMetric, order: LookOrder, ports: LookPorts): Promise<LookOutcome> {
  const metrics = listMetrics(config)
  const grid = readGrid(config, order.now)
  if (metrics.length === 0) return fail('metrics, or canaryQuery and stableQuery, are required')
  if ('problem' in grid) return fail(grid.problem)
  const { reading = 'strict', threshold: { pass = DEFAULT_PASS, marginal = DEFAULT_MARGINAL } = {} } = config
  const comparisons: Comparison[] = []
  for (const metric of metrics) {
    const canary = await readValues(metric.canaryQuery, { config, grid, order, ports })
    if ('problem' in canary) return fail(`${metric.name}, canary: ${canary.problem}`)
    const stable = await readValues(metric.stableQuery, { config, grid, order, ports })
    if ('problem' in stable) return fail(`${metric.name}, stable: ${stable.problem}`)
    comparisons.push(compareMetric(metric, { canary: canary.values, stable: stable.values }, reading))
  }
  const { groupWeights = {} } = config
  return conclude(comparisons, scoreCanary(comparisons, { reading, groupWeights, pass, marginal }), order)
}

/** What is said of how to judge outside of `metrics` is said of all of them. */
function listMetrics(config: MannWhitneyMetric): readonly ComparedMetric[] {
  const { direction, effectSize, allowedIncrease, allowedDecrease, nanStrategy, outliers } = config
  const { critical, criticalIncrease, criticalDecrease, mustHaveData, canaryQuery, stableQuery } = config
  const rule = { direction, effectSize, allowedIncrease, allowedDecrease, nanStrategy, outliers }
  const limits = { critical, criticalIncrease, criticalDecrease, mustHaveData }
  if (config.metrics) return config.metrics.map((metric) => ({ ...rule, ...limits, ...metric }))
  return canaryQuery && stableQuery ? [{ ...rule, ...limits, name: ONLY, canaryQuery, stableQuery }] : []
}

function readGrid(
  { step = DEFAULT_STEP, lookback }: MannWhitneyMetric,
  now: number,
): Grid | { readonly problem: string } {
  const stepMs = parseGoDuration(step) ?? 0
  if (stepMs < 1000) return { problem: `step: "${step}" is not a duration of 1s or more` }
  const lookbackMs = lookback === undefined ? DEFAULT_STEPS * stepMs : (parseGoDuration(lookback) ?? 0)
  const steps = Math.floor(lookbackMs / stepMs)
  if (steps < 2 || steps > MOST_STEPS) return { problem: `lookback must be 2 to ${MOST_STEPS} steps` }
  const end = Math.floor(now / stepMs) * stepMs
  return { start: end - (steps - 1) * stepMs, end, stepMs }
}

interface Question {
  readonly config: MannWhitneyMetric
  readonly grid: Grid
  readonly order: LookOrder
  readonly ports: LookPorts
}
type Values = { readonly values: readonly number[] } | { readonly problem: string }

/** One value for each step of the grid, NaN where the answer has none. */
async function readValues(query: string, { config, grid, order, ports }: Question): Promise<Values> {
  const { address, timeout, insecure, headers, authentication } = config
  const rangeQuery = {
    start: new Date(grid.start).toISOString(),
    end: new Date(grid.end).toISOString(),
    step: `${grid.stepMs / 1000}s`,
  }
  const prepared = prometheus.prepare(
    { address, query, timeout, insecure, headers, authentication, rangeQuery },
    { mode: 'strict', now: order.now, prometheusAddress: order.prometheusAddress },
  )
  if ('problem' in prepared) return prepared
  const first = await ports.send(prepared.request, prepared.auth)
  const other = prepared.fallback?.(first)
  const read = readMatrix(other ? await ports.send(other, prepared.auth) : first)
  if ('problem' in read) return read
  const [series, ...more] = read.series
  if (more.length > 0)
    return {
      problem: `the query returns ${more.length + 1} series; one can be compared: aggregate them, for instance with sum()`,
    }
  if (series && series.histograms.length > 0)
    return { problem: 'the query returns native histograms; use a function of them' }
  const at = new Map(series?.times.map((time, index) => [time, series.values[index] ?? Number.NaN]))
  const steps = Math.round((grid.end - grid.start) / grid.stepMs) + 1
  const values = Array.from({ length: steps }, (_, index) => at.get(grid.start + index * grid.stepMs) ?? Number.NaN)
  return { values: values.map((value) => (Number.isFinite(value) ? value : Number.NaN)) }
}

function conclude(comparisons: readonly Comparison[], { score, verdict }: CanaryScore, order: LookOrder): LookOutcome {
  const metadata = Object.fromEntries(comparisons.map((comparison) => [comparison.name, renderComparison(comparison)]))
  const shown: Value = { score, metrics: comparisons.map(({ name, label }) => ({ name, label })) }
  const text = renderValue(shown)
  if (verdict === 'NoData') {
    const lacking = comparisons.filter(({ label }) => label === 'Nodata').map(({ name }) => name)
    return { kind: 'noData', why: boundText(`too few values to judge ${lacking.join(', ')}`), metadata }
  }
  const { successCondition, failureCondition } = order.metric
  if (successCondition || failureCondition)
    return { kind: 'sample', value: { score, metrics: comparisons.map(listFacts) }, text, metadata }
  const failed = comparisons.filter(({ label }) => label !== 'Pass')
  const message = [`score ${score}`, ...failed.map(({ name }) => `${name} ${metadata[name] ?? ''}`)].join('; ')
  return { kind: 'decided', phase: verdict, message: boundText(message), value: text, metadata }
}

/** What conditions can ask of one metric; null where nothing could be computed. */
function listFacts({ name, label, group, verdict, p, canaryCount, stableCount }: Comparison): Value {
  const { shift, effect } = verdict
  return {
    name,
    label,
    group,
    shift: shift?.estimate ?? null,
    lower: shift?.lower ?? null,
    upper: shift?.upper ?? null,
    effect: effect !== undefined && Number.isFinite(effect) ? effect : null,
    p: p ?? null,
    canaryCount,
    stableCount,
  }
}
