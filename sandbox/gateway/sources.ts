/** The objects that the gateway obeys, by watch, as one source for the route table. It decides nothing. */
import { httpRoutes } from '../../controller/kube/kinds.ts'
import { type Gateway, type GatewayClass, gatewayClasses, gateways, type HttpRoute } from './objects.ts'
import type { RoutePlanInput } from './route-plan.ts'
import { createWatchedCaches, type GatewayContext } from './watched-caches.ts'

export interface GatewaySources {
  /** Everything as it is known now. */
  read(): RoutePlanInput
  stop(): Promise<void>
}

/** Begins to watch; `onChange` runs after every change of any of the objects. */
export function watchGatewaySources(context: GatewayContext, onChange: () => void): GatewaySources {
  const caches = createWatchedCaches(context, onChange)
  const classes = caches.follow<GatewayClass>(gatewayClasses)
  const gatewayCache = caches.follow<Gateway>(gateways)
  const routes = caches.follow<HttpRoute>(httpRoutes)
  const backends = caches.followBackends()
  return {
    read: () => ({
      classes: classes.list(),
      gateways: gatewayCache.list(),
      routes: routes.list(),
      ...backends,
    }),
    stop: () => caches.stop(),
  }
}
