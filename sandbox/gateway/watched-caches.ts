/** Caches that follow their kinds by watch, started and stopped together. It joins the product's caches and reflectors and decides nothing. */
import type { KubeObject } from '../../controller/api/meta.ts'
import { createCache, type Indexer, type ObjectCache } from '../../controller/kube/cache.ts'
import type { KubeClient, ResourceKind } from '../../controller/kube/client.ts'
import { endpointSlices, kindId, services } from '../../controller/kube/kinds.ts'
import { createReflector, type Reflector } from '../../controller/kube/reflector.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Random } from '../../controller/runtime/random.ts'
import type { BackendSource } from './backends.ts'
import type { GatewayEndpointSlice, GatewayService } from './objects.ts'

export interface GatewayContext {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export interface WatchedCaches {
  /** Begins to watch all instances of the kind. */
  follow<T extends KubeObject>(
    kind: ResourceKind,
    indexers?: Readonly<Record<string, Indexer<T>>>,
  ): Pick<ObjectCache<T>, 'list' | 'get' | 'byIndex'>
  /** Begins to watch Services and their EndpointSlices. */
  followBackends(): BackendSource
  stop(): Promise<void>
}

const BY_SERVICE = 'service'
const indexByService: Indexer<KubeObject> = ({ metadata }) => {
  const service = metadata.labels?.['kubernetes.io/service-name']
  return service === undefined ? [] : [`${metadata.namespace}/${service}`]
}

/** `onChange` runs after every change of any object that is followed. */
export function createWatchedCaches(context: GatewayContext, onChange: () => void): WatchedCaches {
  const reflectors: Reflector[] = []
  const follow: WatchedCaches['follow'] = <T extends KubeObject>(
    kind: ResourceKind,
    indexers: Readonly<Record<string, Indexer<T>>> = {},
  ) => {
    const cache = createCache<T>({ name: kindId(kind), log: context.log, indexers })
    cache.subscribe(onChange)
    const reflector = createReflector<T>({ ...context, kind, sink: cache })
    reflectors.push(reflector)
    reflector.start()
    return cache
  }
  return {
    follow,
    followBackends() {
      const serviceCache = follow<GatewayService>(services)
      const sliceCache = follow<GatewayEndpointSlice>(endpointSlices, { [BY_SERVICE]: indexByService })
      return {
        service: (namespace, name) => serviceCache.get(namespace, name),
        slices: (namespace, service) => sliceCache.byIndex(BY_SERVICE, `${namespace}/${service}`),
      }
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    },
  }
}
