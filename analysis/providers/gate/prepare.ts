/** From a metric's configuration to what a look needs: names, thresholds, and a way to ask its Prometheus. It must not ask anything yet. */
import { gateMetricSchema } from '../../../controller/api/gate.ts'
import { type GatePlan, planGate } from '../../../controller/metric-language/gate-plan.ts'
import { readAuthentication } from '../authentication.ts'
import type { LookOrder, LookPorts } from '../long-provider.ts'
import { askSamples } from './ask-prometheus.ts'
import type { Ask } from './samples-of-run.ts'
import type { GateSession, PlannedMetric } from './session.ts'

export type PreparedGate =
  | { readonly plan: GatePlan; readonly address: string; readonly ask: Ask }
  | { readonly problem: string }

export function prepareGate(
  { config, prometheusAddress }: LookOrder,
  ports: LookPorts,
  session: Pick<GateSession, 'planned'>,
): PreparedGate {
  const planned = session.planned([JSON.stringify(config) ?? ''], () => planMetric(config))
  if ('problem' in planned) return planned
  const { plan } = planned
  const address = planned.config.address || prometheusAddress
  if (!address) return { problem: 'penstock/gate.address is not set and the controller has no default address' }
  const authentication = readAuthentication(planned.config.authentication, { path: 'penstock/gate', service: 'aps' })
  if ('problem' in authentication) return authentication
  const access = { config: planned.config, address, timeoutMs: plan.timeoutMs, auth: authentication.auth }
  return { plan, address, ask: (window) => askSamples(access, window, ports.send) }
}

function planMetric(config: unknown): PlannedMetric {
  const parsed = gateMetricSchema.safeParse(config)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { problem: `penstock/gate.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
  }
  const { plan, problems } = planGate(parsed.data)
  const [first] = problems
  if (first) return { problem: `penstock/gate.${first.field}: ${first.message}` }
  return { config: parsed.data, plan }
}
