/**
 * What is known of the objects that routers drive: a cache for each kind from the moment at which the first Rollout needs it, and stores of what
 * lives outside the cluster. A kind that no Rollout uses costs nothing. It must not interpret objects, and never takes what it has not read for
 * absent: a router of which something is unknown has no objects, but a sentence that says why.
 *
 *   state of a kind's cache    | what is said of a router that needs it
 *   filled                     | its objects
 *   filling, failing           | not known yet
 *   notServed                  | the CustomResourceDefinition to install; nothing if it is optional and another kind of the router is filled
 *   forbidden                  | the right to grant
 */
import { MANAGED_BY } from '../api/labels.ts'
import type { KubeObject } from '../api/meta.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import type { RouterId } from '../api/router-capabilities.ts'
import type { CacheState, ObjectCache } from '../kube/cache.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import type { InformerOptions, Informers } from '../kube/informers.ts'
import { describeRef, kindId, refOf } from '../kube/kinds.ts'
import { isOutside, type OutsideStore, type OutsideWriteOptions } from '../traffic/outside.ts'
import { routerRegistry } from '../traffic/registry.ts'
import { type Router, type RouterObjects, type RouterWrite, refKey } from '../traffic/router.ts'
import { openOutside } from './outside-objects.ts'
import { type ConfiguredRouter, routersOf } from './routers.ts'

export interface RouteOptions {
  /** The routers that are driven; every one that there is when absent. */
  readonly routers?: readonly RouterId[]
  readonly stores?: readonly OutsideStore[]
}

/** The objects of a router, or why they are not known. */
export type RouterView = { readonly objects: RouterObjects } | { readonly unknown: string }

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
  /** Addresses ({@link routesNamed}) of objects that pick pods from a Service, given as `namespace/name`. */
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
const BY_SERVICE = 'service'
const BY_MARK = 'managedBy'

/** How each kind is watched, by its id: what routers say of one kind is the same (`test/contract/watched-kinds.test.ts`). */
const wishes: ReadonlyMap<string, InformerOptions<KubeObject>> = new Map(
  Object.values(routerRegistry)
    .flatMap(({ watches }) => watches)
    .map(({ kind, labelSelector, serviceOf, release }) => [
      kindId(kind),
      {
        ...(labelSelector === undefined ? {} : { labelSelector }),
        indexers: {
          ...(serviceOf ? { [BY_SERVICE]: (object: KubeObject) => [serviceOf(object) ?? []].flat() } : {}),
          ...(release ? { [BY_MARK]: rolloutsMarked } : {}),
        },
      },
    ]),
)

function rolloutsMarked({ metadata }: KubeObject): string[] {
  const name = metadata.annotations?.[MANAGED_BY]
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
}

/** Kinds whose objects bear a Rollout's mark. */
const marked = Object.values(routerRegistry)
  .flatMap(({ watches }) => watches)
  .flatMap(({ kind, release }) => (release ? [{ kind, release }] : []))
const optionalKinds = new Set(
  Object.values(routerRegistry)
    .flatMap(({ watches }) => watches)
    .flatMap(({ kind, optional }) => (optional ? [kindId(kind)] : [])),
)
const pickingKinds = [...wishes].filter(([, { indexers = {} }]) => BY_SERVICE in indexers).map(([id]) => id)

const addressOf = ({ kind, namespace = '', name }: ObjectRef): string => `${kindId(kind)}/${namespace}/${name}`
const anyOf = (kind: ResourceKind, namespace = ''): string => `${kindId(kind)}/${namespace}/*`

const kindsOf = ({ targets, selections = [] }: Router): readonly ResourceKind[] => [
  ...new Map([...targets, ...selections].map(({ kind }) => [kindId(kind), kind])).values(),
]

/**
 * Indexer of Rollouts by what their routers need: each object by its address, every one of a kind in a namespace where objects are found by what
 * they say, and the kinds as such.
 */
export const routesNamed = (rollout: Rollout): readonly string[] =>
  routersOf(rollout, []).flatMap(({ router }) => {
    if ('problem' in router) return []
    const found = (router.selections ?? []).map(({ kind, namespace }) => anyOf(kind, namespace))
    return [
      ...[...router.targets, ...(router.witnesses ?? [])].map(addressOf),
      ...found,
      ...kindsOf(router).map(kindId),
    ]
  })

