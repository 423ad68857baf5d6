/** Whether a Rollout's routers can do what its manifest asks of them. What each can is in `api/router-capabilities.ts`. */
import type { TrafficRouting } from '../../api/rollout.ts'
import {
  isRouterId,
  type RouterCapabilities,
  type RouterId,
  routerCapabilities,
  routerField,
} from '../../api/router-capabilities.ts'

/** Fields of `trafficRouting` that name a router of Argo's, whether this version drives it or not. */
export const BUILT_IN_ROUTERS = ['istio', 'nginx', 'alb', 'smi', 'ambassador', 'appMesh', 'traefik', 'apisix'] as const

/** The routers that are configured and known. */
export function knownRouters(routing: TrafficRouting | undefined): readonly RouterId[] {
  const builtIn = BUILT_IN_ROUTERS.filter((id) => routing?.[id])
  return [...builtIn, ...Object.keys(routing?.plugins ?? {})].filter(isRouterId)
}

/** The field that configures it, for words: `trafficRouting.nginx`. */
export const nameRouter = (id: RouterId): string => `trafficRouting.${routerField(id)}`

/** Whether one of the routers can; false without routing. */
export const routersCan = (
  routing: TrafficRouting | undefined,
  can: (capabilities: RouterCapabilities) => boolean,
): boolean => knownRouters(routing).some((id) => can(routerCapabilities[id]))
