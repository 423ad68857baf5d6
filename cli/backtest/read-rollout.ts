/**
 * A Rollout as a policy: its steps become stages, its analyses become the very AnalysisRuns that the controller would make, with placeholders for the two
 * hashes. Whatever takes no time, or a time that nobody knows beforehand, is left out and named.
 */
import { substituteArguments } from '../../analysis/domain/args.ts'
import type { PlanStage } from '../../analysis/domain/backtest/plan.ts'
import { WAITED_FOR_MS } from '../../analysis/domain/gates/gate-stage.ts'
import type { Metric } from '../../controller/api/analysis.ts'
import { gateMetricSchema } from '../../controller/api/gate.ts'
import { COMPAT } from '../../controller/api/labels.ts'
import type { CanaryStep, CanaryStrategy, Rollout, RolloutAnalysis } from '../../controller/api/rollout.ts'
import { parseDurationMs } from '../../controller/api/scalars.ts'
import { buildAnalysisRun } from '../../controller/domain/analysis/analysis-runs.ts'
import type { TemplateLookup } from '../../controller/domain/analysis/analysis-templates.ts'
import { chooseProvider, readLimits } from '../../controller/metric-language/analysis-metric.ts'
import { planGate } from '../../controller/metric-language/gate-plan.ts'
import { CliError } from '../cli-error.ts'
import { CANARY, type Policy, type PolicyMetric, STABLE } from './policy.ts'

interface Draft {
  readonly stages: PlanStage[]
  readonly metrics: Map<string, PolicyMetric>
  readonly notes: string[]
  weightPercent: number
}

/** Throws CliError with exit code 2 for what cannot be replayed at all. */
export function readRollout(file: string, rollout: Rollout, lookup: TemplateLookup): Policy {
  const name = rollout.metadata.name
  const { canary } = rollout.spec.strategy ?? {}
  if (!canary) throw new CliError(`${file}: Rollout ${name} has no canary strategy; only canaries can be replayed`, 2)
  const draft: Draft = { stages: [], metrics: new Map(), notes: [], weightPercent: 0 }
  const run = (analysis: RolloutAnalysis) => listMetrics(rollout, analysis, lookup, draft)
  const stepOfStage: number[] = []
  for (const [index, step] of (canary.steps ?? []).entries()) {
    const before = draft.stages.length
    addStep(draft, step, index, run)
    if (draft.stages.length > before) stepOfStage.push(index)
  }
  if (canary.analysis) addBackground(draft, canary, stepOfStage, run(canary.analysis))
  if (draft.stages.length === 0)
    throw new CliError(`${file}: Rollout ${name} has no step that takes time at a weight between 0 and 100`, 2)
  const mode = rollout.metadata.annotations?.[COMPAT] === 'argo' ? 'argo' : 'strict'
  return { name, mode, stages: draft.stages, metrics: [...draft.metrics.values()], alerts: [], notes: draft.notes }
}

function addStep(
  draft: Draft,
  step: CanaryStep,
  index: number,
  run: (analysis: RolloutAnalysis) => readonly Metric[],
): void {
  const { setWeight, pause, analysis } = step
  const place = `step ${index + 1}`
  if (setWeight !== undefined) draft.weightPercent = setWeight
  else if (pause) {
    const durationMs = pause.duration === undefined ? undefined : parseDurationMs(pause.duration)
    if (durationMs === undefined) draft.notes.push(`${place} pauses until it is promoted: taken as no time`)
    else addStage(draft, place, { durationMs, waitsFor: [] })
  } else if (analysis) {
    const metrics = run(analysis)
    const waitsFor = metrics.map((metric) => addMetric(draft, metric, undefined))
    addStage(draft, place, { durationMs: Math.max(0, ...metrics.map(lengthOf)), waitsFor })
  } else draft.notes.push(`${place} (${Object.keys(step)[0] ?? 'empty'}) is left out`)
}

function addStage(draft: Draft, place: string, stage: Omit<PlanStage, 'weightPercent'>): void {
  const { weightPercent } = draft
  if (weightPercent > 0 && weightPercent < 100) draft.stages.push({ weightPercent, ...stage })
  else draft.notes.push(`${place} at ${weightPercent} % is left out: there is nothing to compare with`)
}

function addBackground(
  draft: Draft,
  canary: CanaryStrategy,
  stepOfStage: readonly number[],
  metrics: readonly Metric[],
): void {
  const startingStep = canary.analysis?.startingStep ?? 0
  const first = stepOfStage.findIndex((step) => step >= startingStep)
  for (const metric of metrics) addMetric(draft, metric, Math.max(0, first))
}

/** The name it got: another metric of the same name, such as the same template with other arguments, gets a number. */
function addMetric({ metrics }: Draft, metric: Metric, watchesFrom: number | undefined): string {
  const entry: PolicyMetric = { metric, watchesFrom }
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? metric.name : `${metric.name} (${number})`
    const known = metrics.get(name)
    if (known && JSON.stringify(known) !== JSON.stringify({ ...entry, metric: { ...metric, name } })) continue
    metrics.set(name, { ...entry, metric: { ...metric, name } })
    return name
  }
}

function listMetrics(
  rollout: Rollout,
  analysis: RolloutAnalysis,
  templates: TemplateLookup,
  { notes }: Draft,
): readonly Metric[] {
  const outcome = buildAnalysisRun({
    rollout,
    podHash: { stable: STABLE, latest: CANARY },
    revision: 1,
    kind: 'Background',
    analysis,
    templates,
    nameSuffix: '',
  })
  if ('problem' in outcome)
    throw new CliError(`Rollout ${rollout.metadata.name}: ${outcome.problem}; give its templates with -f as well`, 2)
  const { metrics, args = [], dryRun = [] } = outcome.run.spec
  const values = new Map(args.map(({ name, value }) => [name, value ?? '']))
  return metrics.flatMap((metric) => {
    if (dryRun.some(({ metricName }) => metricName === metric.name)) {
      notes.push(`metric ${metric.name} is a dry run: it decides nothing, and is left out`)
      return []
    }
    const substituted = substituteArguments(metric, values, 'argo')
    if ('problem' in substituted) throw new CliError(`Rollout ${rollout.metadata.name}: ${substituted.problem}`, 2)
    return [substituted.metric]
  })
}

/** How long a step waits for it. */
function lengthOf(metric: Metric): number {
  const { initialDelayMs, intervalMs = 0, count } = readLimits(metric)
  const choice = chooseProvider(metric)
  const gate = 'id' in choice && choice.id === 'penstock/gate' ? gateMetricSchema.safeParse(choice.config) : undefined
  if (gate?.success) return initialDelayMs + (planGate(gate.data).plan.durationMs ?? WAITED_FOR_MS)
  return initialDelayMs + ((count ?? 1) - 1) * intervalMs
}
