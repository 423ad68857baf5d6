/**
 * Managed routes as objects of their own, made for a Rollout beside those of the user: read as the routes that they stand for, made, mended and
 * deleted. What a route looks like is the router's business; whose an object is, its owner tells. One that cannot be written is on record at the
 * user's object, its home, so that it is told and not tried for ever.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { ManagedRoute, PresentRoute } from '../../api/traffic.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { type JsonPatchOperation, type RouterContext, type RouterWrite, refKey } from '../router.ts'
import { covers } from './covers.ts'
import { readLedger, renderLedger } from './ledger.ts'
import { createOf, isOwned } from './owned.ts'
import { patchOf } from './patch.ts'

/** One object as it should be. */
export interface RouteObject {
  readonly ref: ObjectRef
  readonly spec: unknown
  readonly apiVersion?: string | undefined
}

/** One object as it is. */
export interface FoundObject {
  readonly ref: ObjectRef
  readonly object: KubeObject & { readonly spec?: unknown }
}

/** What a managed route has to look like now; none when it cannot be written. */
export type RouteRenderer = (route: ManagedRoute) => readonly RouteObject[]

const recordOf = (object: KubeObject, context: RouterContext): ManagedRoute | undefined =>
  readLedger(object, context).routes[0]?.route

/** In the order of `managedRoutes`. One without a record was left behind by Argo, under the route's name. */
export function readOwnedRoutes(
  found: readonly FoundObject[],
  home: KubeObject | undefined,
  context: RouterContext,
  render: RouteRenderer,
): readonly PresentRoute[] {
  const groups = new Map<string, { readonly route: ManagedRoute; readonly objects: FoundObject[] }>()
  for (const one of found.filter(({ object }) => isOwned(object, context))) {
    const { name } = one.object.metadata
    const route = recordOf(one.object, context) ?? { kind: 'header', name, match: [] }
    const key = JSON.stringify(route)
    const group = groups.get(key) ?? { route, objects: [] }
    group.objects.push(one)
    groups.set(key, group)
  }
  for (const { route } of unwritten(home, context)) groups.set(JSON.stringify(route), { route, objects: [] })
  const place = ({ name }: ManagedRoute): number => context.managedRouteNames.indexOf(name)
  return [...groups]
    .sort(([a, { route: one }], [b, { route: other }]) => place(one) - place(other) || (a < b ? -1 : 1))
    .map(([, { route, objects }]) => ({ route, intact: isIntact(objects, render(route)) }))
}

const unwritten = (home: KubeObject | undefined, context: RouterContext) =>
  home ? readLedger(home, context).routes : []

/** The name of a managed route that the user's objects cannot be narrowed by. */
export const findUnwritten = (home: KubeObject | undefined, context: RouterContext): string | undefined =>
  unwritten(home, context)[0]?.route.name

/** The record at the user's object: part of the one patch that it gets. */
export const renderHome = (
  home: KubeObject,
  routes: readonly ManagedRoute[],
  context: RouterContext,
  render: RouteRenderer,
): readonly JsonPatchOperation[] =>
  renderLedger(home, context, {
    routes: routes.filter((route) => render(route).length === 0).map((route) => ({ route, rules: [] })),
    backends: [],
  })

function isIntact(objects: readonly FoundObject[], wanted: readonly RouteObject[]): boolean {
  const specs = new Map(objects.map(({ ref, object }) => [refKey(ref), object.spec]))
  return specs.size === wanted.length && wanted.every(({ ref, spec }) => covers(specs.get(refKey(ref)), spec))
}

/** What others own is never written, whatever its name. */
export function renderOwnedRoutes(
  found: readonly FoundObject[],
  routes: readonly ManagedRoute[],
  context: RouterContext,
  render: RouteRenderer,
): readonly RouterWrite[] {
  const wanted = routes.flatMap((route) => render(route).map((made) => ({ ...made, route })))
  const byKey = new Map(found.map((one) => [refKey(one.ref), one]))
  const kept = new Set(wanted.map(({ ref }) => refKey(ref)))
  const surplus = found.filter(({ ref, object }) => !kept.has(refKey(ref)) && isOwned(object, context))
  return [
    ...wanted.flatMap((made) => writeOne(made, byKey.get(refKey(made.ref)), context)),
    ...surplus.map(({ ref, object }) => ({ do: 'delete', ref, object }) as const),
  ]
}

function writeOne(
  { ref, spec, apiVersion, route }: RouteObject & { readonly route: ManagedRoute },
  found: FoundObject | undefined,
  context: RouterContext,
): RouterWrite[] {
  const entry = { routes: [{ route, rules: [] }], backends: [] }
  if (!found) {
    const bare: KubeObject = { metadata: { name: ref.name } }
    const annotations = renderLedger(bare, context, entry).flatMap((operation) =>
      'value' in operation ? [operation.value as Readonly<Record<string, string>>] : [],
    )[0]
    return [createOf(ref, context, { spec, apiVersion, ...(annotations ? { annotations } : {}) })]
  }
  if (!isOwned(found.object, context)) return []
  return patchOf(ref, found.object, [
    ...(covers(found.object.spec, spec) ? [] : [{ op: 'add', path: '/spec', value: spec } as const]),
    ...renderLedger(found.object, context, entry),
  ])
}
