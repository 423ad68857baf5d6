/** The objects that the gateway obeys, by watch, as one source for the route table. It joins the product's caches and reflectors and decides nothing. */
import type { KubeObject } from '../../controller/api/meta.ts'
import { createCache, type Indexer, type ObjectCache } from '../../controller/kube/cache.ts'
import type { KubeClient, ResourceKind } from '../../controller/kube/client.ts'
import { endpointSlices, httpRoutes, kindId, services } from '../../controller/kube/kinds.ts'
import { createReflector, type Reflector } from '../../controller/kube/reflector.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Random } from '../../controller/runtime/random.ts'
import {
  type Gateway,
  type GatewayClass,
  type GatewayEndpointSlice,
  type GatewayService,
  gatewayClasses,
  gateways,
  type HttpRoute,
} from './objects.ts'
import type { RouteTableInput } from './route-table.ts'

export interface GatewayContext {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export interface GatewaySources {
  /** Everything as it is known now. */
  read(): RouteTableInput
  stop(): Promise<void>
}

const BY_SERVICE = 'service'
const indexByService: Indexer<KubeObject> = ({ metadata }) => {
  const service = metadata.labels?.['kubernetes.io/service-name']
  return service === undefined ? [] : [`${metadata.namespace}/${service}`]
}

/** Begins to watch; `onChange` runs after every change of any of the objects. */
export function watchGatewaySources(context: GatewayContext, onChange: () => void): GatewaySources {
  const reflectors: Reflector[] = []
  const watched = <T extends KubeObject>(
    kind: ResourceKind,
    indexers: Readonly<Record<string, Indexer<T>>> = {},
  ): ObjectCache<T> => {
    const cache = createCache<T>({ name: kindId(kind), log: context.log, indexers })
    cache.subscribe(onChange)
    reflectors.push(createReflector<T>({ ...context, kind, sink: cache }))
    return cache
  }
  const classCache = watched<GatewayClass>(gatewayClasses)
  const gatewayCache = watched<Gateway>(gateways)
  const routeCache = watched<HttpRoute>(httpRoutes)
  const serviceCache = watched<GatewayService>(services)
  const sliceCache = watched<GatewayEndpointSlice>(endpointSlices, { [BY_SERVICE]: indexByService })
  for (const reflector of reflectors) reflector.start()
  return {
    read: () => ({
      classes: classCache.list(),
      gateways: gatewayCache.list(),
      routes: routeCache.list(),
      service: (namespace, name) => serviceCache.get(namespace, name),
      slices: (namespace, service) => sliceCache.byIndex(BY_SERVICE, `${namespace}/${service}`),
    }),
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    },
  }
}
