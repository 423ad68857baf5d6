/**
 * Whether `trafficRouting` names routers that are driven, and Services and weights that they can be driven with. Whether the router's own
 * objects exist is found when they are read.
 */
import type { CanaryStrategy, TrafficRouting } from '../../api/rollout.ts'
import { isRouterId, routerField, routerIds } from '../../api/router-capabilities.ts'
import { validateConsulKv } from './consul-kv.ts'
import { validateIstio } from './istio.ts'
import { type Problem, renderPath, when } from './problem.ts'
import { knownRouters, nameRouter, routersThatCannot } from './routers.ts'

const FIX = `known are ${routerIds.map((id) => `trafficRouting.${routerField(id)}`).join(', ')}`

export function validateRouting(canary: CanaryStrategy, field: string): readonly Problem[] {
  const routing = canary.trafficRouting
  const at = `${field}.trafficRouting`
  return [
    ...validatePingPong(canary, field),
    ...validateIstio(canary, `${at}.istio`),
    ...validateConsulKv(canary, at),
    ...(routing ? [...validateRouters(routing, at), ...validateMaxWeight(routing, at)] : []),
    ...(needsServices(canary) ? validateServices(canary, field) : []),
  ]
}

/** Ping-pong names its own two Services; Consul, and Istio when it has a DestinationRule, tell pods apart by subset. */
const needsServices = ({ trafficRouting, pingPong }: CanaryStrategy): boolean =>
  trafficRouting !== undefined &&
  pingPong === undefined &&
  trafficRouting.istio?.destinationRule === undefined &&
  trafficRouting.plugins?.['hashicorp/consul'] === undefined

const validateServices = (canary: CanaryStrategy, field: string): readonly Problem[] =>
  (['stableService', 'canaryService'] as const).flatMap((name) =>
    when(
      !canary[name],
      `${field}.${name}`,
      'Canary service and Stable service must to be set to use Traffic Routing',
      'set canaryService and stableService',
    ),
  )

/** A name that is not known is refused, never replaced by a default. */
function validateRouters(routing: TrafficRouting, at: string): readonly Problem[] {
  const unknown = Object.keys(routing.plugins ?? {}).filter((name) => !isRouterId(name))
  const message = 'is not supported by this version of Penstock'
  return [
    ...unknown.map((name) => ({ field: renderPath(`${at}.plugins`, [name]), message, fix: FIX })),
    ...when(knownRouters(routing).length + unknown.length === 0, at, 'names no router', FIX),
    ...validateIngresses(routing, at),
  ]
}

/** Argo's words: one field names one Ingress, the other several. */
const validateIngresses = ({ nginx, alb }: TrafficRouting, at: string): readonly Problem[] => [
  ...(nginx ? exactlyOne('StableIngress', nginx.stableIngress, nginx.stableIngresses, `${at}.nginx`) : []),
  ...(alb ? exactlyOne('Ingress', alb.ingress, alb.ingresses, `${at}.alb`) : []),
]

function exactlyOne(name: string, one: unknown, many: unknown, field: string): readonly Problem[] {
  const [hasOne, hasMany] = [Boolean(one), many !== undefined && many !== null]
  const given = hasOne ? 'Both' : 'Neither'
  return when(
    hasOne === hasMany,
    field,
    `Either ${name} or ${name}es must be configured. ${given} are configured.`,
    hasOne ? 'remove one of the two' : 'set one of the two',
  )
}

const without = (...asked: Parameters<typeof routersThatCannot>): string =>
  `leave out ${routersThatCannot(...asked)
    .map(nameRouter)
    .join(', ')}`

function validateMaxWeight(routing: TrafficRouting, at: string): readonly Problem[] {
  const field = `${at}.maxTrafficWeight`
  const { maxTrafficWeight } = routing
  if (maxTrafficWeight === undefined) return []
  return [
    ...when(
      routersThatCannot(routing, ({ maxWeight }) => maxWeight).length > 0,
      field,
      'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins',
      without(routing, ({ maxWeight }) => maxWeight),
    ),
    ...when(maxTrafficWeight < 1, field, 'must be greater than 0'),
  ]
}

function validatePingPong({ pingPong, trafficRouting }: CanaryStrategy, field: string): readonly Problem[] {
  if (!pingPong) return []
  const at = `${field}.pingPong`
  const missing = 'Ping service and Pong service must to be set to use Ping-Pong feature'
  return [
    ...when(
      routersThatCannot(trafficRouting, ({ pingPong: can }) => can).length > 0,
      `${field}.trafficRouting`,
      'Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only',
      without(trafficRouting, ({ pingPong: can }) => can),
    ),
    ...when(pingPong.pingService === '', `${at}.pingService`, missing),
    ...when(pingPong.pongService === '', `${at}.pongService`, missing),
    ...when(
      pingPong.pingService === pingPong.pongService,
      `${at}.pingService`,
      'This rollout uses the same service for the ping and pong services, but two different services are required.',
    ),
    ...when(
      trafficRouting?.alb !== undefined && !trafficRouting.alb.rootService,
      `${field}.trafficRouting.alb.rootService`,
      'Root service field is required for the configuration with ALB and ping-pong feature enabled',
    ),
  ]
}
