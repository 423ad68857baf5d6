/**
 * What a `penstock/gate` metric may say before it is asked: everything that can be known without Prometheus is a mistake here, with its field, before
 * any traffic is shifted.
 */
import { type GateMetric, gateMetricSchema } from '../../api/gate.ts'
import { planGate } from '../gate-plan.ts'
import { checkAuthentication } from './authentication.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const gateRule = ruleOf<GateMetric>(gateMetricSchema, (config, path) => [
  ...checkAddress(config.address, `${path}.address`),
  ...checkAuthentication(config.authentication, path, { signs: true }),
  ...planGate(config).problems.map(({ field, message }) => ({ field: `${path}.${field}`, message })),
])
