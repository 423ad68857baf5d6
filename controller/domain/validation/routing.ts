/**
 * Whether `trafficRouting` names routers that are driven, and what a canary may ask of a router. Whether the router's own objects exist is
 * found when they are read.
 */
import type { CanaryStrategy, TrafficRouting } from '../../api/rollout.ts'
import { type Problem, when } from './problem.ts'
import { unsupported } from './unsupported.ts'

/** Routers that this version drives; anything else is named and refused, never replaced by a default. */
const ROUTER_PLUGINS = new Set(['argoproj-labs/gatewayAPI'])
const BUILT_IN = ['istio', 'nginx', 'alb', 'smi', 'ambassador', 'appMesh', 'traefik', 'apisix'] as const
const FIX = 'use plugins["argoproj-labs/gatewayAPI"]'

export function validateRouting(canary: CanaryStrategy, field: string): readonly Problem[] {
  const routing = canary.trafficRouting
  if (!routing) return []
  const at = `${field}.trafficRouting`
  return [...validateRouters(routing, at), ...validateMaxWeight(routing, at)]
}

function validateRouters(routing: TrafficRouting, at: string): readonly Problem[] {
  const plugins = Object.keys(routing.plugins ?? {})
  const builtIn = BUILT_IN.filter((name) => routing[name])
  return [
    ...builtIn.map((name) => unsupported(`${at}.${name}`, FIX)),
    ...plugins.filter((name) => !ROUTER_PLUGINS.has(name)).map((name) => unsupported(`${at}.plugins["${name}"]`, FIX)),
    ...when(plugins.length + builtIn.length === 0, at, 'names no router', FIX),
  ]
}

function validateMaxWeight({ maxTrafficWeight, nginx, plugins }: TrafficRouting, at: string): readonly Problem[] {
  const field = `${at}.maxTrafficWeight`
  if (maxTrafficWeight === undefined) return []
  return [
    ...when(
      !nginx && Object.keys(plugins ?? {}).length === 0,
      field,
      'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins',
    ),
    ...when(maxTrafficWeight < 1, field, 'must be greater than 0'),
  ]
}
