/** A gate's configuration and its Prometheus, for what is asked beside the looks themselves. It must not ask. */
import { type GateMetric, gateMetricSchema } from '../../../controller/api/gate.ts'
import { type GatePlan, planGate } from '../../../controller/metric-language/gate-plan.ts'
import { readAuthentication } from '../authentication.ts'
import type { LookOrder } from '../long-provider.ts'
import type { PrometheusAccess } from './ask-prometheus.ts'

export interface AskedGate {
  readonly config: GateMetric
  readonly plan: GatePlan
}

/** Undefined for a configuration that the gate itself refuses. */
export function readAsked({ config }: LookOrder): AskedGate | undefined {
  const parsed = gateMetricSchema.safeParse(config)
  if (!parsed.success) return undefined
  const { plan, problems } = planGate(parsed.data)
  return problems.length > 0 ? undefined : { config: parsed.data, plan }
}

export function openAccess(
  { config, plan }: AskedGate,
  { prometheusAddress }: LookOrder,
): PrometheusAccess | { readonly problem: string } {
  const address = config.address || prometheusAddress
  if (!address) return { problem: 'penstock/gate.address is not set and the controller has no default address' }
  const authentication = readAuthentication(config.authentication, { path: 'penstock/gate', service: 'aps' })
  if ('problem' in authentication) return authentication
  return { config, address, timeoutMs: plan.timeoutMs, auth: authentication.auth }
}
