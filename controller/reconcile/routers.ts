/** The routers that a Rollout configures, ready to read and render. A configuration that is wrong becomes a reading with a problem. */
import type { Rollout, TrafficRouting } from '../api/rollout.ts'
import { rolesOf } from '../domain/canary/roles.ts'
import { findRouter } from '../traffic/registry.ts'
import type { Router } from '../traffic/router.ts'

export interface ConfiguredRouter {
  readonly id: string
  readonly router: Router | { readonly problem: string }
}

export function routersOf(rollout: Rollout): readonly ConfiguredRouter[] {
  const canary = rollout.spec?.strategy?.canary
  const plugins = canary?.trafficRouting?.plugins ?? {}
  const roles = rolesOf(rollout)
  const context = {
    namespace: rollout.metadata.namespace ?? '',
    rollout: rollout.metadata.name,
    stableService: roles.stableService ?? '',
    canaryService: roles.canaryService ?? '',
    maxWeight: canary?.trafficRouting?.maxTrafficWeight ?? 100,
    managedRouteNames: namesOf(canary?.trafficRouting?.managedRoutes),
  }
  return Object.entries(plugins).map(([id, config]) => ({
    id,
    router: findRouter(id)?.configure(config, context) ?? {
      problem: `trafficRouting.plugins["${id}"] is not a router that Penstock knows`,
    },
  }))
}

/** Manifests come here before anybody has looked at their shape. */
const namesOf = (managedRoutes: TrafficRouting['managedRoutes']): readonly string[] =>
  Array.isArray(managedRoutes) ? managedRoutes.flatMap((route) => (route?.name ? [route.name] : [])) : []
