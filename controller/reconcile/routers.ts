/** The routers that a Rollout configures, ready to read and render. A configuration that is wrong becomes a reading with a problem. */
import type { Rollout } from '../api/rollout.ts'
import { findRouter } from '../traffic/registry.ts'
import type { Router } from '../traffic/router.ts'

export interface ConfiguredRouter {
  readonly id: string
  readonly router: Router | { readonly problem: string }
}

export function routersOf(rollout: Rollout): readonly ConfiguredRouter[] {
  const canary = rollout.spec?.strategy?.canary
  const plugins = canary?.trafficRouting?.plugins ?? {}
  const context = {
    namespace: rollout.metadata.namespace ?? '',
    stableService: canary?.stableService ?? '',
    canaryService: canary?.canaryService ?? '',
    maxWeight: canary?.trafficRouting?.maxTrafficWeight ?? 100,
  }
  return Object.entries(plugins).map(([id, config]) => ({
    id,
    router: findRouter(id)?.configure(config, context) ?? {
      problem: `trafficRouting.plugins["${id}"] is not a router that Penstock knows`,
    },
  }))
}
