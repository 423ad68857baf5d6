/**
 * What a `penstock/gate` metric may say before it is asked: everything that can be known without Prometheus is a mistake here, with its field, before
 * any traffic is shifted.
 */
import type { Metric } from '../../api/analysis.ts'
import { type GateMetric, gateMetricSchema } from '../../api/gate.ts'
import { readLimits } from '../analysis-metric.ts'
import { planGate } from '../gate-plan.ts'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'
import { checkAuthentication } from './authentication.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const gateRule = ruleOf<GateMetric>(gateMetricSchema, (config, path) => [
  ...checkAddress(config.address, `${path}.address`),
  ...when(
    /^https?:\/\/[^/?#]*@/.test(config.address ?? ''),
    `${path}.address`,
    'has a user or a password in it: give them as authentication.basicAuth, the password by an argument from a Secret',
  ),
  ...checkAuthentication(config.authentication, path, { signs: true }),
  ...planGate(config).problems.map(({ field, message }) => ({ field: `${path}.${field}`, message })),
])

/**
 * A gate is one measurement that goes on until it knows, so the fields that Argo counts measurements by mean something else than their reader may think.
 * Each of `failureLimit` confirms an abort by one more look.
 */
export function checkGateMetric(metric: Metric, field: string): readonly AnalysisProblem[] {
  if ([metric.count, metric.failureLimit].some((value) => hasPlaceholder(String(value ?? '')))) return []
  const { count = 0, failureLimit } = readLimits(metric)
  const most = Math.max(0, failureLimit) + 1
  return when(
    count > most,
    `${field}.count`,
    `a gate is one measurement that lasts a stage: leave count at ${most}, and say how long as duration`,
  )
}
