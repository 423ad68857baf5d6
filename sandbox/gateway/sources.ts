/** The objects that the gateway obeys, by watch, as one source for the route table. It decides nothing. */
import { grpcRoutes, httpRoutes } from '../../controller/kube/kinds.ts'
import { asHttpRoute, type GrpcRoute } from './grpc-route.ts'
import { type Gateway, type GatewayClass, gatewayClasses, gateways, type HttpRoute } from './objects.ts'
import type { RoutePlanInput } from './route-plan.ts'
import { createWatchedCaches, type GatewayContext } from './watched-caches.ts'

export interface GatewaySources {
  /** Everything as it is known now. */
  read(): RoutePlanInput
  stop(): Promise<void>
}

/** Begins to watch; `onChange` runs after every change of any of the objects. GRPCRoutes are read where `grpc` says that they can be served. */
export function watchGatewaySources(
  context: GatewayContext,
  onChange: () => void,
  { grpc = false }: { readonly grpc?: boolean } = {},
): GatewaySources {
  const caches = createWatchedCaches(context, onChange)
  const classes = caches.follow<GatewayClass>(gatewayClasses)
  const gatewayCache = caches.follow<Gateway>(gateways)
  const routes = caches.follow<HttpRoute>(httpRoutes)
  const calls = grpc ? caches.follow<GrpcRoute>(grpcRoutes) : undefined
  const backends = caches.followBackends()
  return {
    read: () => ({
      classes: classes.list(),
      gateways: gatewayCache.list(),
      routes: [...routes.list(), ...(calls?.list() ?? []).map(asHttpRoute)],
      ...backends,
    }),
    stop: () => caches.stop(),
  }
}
