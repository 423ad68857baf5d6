/**
 * One RouteGroup: the lists of backends that carry weights, the managed routes in front of its routes, and the changes that bring both to what is
 * wanted. A group without routes serves its default backends for every path; once it has any it serves only these, so that managed routes come with
 * a route for all the rest, which goes with them.
 */
import type { ManagedRoute, TrafficIntent, TrafficReading } from '../../api/traffic.ts'
import { type RecordedRoute, renderLedger } from '../codec/ledger.ts'
import {
  arrangeList,
  examineList,
  findUnwrittenIn,
  type RouteList,
  readRouteList,
  theirs,
} from '../codec/route-list.ts'
import { findPair, type Role, readPairs, renderPair, type WeightedPair, withWeights } from '../codec/weighted-pair.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { Backend, BackendReference, GroupRoute, RouteGroup } from './objects.ts'
import { renderRules, type WeightedRoute } from './rules.ts'

interface Layout {
  readonly list: RouteList<GroupRoute>
  /** Of the default backends and of routes, as far as they name both Services. */
  readonly pairs: readonly WeightedPair[]
  readonly bases: readonly WeightedRoute[]
  /** The user has no routes: the default backends get everything. */
  readonly isImplicit: boolean
}

/** What a route asks of a request. */
const askedBy = ({ path, pathSubtree, pathRegexp, methods, predicates }: GroupRoute) => ({
  path,
  pathSubtree,
  pathRegexp,
  methods,
  predicates,
})

const ALL_THE_REST: GroupRoute = {}

function examine(group: RouteGroup, context: RouterContext): Layout {
  const { backends, defaultBackends, routes } = group.spec ?? {}
  const list = examineList<GroupRoute>(group, routes, askedBy, context)
  const roleOf = roleIn(backends, context)
  const pairIn = (refs: unknown, ...path: readonly (string | number)[]) =>
    findPair<BackendReference>(['spec', ...path], refs, roleOf)
  const byDefault = pairIn(defaultBackends, 'defaultBackends')
  const own = theirs(list)
  const isImplicit = own.length === 0
  return {
    list,
    pairs: [
      ...(byDefault ? [byDefault] : []),
      ...list.entries.flatMap((route, at) => pairIn(route.backends, 'routes', at, 'backends') ?? []),
    ],
    bases: (isImplicit ? [ALL_THE_REST] : own).flatMap((route) => {
      const pair = route.backends?.length ? pairIn(route.backends) : byDefault
      const refs: readonly BackendReference[] = (route.backends?.length ? route.backends : defaultBackends) ?? []
      const canary = pair && refs[pair.canary]?.backendName
      return canary === undefined ? [] : [{ route, canary, backends: refs.length }]
    }),
    isImplicit,
  }
}

/** A reference plays the part of the Service that its backend sends to. */
function roleIn(backends: unknown, { stableService, canaryService }: RouterContext) {
  const all: readonly Backend[] = Array.isArray(backends) ? backends : []
  return ({ backendName }: BackendReference): Role => {
    const backend = all.find((one) => one?.name === backendName)
    if (!backend || (backend.type ?? 'service') !== 'service') return undefined
    if (backend.serviceName === stableService) return 'stable'
    return backend.serviceName === canaryService ? 'canary' : undefined
  }
}

function renderRoutes(
  { bases, isImplicit }: Layout,
  routes: readonly ManagedRoute[],
): readonly RecordedRoute<GroupRoute>[] {
  const rendered = routes.map((route) => ({ route, rules: renderRules(route, bases) }))
  const last = rendered.findLastIndex(({ rules }) => rules.length > 0)
  return rendered.map(({ route, rules }, at) => ({
    route,
    rules: isImplicit && at === last ? [...rules, ALL_THE_REST] : rules,
  }))
}

export function readGroup(label: string, group: RouteGroup, context: RouterContext): TrafficReading {
  const layout = examine(group, context)
  const { list, pairs, bases } = layout
  const managedRoutes = readRouteList(
    list,
    renderRoutes(
      layout,
      list.recorded.map(({ route }) => route),
    ),
  )
  const problem = problemOf(label, layout, context)
  return {
    programmedCanary: readPairs(pairs, context.maxWeight),
    ...(bases.length > 0 || managedRoutes.length > 0 ? { managedRoutes } : {}),
    confirmation: 'unknown',
    drivable: pairs.length > 0 || managedRoutes.length > 0,
    ...(problem === undefined ? {} : { problem }),
  }
}

function problemOf(label: string, { list, pairs }: Layout, context: RouterContext): string | undefined {
  const both = `"${context.stableService}" and "${context.canaryService}"`
  if (pairs.length === 0)
    return `${label}: spec.defaultBackends, or the backends of a route, have to name backends of the Services ${both}, once each`
  const unwritten = findUnwrittenIn(list)
  return unwritten === undefined
    ? undefined
    : `${label}: managed route "${unwritten}" cannot be written as predicates of a route`
}

/** Empty when the group says so already. */
export function renderGroup(
  group: RouteGroup,
  intent: TrafficIntent,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const layout = examine(group, context)
  const { list, pairs, bases } = layout
  const routes = bases.length > 0 ? renderRoutes(layout, intent.managedRoutes) : []
  const arranged = arrangeList(list, routes)
  const inPlace = arranged === list.entries ? pairs : pairs.filter(({ path }) => path.includes('defaultBackends'))
  return [
    ...(arranged === list.entries ? [] : [replaceRoutes(arranged, group, intent, context)]),
    ...inPlace.flatMap((pair) => renderPair(pair, intent)),
    ...renderLedger(group, context, { routes, backends: [] }),
  ]
}

/** A group has no empty list of routes. */
function replaceRoutes(
  routes: readonly GroupRoute[],
  { spec }: RouteGroup,
  intent: TrafficIntent,
  context: RouterContext,
): JsonPatchOperation {
  if (routes.length === 0) return { op: 'remove', path: '/spec/routes' }
  const roleOf = roleIn(spec?.backends, context)
  const value = routes.map((route) => {
    const pair = findPair<BackendReference>([], route.backends, roleOf)
    return pair ? { ...route, backends: withWeights(route.backends ?? [], pair, intent) } : route
  })
  return { op: 'add', path: '/spec/routes', value }
}
