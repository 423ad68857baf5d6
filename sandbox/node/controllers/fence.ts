/**
 * Read-your-writes for a workload controller: until the watch has shown every pod that was created or deleted for an owner,
 * nothing is counted, because a stale count would create the same pods twice. It performs no writes itself.
 */
import type { ObjectCache } from '../../../controller/kube/cache.ts'
import { hasReached } from '../../../controller/kube/resource-version.ts'
import { isTerminating, type Pod, uidOf } from '../objects.ts'

export interface PodFence {
  noteWritten(owner: string, pod: Pod): void
  noteDeleted(owner: string, pod: Pod): void
  /** True when the cache includes every noted write of `owner`. */
  hasCaughtUp(owner: string): boolean
  forget(owner: string): void
}

interface Pending {
  written: string | undefined
  readonly deleted: Map<string, Pod>
}

export function createPodFence(pods: Pick<ObjectCache<Pod>, 'get' | 'resourceVersion'>): PodFence {
  const pending = new Map<string, Pending>()
  const pendingOf = (owner: string): Pending => {
    const known = pending.get(owner) ?? { written: undefined, deleted: new Map<string, Pod>() }
    pending.set(owner, known)
    return known
  }
  const isStillSeen = (pod: Pod): boolean => {
    const seen = pods.get(pod.metadata.namespace, pod.metadata.name)
    return seen !== undefined && uidOf(seen) === uidOf(pod) && !isTerminating(seen)
  }
  return {
    noteWritten(owner, pod) {
      const version = pod.metadata.resourceVersion
      const known = pendingOf(owner)
      if (version !== undefined && (known.written === undefined || hasReached(version, known.written))) {
        known.written = version
      }
    },
    noteDeleted: (owner, pod) => void pendingOf(owner).deleted.set(uidOf(pod), pod),
    hasCaughtUp(owner) {
      const known = pending.get(owner)
      if (!known) return true
      if (known.written !== undefined && !hasReached(pods.resourceVersion(), known.written)) return false
      if ([...known.deleted.values()].some(isStillSeen)) return false
      pending.delete(owner)
      return true
    },
    forget: (owner) => void pending.delete(owner),
  }
}
