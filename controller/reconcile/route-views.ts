/**
 * What is said of a router: its objects, once everything that it needs has been read, and otherwise a sentence. What has not been read is never taken
 * for absent.
 *
 *   state of a kind's cache    | what is said of a router that needs it
 *   filled                     | its objects
 *   filling, failing           | not known yet
 *   notServed                  | the CustomResourceDefinition to install; nothing if it is optional and another kind of the router is filled
 *   forbidden                  | the right to grant
 */
import type { KubeObject } from '../api/meta.ts'
import type { CacheState, ObjectCache } from '../kube/cache.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import { describeRef, kindId, refOf } from '../kube/kinds.ts'
import { isOutside } from '../traffic/outside.ts'
import { type Router, type RouterObjects, refKey } from '../traffic/router.ts'
import type { OutsideObjects } from './outside-objects.ts'
import { addressOf, kindsOf, optionalKinds } from './route-kinds.ts'

/** The objects of a router, or why they are not known. */
export type RouterView = { readonly objects: RouterObjects } | { readonly unknown: string }

export interface RouteViews {
  read(id: string, router: Router): RouterView
  /** What has not been read at all yet, by address or kind. */
  unread(router: Router): readonly string[]
}

/** @param opened the caches of kinds, by their ids, as they are opened */
export function createRouteViews(
  opened: ReadonlyMap<string, ObjectCache<KubeObject>>,
  outside: Pick<OutsideObjects, 'read' | 'holds'>,
): RouteViews {
  const stateOf = (kind: ResourceKind): CacheState => opened.get(kindId(kind))?.state() ?? 'filling'

  function unknownOf(id: string, router: Router): readonly string[] {
    const kinds = kindsOf(router).filter((kind) => !isOutside(kind))
    const states = kinds.map((kind) => ({ kind, state: stateOf(kind) }))
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
    unread: (router) => [
      ...kindsOf(router)
        .filter((kind) => !isOutside(kind) && stateOf(kind) === 'filling')
        .map(kindId),
      ...router.targets.filter((ref) => isOutside(ref.kind) && !outside.read(ref).known).map(addressOf),
    ],
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
