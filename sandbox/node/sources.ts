/**
 * One watched copy per kind, shared by everything in the node stand-in, started and stopped together. It only joins the
 * product's cache and reflector; it must not interpret objects.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import { createCache, type Indexer, indexByOwnerUid, type ObjectCache } from '../../controller/kube/cache.ts'
import type { ResourceKind } from '../../controller/kube/client.ts'
import { deployments, endpointSlices, jobs, kindId, pods, replicaSets, services } from '../../controller/kube/kinds.ts'
import { createReflector, type Reflector } from '../../controller/kube/reflector.ts'
import type { NodeContext, Runnable } from './context.ts'
import { endpoints, podDisruptionBudgets } from './kinds.ts'
import type {
  Deployment,
  EndpointSlice,
  Endpoints,
  Job,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
} from './objects.ts'

export interface Sources {
  readonly pods: ObjectCache<Pod>
  readonly replicaSets: ObjectCache<ReplicaSet>
  readonly deployments: ObjectCache<Deployment>
  readonly jobs: ObjectCache<Job>
  readonly services: ObjectCache<Service>
  readonly endpoints: ObjectCache<Endpoints>
  readonly endpointSlices: ObjectCache<EndpointSlice>
  readonly podDisruptionBudgets: ObjectCache<PodDisruptionBudget>
}

/** Name of the index that finds objects by any owner's uid. */
export const BY_OWNER = 'owner'
/** Name of the index that finds EndpointSlices by `namespace/service`. */
export const BY_SERVICE = 'service'
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

const indexByService: Indexer<KubeObject> = ({ metadata }) => {
  const service = metadata.labels?.[SERVICE_NAME_LABEL]
  return service === undefined ? [] : [`${metadata.namespace}/${service}`]
}

/** `scope: 'pods'` watches pods only; the caches of all other kinds stay empty. */
export function createSources(context: NodeContext, scope: 'all' | 'pods'): Sources & Runnable {
  const reflectors: Reflector[] = []
  const watched = <T extends KubeObject>(
    kind: ResourceKind,
    indexers: Readonly<Record<string, Indexer<T>>> = {},
  ): ObjectCache<T> => {
    const cache = createCache<T>({ name: kindId(kind), log: context.log, indexers })
    if (scope === 'all' || kind === pods) reflectors.push(createReflector<T>({ ...context, kind, sink: cache }))
    return cache
  }
  const byOwner = { [BY_OWNER]: indexByOwnerUid }
  return {
    pods: watched<Pod>(pods, byOwner),
    replicaSets: watched<ReplicaSet>(replicaSets, byOwner),
    deployments: watched<Deployment>(deployments),
    jobs: watched<Job>(jobs),
    services: watched<Service>(services),
    endpoints: watched<Endpoints>(endpoints),
    endpointSlices: watched<EndpointSlice>(endpointSlices, { [BY_SERVICE]: indexByService }),
    podDisruptionBudgets: watched<PodDisruptionBudget>(podDisruptionBudgets),
    start() {
      for (const reflector of reflectors) reflector.start()
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    },
  }
}
