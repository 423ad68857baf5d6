/**
 * The same caches that the controller decides from, filled once by lists of one namespace: for a reader who wants to ask the real decision
 * (`penstock explain`, `lint` in a cluster). It keeps nothing up to date and writes nothing.
 */
import type { KubeObject } from '../api/meta.ts'
import { createCache } from '../kube/cache.ts'
import { isNotFound, type KubeClient, type ListOptions, type ResourceKind } from '../kube/client.ts'
import type { InformerOptions, Informers } from '../kube/informers.ts'
import { kindId } from '../kube/kinds.ts'
import { silentLogger } from '../runtime/log.ts'
import { openCaches, type RolloutCaches } from './caches.ts'

/** Throws KubeError when a list is refused; a kind that the cluster does not serve counts as empty. */
export async function snapshotCaches(client: Pick<KubeClient, 'list'>, namespace: string): Promise<RolloutCaches> {
  const fills: Promise<void>[] = []
  const source: Pick<Informers, 'for'> = {
    for<T extends KubeObject>(kind: ResourceKind, { indexers, labelSelector, onDemand }: InformerOptions<T> = {}) {
      const cache = createCache<T>({ name: kindId(kind), log: silentLogger, ...(indexers ? { indexers } : {}) })
      const fill = async (): Promise<void> => {
        const objects = await listAll<T>(client, kind, {
          ...(kind.namespaced ? { namespace } : {}),
          ...(labelSelector === undefined ? {} : { labelSelector }),
        })
        if (objects || !onDemand) cache.replace(objects ?? [], '0')
        else cache.fail('notServed')
      }
      fills.push(fill())
      return cache
    },
  }
  const caches = openCaches(source)
  // The first Rollout that names a workload or a router opens one more.
  while (fills.length > 0) await Promise.all(fills.splice(0))
  return caches
}

/** Undefined when the cluster does not serve the kind. */
async function listAll<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  kind: ResourceKind,
  options: ListOptions,
): Promise<readonly T[] | undefined> {
  try {
    const { items } = await client.list<T>(kind, options)
    return items
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
