/**
 * APISIX: carries a rollout's traffic in the backends of an ApisixRoute, and each managed route in an ApisixRoute of its own, which it makes and
 * deletes. Of the user's it owns the weights of the two Services in the rules that are named, and not one byte more.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { ManagedRoute, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { apisixRoutes } from '../kube/kinds.ts'
import type { ApisixRoute, Backend, HttpRule } from './apisix/objects.ts'
import { renderRules, type WeightedRule } from './apisix/rules.ts'
import { missing } from './codec/missing.ts'
import { isOwned, notOwned } from './codec/owned.ts'
import {
  type FoundObject,
  findUnwritten,
  type RouteObject,
  type RouteRenderer,
  readOwnedRoutes,
  renderHome,
  renderOwnedRoutes,
} from './codec/owned-routes.ts'
import { patchOf } from './codec/patch.ts'
import { findPair, readPairs, renderPair, type WeightedPair } from './codec/weighted-pair.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

const names = z.array(z.string().min(1)).min(1, 'names no rule: leave it out for the rule that is named like the route')
const schema = z.looseObject({ route: z.looseObject({ name: z.string().min(1), rules: names.nullish() }) })

interface Config {
  readonly route: { readonly name: string; readonly rules?: readonly string[] | null | undefined }
}

export const apisix = defineRouter<Config>({
  id: 'apisix',
  capabilities: routerCapabilities.apisix,
  watches: [{ kind: apisixRoutes, verbs: ['create', 'patch', 'delete'] }],
  schema,
  create,
})

function create({ route: { name, rules } }: Config, context: RouterContext): Router {
  const { namespace, managedRouteNames } = context
  const ref = refTo(name, context)
  const ruleNames = rules ?? [name]
  const layoutOf = (objects: RouterObjects): Layout | undefined => {
    const route: ApisixRoute | undefined = objects[refKey(ref)]
    return route && examine(route, ruleNames, context)
  }
  return {
    targets: [ref],
    selections: [
      {
        kind: apisixRoutes,
        namespace,
        selects: (candidate) => isOwned(candidate, context) || managedRouteNames.includes(candidate.metadata.name),
      },
    ],
    read(objects) {
      const layout = layoutOf(objects)
      const beside = besides(objects, ref, context)
      const managedRoutes = readOwnedRoutes(beside, layout?.route, context, rendererOf(layout, context))
      if (!layout) return { ...missing(labelOf(ref), 'trafficRouting.apisix.route.name'), ...left(managedRoutes) }
      const foreign = beside.find(({ object }) => !isOwned(object, context))
      return {
        programmedCanary: readPairs(layout.pairs, context.maxWeight),
        managedRoutes,
        confirmation: 'unknown',
        drivable: layout.pairs.length > 0 || managedRoutes.length > 0,
        ...problemOf(layout, foreign, ref, context),
      }
    },
    render(intent, objects) {
      const layout = layoutOf(objects)
      const render = rendererOf(layout, context)
      const changes = layout
        ? [
            ...layout.pairs.flatMap((pair) => renderPair(pair, intent)),
            ...renderHome(layout.route, intent.managedRoutes, context, render),
          ]
        : []
      const routes = layout ? intent.managedRoutes : []
      return [
        ...(layout ? patchOf(ref, layout.route, changes) : []),
        ...renderOwnedRoutes(besides(objects, ref, context), routes, context, render),
      ]
    },
  }
}

const refTo = (name: string, { namespace }: RouterContext): ObjectRef => ({ kind: apisixRoutes, namespace, name })
const labelOf = ({ namespace, name }: ObjectRef): string => `ApisixRoute "${namespace}/${name}"`

/** What we added stays ours to remove though the user's route is gone. */
const left = (managedRoutes: NonNullable<TrafficReading['managedRoutes']>): Partial<TrafficReading> =>
  managedRoutes.length > 0 ? { managedRoutes, drivable: true, isGone: false } : {}

/** All ApisixRoutes that were found but the user's own. */
function besides(objects: RouterObjects, ref: ObjectRef, context: RouterContext): readonly FoundObject[] {
  return Object.keys(objects)
    .sort()
    .flatMap((key) => {
      const object = objects[key]
      return object && key !== refKey(ref) ? [{ ref: refTo(object.metadata.name, context), object }] : []
    })
}

interface Layout {
  readonly route: ApisixRoute
  /** Of the rules that name both Services once each. */
  readonly pairs: readonly WeightedPair[]
  readonly bases: readonly WeightedRule[]
  /** Rules that are wanted and do not. */
  readonly unfit: readonly string[]
}

function examine(route: ApisixRoute, ruleNames: readonly string[], context: RouterContext): Layout {
  const http: readonly HttpRule[] = Array.isArray(route.spec?.http) ? route.spec.http : []
  const found = ruleNames.map((name) => {
    const at = http.findIndex((rule) => rule?.name === name)
    const pair = findPair<Backend>(['spec', 'http', at, 'backends'], http[at]?.backends, ({ serviceName }) => {
      if (serviceName === context.stableService) return 'stable'
      return serviceName === context.canaryService ? 'canary' : undefined
    })
    return { name, rule: http[at], pair }
  })
  return {
    route,
    pairs: found.flatMap(({ pair }) => pair ?? []),
    bases: found.flatMap(({ rule, pair }) => {
      const canary = pair && rule?.backends?.[pair.canary]
      return rule && canary ? [{ rule, canary }] : []
    }),
    unfit: found.flatMap(({ name, pair }) => (pair ? [] : [name])),
  }
}

const rendererOf =
  (layout: Layout | undefined, context: RouterContext): RouteRenderer =>
  (managed) =>
    renderRoute(managed, layout, context)

/** Under its own name, as in Argo; of the user's route it takes over what is said of the route as a whole, such as its class. */
function renderRoute(
  managed: ManagedRoute,
  layout: Layout | undefined,
  context: RouterContext,
): readonly RouteObject[] {
  const http = layout ? renderRules(managed, layout.bases) : []
  const { http: _http, stream: _stream, ...shared } = layout?.route.spec ?? {}
  if (!layout || http.length === 0) return []
  return [{ ref: refTo(managed.name, context), spec: { ...shared, http }, apiVersion: layout.route.apiVersion }]
}

function problemOf(
  { route, unfit }: Layout,
  foreign: FoundObject | undefined,
  ref: ObjectRef,
  context: RouterContext,
): Pick<TrafficReading, 'problem'> {
  const { stableService, canaryService } = context
  if (unfit.length > 0)
    return {
      problem: `${labelOf(ref)}: rule "${unfit[0]}" of spec.http has to name "${stableService}" and "${canaryService}" in its backends, once each`,
    }
  if (foreign) return { problem: notOwned(labelOf(foreign.ref), 'trafficRouting.managedRoutes') }
  const unwritten = findUnwritten(route, context)
  if (unwritten !== undefined)
    return { problem: `${labelOf(ref)}: managed route "${unwritten}" does not fit what its rules ask for already` }
  const refused = (route.status?.conditions ?? []).find(
    ({ status, observedGeneration }) => status === 'False' && observedGeneration === route.metadata.generation,
  )
  return refused ? { problem: `${labelOf(ref)} is refused by APISIX: ${refused.message ?? 'no reason given'}` } : {}
}
