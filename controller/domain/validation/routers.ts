/** Whether a Rollout's routers can do what its manifest asks of them. What each can is in `api/router-capabilities.ts`. */
import type { TrafficRouting } from '../../api/rollout.ts'
import {
  type RouterCapabilities,
  type RouterId,
  routerCapabilities,
  routerField,
  routerIds,
} from '../../api/router-capabilities.ts'

/** The routers that are configured and known: fields of `trafficRouting`, and plugins. */
export const knownRouters = (routing: TrafficRouting | undefined): readonly RouterId[] =>
  routerIds.filter((id) => (id.includes('/') ? routing?.plugins?.[id] : routing?.[id]))

/** The field that configures it, for words: `trafficRouting.nginx`. */
export const nameRouter = (id: RouterId): string => `trafficRouting.${routerField(id)}`

/** Those of the Rollout's routers that cannot: what concerns every road has to be possible on all of them. */
export const routersThatCannot = (
  routing: TrafficRouting | undefined,
  can: (capabilities: RouterCapabilities) => boolean,
): readonly RouterId[] => knownRouters(routing).filter((id) => !can(routerCapabilities[id]))

/** Whether one of the routers can; false without routing. */
export const routersCan = (
  routing: TrafficRouting | undefined,
  can: (capabilities: RouterCapabilities) => boolean,
): boolean => knownRouters(routing).some((id) => can(routerCapabilities[id]))
