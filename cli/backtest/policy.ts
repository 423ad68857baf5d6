/**
 * What is backtested, whatever file it came from: stages, metrics with where they look, matchers of alerts. A policy file says it shortly; a Rollout says
 * it with its steps and templates. Shapes, and the reading of policy files.
 */
import { z } from 'zod'
import { substituteArguments } from '../../analysis/domain/args.ts'
import type { PlanStage } from '../../analysis/domain/backtest/plan.ts'
import type { VerdictMode } from '../../analysis/domain/verdict.ts'
import { type Metric, metricSchema } from '../../controller/api/analysis.ts'
import { gateMetricSchema } from '../../controller/api/gate.ts'
import { parseDurationMs } from '../../controller/api/scalars.ts'
import { CliError } from '../cli-error.ts'

/** Stand for the two versions where nobody can name them yet. */
export const CANARY = 'penstock-backtest-canary'
export const STABLE = 'penstock-backtest-stable'

export interface PolicyMetric {
  /** Arguments substituted; versions are {@link CANARY} and {@link STABLE} where a rollout would give its hashes. */
  readonly metric: Metric
  /** The zero-based stage from which on it watches in the background; undefined: stages wait for it. */
  readonly watchesFrom: number | undefined
}

export interface Policy {
  readonly name: string
  /** How measurements are read: as the annotation `penstock.dev/compat` says. */
  readonly mode: VerdictMode
  readonly stages: readonly PlanStage[]
  readonly metrics: readonly PolicyMetric[]
  /** As Alertmanager writes them; one alert has to match them all. */
  readonly alerts: readonly string[]
  /** What the file says that a backtest leaves out or takes otherwise. */
  readonly notes: readonly string[]
}

const duration = z.string().refine((text) => (parseDurationMs(text) ?? 0) > 0, 'is not a duration such as 5m or 1h30m')

/** What a metric has beside its provider. */
const { provider: _provider, ...metricFields } = metricSchema.shape

const policySchema = z.strictObject({
  apiVersion: z.string().optional(),
  kind: z.literal('BacktestPolicy'),
  name: z.string().min(1),
  compat: z.enum(['strict', 'argo']).optional(),
  /** In order; weights of the canary in percent. */
  stages: z.array(z.strictObject({ weight: z.number().gt(0).lt(100), duration })).min(1),
  /** Gates as in `provider.plugin["penstock/gate"]`, with their metric's own fields; they watch in the background from the first stage on. */
  gates: z.array(gateMetricSchema.extend({ ...metricFields, name: z.string().optional() })).optional(),
  /** Metrics as in an AnalysisTemplate, with `args.canary-hash` and `args.stable-hash`; they run in the background from the first stage on. */
  metrics: z.array(metricSchema).optional(),
  /** Matchers; a firing alert that matches all of them aborts. */
  alerts: z.array(z.string()).optional(),
})

/** Throws CliError for what is no policy. */
export function readPolicy(file: string, value: unknown): Policy {
  const parsed = policySchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new CliError(`${file}: BacktestPolicy ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, 2)
  }
  const { name, compat = 'strict', stages, gates = [], metrics = [], alerts = [] } = parsed.data
  const asMetrics = gates.map((gate): Metric => {
    const named = { ...gate, canary: gate.canary || CANARY, stable: gate.stable || (gate.canary ? '' : STABLE) }
    const [fields, config] = splitFields(named)
    return { ...fields, name: gate.name ?? gate.gate, provider: { plugin: { 'penstock/gate': config } } }
  })
  return {
    name,
    mode: compat,
    stages: stages.map(({ weight, duration: text }) => ({
      weightPercent: weight,
      durationMs: parseDurationMs(text) ?? 0,
      waitsFor: [],
    })),
    metrics: [...asMetrics, ...metrics.map((metric) => putHashes(metric, `${file}: ${name}`))].map((metric) => ({
      metric,
      watchesFrom: 0,
    })),
    alerts,
    notes: [],
  }
}

/** Those of the metric, and those of its provider. */
function splitFields(given: Readonly<Record<string, unknown>>) {
  const isOfMetric = ([field]: readonly [string, unknown]): boolean => Object.hasOwn(metricFields, field)
  const entries = Object.entries(given)
  return [
    Object.fromEntries(entries.filter(isOfMetric)),
    Object.fromEntries(entries.filter((entry) => !isOfMetric(entry))),
  ] as const
}

const HASHES = new Map([
  ['canary-hash', CANARY],
  ['stable-hash', STABLE],
])

function putHashes(metric: Metric, place: string): Metric {
  const substituted = substituteArguments(metric, HASHES, 'argo')
  if ('problem' in substituted) throw new CliError(`${place}: ${substituted.problem}`, 2)
  return substituted.metric
}
