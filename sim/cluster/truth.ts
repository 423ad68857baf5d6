/**
 * Follows the API server without delay and keeps the present {@link World}. It is how models and invariants see the cluster; no fault touches it.
 */
import type { ResourceKind } from '../../controller/kube/client.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { renderCollectionPath } from '../../controller/kube/request-path.ts'
import type { WatchLine } from '../../sandbox/api-server/api-message.ts'
import type { ApiServer } from '../../sandbox/api-server/server.ts'
import { type DataPlane, emptyWorld, type World } from './world.ts'

type ObjectField = Exclude<keyof World, 'atMs' | 'version' | 'dataPlane' | 'lease'>

const followed: Readonly<Record<ObjectField, ResourceKind>> = {
  rollouts: kinds.rollouts,
  replicaSets: kinds.replicaSets,
  services: kinds.services,
  endpointSlices: kinds.endpointSlices,
  httpRoutes: kinds.httpRoutes,
  pods: kinds.pods,
  analysisRuns: kinds.analysisRuns,
  experiments: kinds.experiments,
}

export interface Truth {
  world(): World
  /** What the data plane does has changed. */
  setDataPlane(dataPlane: DataPlane): void
  /** Called at once after each change of one kind of objects; `name` is the object's. */
  subscribe(field: ObjectField, listener: (name: string) => void): void
}

export function openTruth(server: ApiServer, nowMs: () => number): Truth {
  let world = emptyWorld
  const listeners = new Map<ObjectField, ((name: string) => void)[]>()

  function take(field: ObjectField, { type, object }: WatchLine): void {
    if (type === 'BOOKMARK' || type === 'ERROR') return
    const { name, resourceVersion } = object.metadata as { name: string; resourceVersion: string }
    // Each field's objects are of its own kind; the compiler cannot follow the pairing.
    const objects = new Map<string, unknown>(world[field])
    if (type === 'DELETED') objects.delete(name)
    else objects.set(name, object)
    world = { ...world, [field]: objects, version: Number(resourceVersion) }
    for (const listener of listeners.get(field) ?? []) listener(name)
  }

  function takeLease({ object }: WatchLine): void {
    const { holderIdentity = '' } = (object.spec ?? {}) as { holderIdentity?: string }
    const holder = holderIdentity === '' ? undefined : holderIdentity
    if (holder !== world.lease.holder) world = { ...world, lease: { holder, sinceMs: nowMs() } }
  }

  function follow(kind: ResourceKind, send: (line: WatchLine) => void): void {
    const path = renderCollectionPath(kind, undefined)
    const response = server.handle({ method: 'GET', path, query: new URLSearchParams({ watch: 'true' }), headers: {} })
    if (response.kind !== 'watch') throw new Error(`${path} cannot be watched`)
    response.start({ send, end: () => {} })
  }

  for (const [field, kind] of Object.entries(followed) as [ObjectField, ResourceKind][])
    follow(kind, (line) => take(field, line))
  follow(kinds.leases, takeLease)

  return {
    world() {
      if (world.atMs !== nowMs()) world = { ...world, atMs: nowMs() }
      return world
    },
    setDataPlane(dataPlane) {
      world = { ...world, dataPlane }
    },
    subscribe(field, listener) {
      listeners.set(field, [...(listeners.get(field) ?? []), listener])
    },
  }
}
