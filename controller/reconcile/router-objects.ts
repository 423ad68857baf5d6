/** The objects that a router reads and renders from, as the caches have them. It must not interpret them. */
import type { KubeObject } from '../api/meta.ts'
import { refOf } from '../kube/kinds.ts'
import { type Router, type RouterObjects, refKey } from '../traffic/router.ts'
import { type RolloutCaches, routeCache } from './caches.ts'

export function objectsOf({ targets, selections = [] }: Router, caches: RolloutCaches): RouterObjects {
  const found: Record<string, KubeObject | undefined> = {}
  for (const ref of targets) found[refKey(ref)] = routeCache(caches, ref.kind)?.get(ref.namespace, ref.name)
  for (const { kind, namespace, selects } of selections) {
    const candidates = routeCache(caches, kind)?.list(namespace) ?? []
    const chosen = candidates.filter((candidate) => selects(candidate, found))
    for (const object of chosen) found[refKey(refOf(kind, object))] = object
  }
  return found
}
