/**
 * The kinds that routers drive, as data: how each is watched, which of them are optional, bear marks or pick pods, and by which addresses a Rollout
 * is found from an object of one. It opens and reads nothing.
 */
import { MANAGED_BY } from '../api/labels.ts'
import type { KubeObject } from '../api/meta.ts'
import { onceFrozen } from '../api/once-frozen.ts'
import type { Rollout } from '../api/rollout.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import type { InformerOptions } from '../kube/informers.ts'
import { kindId } from '../kube/kinds.ts'
import { routerRegistry } from '../traffic/registry.ts'
import type { Router } from '../traffic/router.ts'
import { routersOf } from './routers.ts'

export const BY_SERVICE = 'service'
export const BY_MARK = 'managedBy'

/** How each kind is watched, by its id: what routers say of one kind is the same (`test/contract/watched-kinds.test.ts`). */
export const watchWishes: ReadonlyMap<string, InformerOptions<KubeObject>> = new Map(
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
export const markedKinds = Object.values(routerRegistry)
  .flatMap(({ watches }) => watches)
  .flatMap(({ kind, release }) => (release ? [{ kind, release }] : []))
export const optionalKinds = new Set(
  Object.values(routerRegistry)
    .flatMap(({ watches }) => watches)
    .flatMap(({ kind, optional }) => (optional ? [kindId(kind)] : [])),
)
export const pickingKinds = [...watchWishes].filter(([, { indexers = {} }]) => BY_SERVICE in indexers).map(([id]) => id)

export const addressOf = ({ kind, namespace = '', name }: ObjectRef): string => `${kindId(kind)}/${namespace}/${name}`
export const anyOf = (kind: ResourceKind, namespace = ''): string => `${kindId(kind)}/${namespace}/*`

export const kindsOf = ({ targets, selections = [] }: Router): readonly ResourceKind[] => [
  ...new Map([...targets, ...selections].map(({ kind }) => [kindId(kind), kind])).values(),
]

/**
 * Indexer of Rollouts by what their routers need: each object by its address, every one of a kind in a namespace where objects are found by what
 * they say, and the kinds as such.
 */
export const routesNamed = onceFrozen((rollout: Rollout): readonly string[] =>
  routersOf(rollout, []).flatMap(({ router }) => {
    if ('problem' in router) return []
    const found = (router.selections ?? []).map(({ kind, namespace }) => anyOf(kind, namespace))
    return [
      ...[...router.targets, ...(router.witnesses ?? [])].map(addressOf),
      ...found,
      ...kindsOf(router).map(kindId),
    ]
  }),
)
