/**
 * From a policy's metrics to the gates and queries that are replayed, each with what it reads. What cannot be replayed is named with the reason, so that
 * nobody takes silence for a pass.
 */
import type { PlanGate } from '../../analysis/domain/backtest/plan.ts'
import { WAITED_FOR_MS } from '../../analysis/domain/gates/gate-stage.ts'
import type { Metric } from '../../controller/api/analysis.ts'
import { type GateMetric, gateMetricSchema } from '../../controller/api/gate.ts'
import { chooseProvider, readLimits } from '../../controller/metric-language/analysis-metric.ts'
import { type GatePlan, planGate } from '../../controller/metric-language/gate-plan.ts'
import { CliError } from '../cli-error.ts'
import { type CompiledMetric, compileMetric } from './compile-metrics.ts'
import { CANARY, type Policy, type PolicyMetric, STABLE } from './policy.ts'

export interface CompiledGate {
  readonly gate: PlanGate
  readonly config: GateMetric
  readonly plan: GatePlan
  /** The configuration names both versions; otherwise all that there were are found. */
  readonly isNamed: boolean
}

export interface CompiledPolicy {
  readonly policy: Policy
  readonly gates: readonly CompiledGate[]
  readonly metrics: readonly CompiledMetric[]
  readonly notes: readonly string[]
}

/** Throws CliError with exit code 2 when a gate is configured wrongly or nothing is left to replay. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const notes = [...policy.notes]
  notes.push(...policy.metrics.flatMap(({ metric }) => findDeadLimit(metric)))
  const metrics: CompiledMetric[] = []
  const gates = policy.metrics.flatMap((entry): CompiledGate[] => {
    const choice = chooseProvider(entry.metric)
    if ('problem' in choice) throw new CliError(`${policy.name}: metric ${entry.metric.name}: ${choice.problem}`, 2)
    if (choice.id !== 'penstock/gate') {
      const compiled =
        choice.id === 'prometheus'
          ? compileMetric(policy, entry)
          : { why: `${choice.id} cannot be asked about the past` }
      if ('why' in compiled) notes.push(`metric ${entry.metric.name} is not replayed: ${compiled.why}`)
      else metrics.push(compiled)
      return []
    }
    const gate = compileGate(policy, entry, choice.config)
    if (gate.plan.isNotAskedFor) notes.push(`metric ${entry.metric.name} is not asked for: it names no event`)
    return gate.plan.isNotAskedFor ? [] : [gate]
  })
  if (gates.length + metrics.length === 0)
    throw new CliError(`${policy.name} has nothing to replay: ${notes.join('; ') || 'no gate and no metric'}`, 2)
  return { policy, gates, metrics, notes }
}

function compileGate(policy: Policy, { metric, watchesFrom }: PolicyMetric, given: unknown): CompiledGate {
  const place = `${policy.name}: metric ${metric.name}: penstock/gate`
  const parsed = gateMetricSchema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new CliError(`${place}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, 2)
  }
  const { plan, problems } = planGate(parsed.data)
  const [problem] = problems
  if (problem) throw new CliError(`${place}.${problem.field}: ${problem.message}`, 2)
  const isNamed = plan.version.canary !== CANARY && plan.version.stable !== STABLE
  if (!isNamed && !plan.hasWorkload)
    throw new CliError(
      `${place}: nothing but the versions tells this workload from others; give service, workload or match, or name both versions (canary, stable)`,
      2,
    )
  return { gate: toPlanGate(metric, watchesFrom, plan), config: parsed.data, plan, isNamed }
}

const toPlanGate = (metric: Metric, watchesFrom: number | undefined, plan: GatePlan): PlanGate => ({
  name: metric.name,
  gate: plan.gate,
  rule: plan.thresholds,
  historyMs: plan.historyMs,
  onUndecided: plan.onUndecided,
  maxHoldMs: plan.maxHoldMs ?? plan.durationMs ?? WAITED_FOR_MS,
  watchesFrom,
  metric,
  ...(plan.durationMs === undefined ? {} : { durationMs: plan.durationMs }),
})

/** A metric that is over before as many measurements failed as its limit allows. */
function findDeadLimit(metric: Metric): readonly string[] {
  const { count, failureLimit } = readLimits(metric)
  if (count === undefined || failureLimit < count) return []
  return [
    `metric ${metric.name} can never fail: it is over after ${count} measurement${count === 1 ? '' : 's'} (count), and failureLimit (${failureLimit}) puts up with as many`,
  ]
}
