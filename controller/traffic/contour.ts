/**
 * Contour: carries a rollout's traffic in HTTPProxies, by the configuration of the public plugin. It owns the weights of the two Services and the routes
 * that it added, and not one byte more. Contour's word that an HTTPProxy is valid confirms what is written in it.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficIntent, TrafficReading } from '../api/traffic.ts'
import { httpProxies } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import { renderLedger } from './codec/ledger.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import { arrangeList, findUnwrittenIn, readRouteList } from './codec/route-list.ts'
import { readPair, renderPair, withWeights } from './codec/weighted-pair.ts'
import { readAccepted } from './contour/accepted.ts'
import { examine, type Layout, type Place, placeOf, wordsOf } from './contour/layout.ts'
import type { HttpProxy } from './contour/objects.ts'
import { renderRules } from './contour/rules.ts'
import { defineRouter, type JsonPatchOperation, type Router, type RouterContext, refKey } from './router.ts'

const schema = z.looseObject({ httpProxies: z.array(z.string().min(1)).min(1, 'names no HTTPProxy') })

interface Config {
  readonly httpProxies: readonly string[]
}

export const contour = defineRouter<Config>({
  id: 'argoproj-labs/contour',
  capabilities: routerCapabilities['argoproj-labs/contour'],
  watches: [{ kind: httpProxies, verbs: ['patch'] }],
  schema,
  create,
})

function create({ httpProxies: names }: Config, context: RouterContext): Router {
  const targets = [...new Set(names)].map((name) => ({ kind: httpProxies, namespace: context.namespace, name }))
  return {
    targets,
    read: (objects) =>
      combine(
        targets.map((ref) => {
          const label = `HTTPProxy "${ref.namespace}/${ref.name}"`
          const proxy = objects[refKey(ref)]
          return proxy
            ? readProxy(label, examine(proxy, context), context)
            : missing(label, 'trafficRouting.plugins["argoproj-labs/contour"].httpProxies')
        }),
      ),
    render: (intent, objects) =>
      targets.flatMap((ref) => {
        const proxy: HttpProxy | undefined = objects[refKey(ref)]
        return proxy ? patchOf(ref, proxy, renderProxy(examine(proxy, context), intent, context)) : []
      }),
  }
}

function readProxy(label: string, layout: Layout, context: RouterContext): TrafficReading {
  const { list, bases, places, proxy } = layout
  const managedRoutes = readRouteList(
    list,
    renderRules(
      list.recorded.map(({ route }) => route),
      bases,
    ),
  )
  const accepted = readAccepted(label, proxy)
  const problem = problemOf(label, layout, context) ?? accepted.problem
  const [first, ...others] = places.map((place) => readPlace(place, context))
  return {
    programmedCanary: others.every((weight) => weight === first) ? first : undefined,
    // A proxy of connections knows no requests.
    ...(bases.length > 0 || managedRoutes.length > 0 ? { managedRoutes } : {}),
    confirmation: accepted.confirmation,
    drivable: places.length > 0 || managedRoutes.length > 0,
    ...(problem === undefined ? {} : { problem }),
  }
}

/** Of a share that others take part in, nothing can be told but that the canary has none. */
function readPlace(place: Place, { maxWeight }: RouterContext): number | undefined {
  if (place.sharedWith === undefined) return readPair(place, maxWeight)
  const { entries, stable, canary } = place
  return !entries[canary]?.weight && entries[stable]?.weight ? 0 : undefined
}

function problemOf(
  label: string,
  { list, places, doubled }: Layout,
  { stableService, canaryService, maxWeight }: RouterContext,
): string | undefined {
  const both = `"${stableService}" and "${canaryService}"`
  if (doubled[0] !== undefined) return `${label}: ${doubled[0]} has to name ${both} once each`
  if (places.length === 0) return `${label} has no route whose services name both ${both}: add both to one route`
  const shared = places.find(({ sharedWith }) => sharedWith !== undefined)
  if (shared)
    return `${label}: ${wordsOf(shared.path)} gives weight to "${shared.sharedWith}" too: ${both} have to share all ${maxWeight}, give it a route of its own`
  const unwritten = findUnwrittenIn(list)
  return unwritten === undefined
    ? undefined
    : `${label}: managed route "${unwritten}" cannot be written: its match asks for what conditions on headers cannot say, or a route has a mirror already`
}

function renderProxy(
  { proxy, list, bases, places }: Layout,
  intent: TrafficIntent,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const routes = bases.length > 0 ? renderRules(intent.managedRoutes, bases) : []
  const arranged = arrangeList(list, routes)
  const weigh = (place: Place): JsonPatchOperation[] => {
    const weights = weightsFor(place, intent)
    return weights ? renderPair(place, weights) : []
  }
  const changes: readonly JsonPatchOperation[] =
    arranged === list.entries
      ? places.flatMap(weigh)
      : [
          { op: 'replace', path: '/spec/routes', value: arranged.map((route) => weighRoute(route, intent, context)) },
          ...places.filter(({ path }) => path.includes('tcpproxy')).flatMap(weigh),
        ]
  return [...changes, ...renderLedger(proxy, context, { routes, backends: [] })]
}

function weighRoute<Route extends { readonly services?: readonly object[] }>(
  route: Route,
  intent: TrafficIntent,
  context: RouterContext,
): Route {
  const place = placeOf([], route.services, context)
  const weights = place && weightsFor(place, intent)
  return weights ? { ...route, services: withWeights(route.services ?? [], place, weights) } : route
}

/** What others share is only taken back from the canary; stable gets it where it has nothing. */
function weightsFor(
  { sharedWith, entries, stable }: Place,
  intent: TrafficIntent,
): Pick<TrafficIntent, 'stable' | 'canary'> | undefined {
  if (sharedWith === undefined) return intent
  const kept = entries[stable]?.weight
  return intent.canary > 0
    ? undefined
    : { canary: 0, stable: typeof kept === 'number' && kept > 0 ? kept : intent.stable }
}
