/**
 * What is known of the objects that routers drive: a cache for each kind from the moment at which the first Rollout needs it, and stores of what
 * lives outside the cluster. A kind that no Rollout uses costs nothing. It must not interpret objects.
 */
import type { KubeObject } from '../api/meta.ts'
import { onceFrozen } from '../api/once-frozen.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import type { RouterId } from '../api/router-capabilities.ts'
import type { ObjectCache } from '../kube/cache.ts'
import type { ResourceKind } from '../kube/client.ts'
import type { Informers } from '../kube/informers.ts'
import { kindId, refOf } from '../kube/kinds.ts'
import { isOutside, type OutsideStore, type OutsideWriteOptions } from '../traffic/outside.ts'
import type { Router, RouterWrite } from '../traffic/router.ts'
import { openOutside } from './outside-objects.ts'
import { withoutTaken } from './rivals.ts'
import {
  addressOf,
  anyOf,
  BY_MARK,
  BY_SERVICE,
  kindsOf,
  markedKinds,
  pickingKinds,
  routesNamed,
  watchWishes,
} from './route-kinds.ts'
import { createRouteViews, type RouterView } from './route-views.ts'
import { type ConfiguredRouter, routersOf } from './routers.ts'

export interface RouteOptions {
  /** The routers that are driven; every one that there is when absent. */
  readonly routers?: readonly RouterId[]
  readonly stores?: readonly OutsideStore[]
}

export interface RouteCaches {
  /** Those that a Rollout configures; one that is not enabled is a problem in words. */
  routersOf(rollout: Rollout, replicaSets: readonly ReplicaSet[]): readonly ConfiguredRouter[]
  read(id: string, router: Router): RouterView
  /**
   * Whether something that the Rollout's routers need is being read for the first time: worth a moment's patience, and never more than two seconds
   * from the first question about it.
   */
  isFilling(rollout: Rollout, nowMs: number): boolean
  /** Writes an object outside the cluster; errors are those of `OutsideStore.write`. */
  writeOutside(write: RouterWrite, options: OutsideWriteOptions): Promise<void>
  /** Objects that bear the mark of the Rollout though it does not name them any more, as far as their kinds are read. */
  former(rollout: Rollout): readonly FormerRoute[]
  /** Addresses (`routesNamed`) of objects that pick pods from a Service, given as `namespace/name`. */
  picking(service: string): readonly string[]
  /** Calls `listener` with the addresses that a change concerns. Returns the unsubscriber. */
  subscribe(listener: (addresses: readonly string[]) => void): () => void
}

export interface FormerRoute {
  readonly kind: ResourceKind
  readonly object: KubeObject
  release(): readonly RouterWrite[]
}

const FIRST_READ_MS = 2_000

export function openRoutes(
  informers: Pick<Informers, 'for'>,
  rollouts: ObjectCache<Rollout>,
  { routers, stores = [] }: RouteOptions,
): RouteCaches {
  const opened = new Map<string, ObjectCache<KubeObject>>()
  const outside = openOutside(stores)
  const listeners = new Set<(addresses: readonly string[]) => void>()
  const views = createRouteViews(opened, outside)
  const askedSince = new Map<string, number>()
  const enabled = routers && new Set<string>(routers)

  const tell = (...addresses: readonly string[]): void => {
    for (const listener of listeners) listener(addresses)
  }
  const neighboursOf = (rollout: Rollout) => () => rollouts.list(rollout.metadata.namespace)
  const driven = (rollout: Rollout, replicaSets: readonly ReplicaSet[]) =>
    withoutTaken(routersOf(rollout, replicaSets, enabled), rollout, neighboursOf(rollout))
  /** Asked for several times in each pass, where nothing is read of pods. */
  const configuredIn = onceFrozen((rollout: Rollout) => routersOf(rollout, [], enabled))
  const needed = (rollout: Rollout): readonly Router[] =>
    withoutTaken(configuredIn(rollout), rollout, neighboursOf(rollout)).flatMap(({ router }) =>
      'problem' in router ? [] : [router],
    )

  function open(kind: ResourceKind): void {
    const id = kindId(kind)
    if (opened.has(id)) return
    const cache = informers.for<KubeObject>(kind, { onDemand: true, keepsManagers: true, ...watchWishes.get(id) })
    opened.set(id, cache)
    cache.subscribe(({ object }) => tell(addressOf(refOf(kind, object)), anyOf(kind, object.metadata.namespace)))
    cache.subscribeState(() => tell(id))
  }

  function take(rollout: Rollout, isDeleted = false): void {
    const found = isDeleted ? [] : needed(rollout)
    const refs = found.flatMap(({ targets, witnesses = [] }) => [...targets, ...witnesses])
    outside.name(
      `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`,
      refs.filter(({ kind }) => isOutside(kind)),
    )
    for (const kind of found.flatMap(kindsOf)) if (!isOutside(kind)) open(kind)
  }

  outside.subscribe((ref) => tell(addressOf(ref)))
  for (const rollout of rollouts.list()) take(rollout)
  rollouts.subscribe((change) => {
    const { type, object } = change
    take(object, type === 'deleted')
    // What it had for itself may be another's now.
    if (type === 'deleted') tell(...routesNamed(object))
    else if (type === 'updated' && change.previous.metadata.generation !== object.metadata.generation)
      tell(...routesNamed(change.previous))
  })

  return {
    routersOf: driven,
    read: (id, router) => views.read(id, router),
    isFilling(rollout, nowMs) {
      const missing = needed(rollout).flatMap((router) => views.unread(router))
      for (const what of missing) askedSince.set(what, askedSince.get(what) ?? nowMs)
      return missing.some((what) => nowMs - (askedSince.get(what) ?? nowMs) < FIRST_READ_MS)
    },
    writeOutside: (write, options) => outside.write(write, options),
    former(rollout) {
      const configured = routersOf(rollout, [])
      // What is not understood may name them still.
      if (configured.some(({ router }) => 'problem' in router)) return []
      const targets = configured.flatMap(({ router }) => ('problem' in router ? [] : router.targets))
      const named = new Set(targets.map(addressOf))
      const mark = `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`
      return markedKinds.flatMap(({ kind, release }) =>
        (opened.get(kindId(kind))?.byIndex(BY_MARK, mark) ?? [])
          .filter((object) => !named.has(addressOf(refOf(kind, object))))
          .map((object) => ({ kind, object, release: () => release(object) })),
      )
    },
    picking: (service) =>
      pickingKinds.flatMap((id) => {
        const objects = opened.get(id)?.byIndex(BY_SERVICE, service) ?? []
        return objects.map(({ metadata }) => `${id}/${metadata.namespace ?? ''}/${metadata.name}`)
      }),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