export function openRoutes(
  informers: Pick<Informers, 'for'>,
  rollouts: ObjectCache<Rollout>,
  { routers, stores = [] }: RouteOptions,
): RouteCaches {
  const opened = new Map<string, ObjectCache<KubeObject>>()
  const outside = openOutside(stores)
  const listeners = new Set<(addresses: readonly string[]) => void>()
  const askedSince = new Map<string, number>()
  const enabled = routers && new Set<string>(routers)

  const tell = (...addresses: readonly string[]): void => {
    for (const listener of listeners) listener(addresses)
  }
  const driven = (rollout: Rollout, replicaSets: readonly ReplicaSet[]) => routersOf(rollout, replicaSets, enabled)
  const needed = (rollout: Rollout): readonly Router[] =>
    driven(rollout, []).flatMap(({ router }) => ('problem' in router ? [] : [router]))

  function open(kind: ResourceKind): void {
    const id = kindId(kind)
    if (opened.has(id)) return
    const cache = informers.for<KubeObject>(kind, { onDemand: true, ...wishes.get(id) })
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
  rollouts.subscribe(({ type, object }) => take(object, type === 'deleted'))

  /** What has not been read at all yet, by address or kind. */
  const unread = (router: Router): readonly string[] => [
    ...kindsOf(router)
      .filter((kind) => !isOutside(kind) && (opened.get(kindId(kind))?.state() ?? 'filling') === 'filling')
      .map(kindId),
    ...router.targets.filter((ref) => isOutside(ref.kind) && !outside.read(ref).known).map(addressOf),
  ]

  function unknownOf(id: string, router: Router): readonly string[] {
    const kinds = kindsOf(router).filter((kind) => !isOutside(kind))
    const states = kinds.map((kind) => ({ kind, state: opened.get(kindId(kind))?.state() ?? 'filling' }))
    const isOneFilled = states.some(({ state }) => state === 'filled')
    const unknown = states
      .filter(({ kind, state }) => !(state === 'notServed' && isOneFilled && optionalKinds.has(kindId(kind))))
      .flatMap(({ kind, state }) => describeState(id, kind, state) ?? [])
    const beyond = router.targets.filter(({ kind }) => isOutside(kind)).map((ref) => [ref, outside.read(ref)] as const)
    return [
      ...unknown,
      ...beyond.flatMap(([ref, reading]) => (reading.known ? [] : [`${describeRef(ref)} is unknown: ${reading.why}`])),
    ]
  }

  function readTarget(ref: ObjectRef): KubeObject | undefined {
    if (!isOutside(ref.kind)) return opened.get(kindId(ref.kind))?.get(ref.namespace, ref.name)
    const reading = outside.read(ref)
    return reading.known ? reading.object : undefined
  }

  function readWitness(ref: ObjectRef): KubeObject | undefined {
    const reading = outside.read(ref)
    return reading.known ? reading.object : unknownObject(ref, reading.why)
  }

  return {
    routersOf: driven,
    read(id, router) {
      const unknown = unknownOf(id, router)
      if (unknown.length > 0) return { unknown: unknown.join('; ') }
      const found: Record<string, KubeObject | undefined> = {}
      for (const ref of router.targets) found[refKey(ref)] = readTarget(ref)
      for (const ref of router.witnesses ?? []) if (outside.holds(ref.kind)) found[refKey(ref)] = readWitness(ref)
      for (const { kind, namespace, selects } of router.selections ?? []) {
        const candidates = opened.get(kindId(kind))?.list(namespace) ?? []
        const chosen = candidates.filter((candidate) => selects(candidate, found))
        for (const object of chosen) found[refKey(refOf(kind, object))] = object
      }
      return { objects: found }
    },
    isFilling(rollout, nowMs) {
      const missing = needed(rollout).flatMap(unread)
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
      return marked.flatMap(({ kind, release }) =>
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

const unknownObject = (ref: ObjectRef, unknown: string): KubeObject & { readonly unknown: string } => ({
  metadata: { name: ref.name },
  unknown,
})

/** Undefined when the cache holds what there is. */
function describeState(id: string, kind: ResourceKind, state: CacheState): string | undefined {
  const name = kindId(kind)
  switch (state) {
    case 'filled':
      return undefined
    case 'notServed': {
      const versions = (kind.versions ?? [kind.version]).join(' or ')
      return `the cluster serves no ${kind.kind}: install the CustomResourceDefinition "${name}" in version ${versions}`
    }
    case 'forbidden':
      return `the controller may not list ${name}: grant it, in the chart by naming "${id}" in the value routers`
    case 'failing':
      return `${name} cannot be listed for now, the controller's log says why; nothing is changed until it can be`
    case 'filling':
      return `${name} has not been listed yet`
  }
}
