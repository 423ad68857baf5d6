/** What the gateway says about its own GatewayClass and Gateway objects. Pure; undefined when it has been said already. */
import { CONTROLLER_NAME } from './attachment.ts'
import type { Gateway, GatewayClass, GatewayCondition } from './objects.ts'

type Status = Readonly<Record<string, unknown>>

const isTrue = (conditions: readonly GatewayCondition[] | undefined, type: string, generation: number): boolean =>
  conditions?.some(
    (condition) =>
      condition.type === type && condition.status === 'True' && condition.observedGeneration === generation,
  ) === true

const said = (type: string, observedGeneration: number, now: string): GatewayCondition => ({
  type,
  status: 'True',
  reason: type,
  message: '',
  observedGeneration,
  lastTransitionTime: now,
})

/** `now` is RFC 3339. Classes of other controllers are theirs. */
export function decideClassStatus(entry: GatewayClass, now: string): Status | undefined {
  const generation = entry.metadata.generation ?? 0
  if (entry.spec.controllerName !== CONTROLLER_NAME) return undefined
  return isTrue(entry.status?.conditions, 'Accepted', generation)
    ? undefined
    : { conditions: [said('Accepted', generation, now)] }
}

/** `address` is `host:port` of the listener; the port of the manifest is what clients in a cluster would use. */
export function decideGatewayStatus(gateway: Gateway, address: string, now: string): Status | undefined {
  const generation = gateway.metadata.generation ?? 0
  const host = address.replace(/:\d+$/, '')
  const isKnown = gateway.status?.addresses?.[0]?.value === host
  if (isKnown && isTrue(gateway.status?.conditions, 'Programmed', generation)) return undefined
  const conditions = [said('Accepted', generation, now), said('Programmed', generation, now)]
  return { addresses: [{ type: 'IPAddress', value: host }], conditions }
}
