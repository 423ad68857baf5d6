/**
 * Traefik: carries a rollout's traffic in a weighted TraefikService, and its managed routes in the IngressRoutes that send to it. It owns the weights
 * of the two Services and the routes that it added, and not one byte more. Both of Traefik's API groups are spoken; where an object of that name
 * exists in both, both are kept alike.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import { ingressRoutes, oldIngressRoutes, oldTraefikServices, traefikServices } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import { findPair, readPair, renderPair, type WeightedPair } from './codec/weighted-pair.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'
import { findUnwritten, isConcerned, readPresent, renderPresent, type Weighted } from './traefik/ingress-route.ts'
import type { IngressRoute, ServiceRef, TraefikService } from './traefik/objects.ts'

const schema = z.looseObject({ weightedTraefikServiceName: z.string().min(1) })

interface Config {
  readonly weightedTraefikServiceName: string
}

/** The older group is of Traefik v2 and gone in v3, which has its own language of rules. */
const GROUPS = [
  { services: traefikServices, routes: ingressRoutes, syntax: 'v3' },
  { services: oldTraefikServices, routes: oldIngressRoutes, syntax: 'v2' },
] as const

export const traefik = defineRouter<Config>({
  id: 'traefik',
  capabilities: routerCapabilities.traefik,
  watches: GROUPS.flatMap(({ services, routes }) => [
    { kind: services, verbs: ['patch'] as const, optional: true as const },
    { kind: routes, verbs: ['patch'] as const, optional: true as const },
  ]),
  schema,
  create,
})

function create({ weightedTraefikServiceName: name }: Config, context: RouterContext): Router {
  const { namespace } = context
  const refIn = (kind: ResourceKind): ObjectRef => ({ kind, namespace, name })
  const sides = (objects: RouterObjects) => GROUPS.flatMap((group) => sideOf(group, name, objects, context))
  return {
    targets: GROUPS.map(({ services }) => refIn(services)),
    selections: GROUPS.map(({ services, routes }) => ({
      kind: routes,
      namespace,
      selects: (candidate, found) =>
        found[refKey(refIn(services))] !== undefined && isConcerned(candidate, name, context),
    })),
    read(objects) {
      const found = sides(objects)
      if (found.length === 0)
        return missing(labelOf(name, context), 'trafficRouting.traefik.weightedTraefikServiceName')
      return combine(found.map((side) => readSide(side, name, context)))
    },
    render: (intent, objects) =>
      sides(objects).flatMap(({ service, pair, weighted, kinds, routes }) => [
        ...(pair ? patchOf(refIn(kinds.services), service, renderPair(pair, intent)) : []),
        ...routes.flatMap((route) => {
          const ref = { kind: kinds.routes, namespace, name: route.metadata.name }
          return patchOf(ref, route, renderPresent(route, intent.managedRoutes, weighted, context))
        }),
      ]),
  }
}

/** What one API group holds. */
interface Side {
  readonly kinds: (typeof GROUPS)[number]
  readonly service: TraefikService
  /** Undefined when the TraefikService does not name both Services. */
  readonly pair: WeightedPair | undefined
  readonly weighted: Weighted
  readonly routes: readonly IngressRoute[]
}

function sideOf(kinds: Side['kinds'], name: string, objects: RouterObjects, context: RouterContext): readonly Side[] {
  const { namespace } = context
  const service: TraefikService | undefined = objects[refKey({ kind: kinds.services, namespace, name })]
  if (!service) return []
  const services = service.spec?.weighted?.services
  const pair = findPair<ServiceRef>(['spec', 'weighted', 'services'], services, (entry) => roleOf(entry, context))
  const prefix = refKey({ kind: kinds.routes, namespace, name: '' })
  const routes = Object.keys(objects)
    .filter((key) => key.startsWith(prefix))
    .sort()
    .flatMap((key): IngressRoute[] => (objects[key] ? [objects[key]] : []))
  const canary = pair && services?.[pair.canary]
  return [{ kinds, service, pair, weighted: { name, canary, syntax: kinds.syntax }, routes }]
}

function roleOf({ kind = 'Service', name, namespace }: ServiceRef, context: RouterContext) {
  if (kind !== 'Service' || (namespace ?? context.namespace) !== context.namespace) return undefined
  if (name === context.stableService) return 'stable'
  return name === context.canaryService ? 'canary' : undefined
}

const labelOf = (name: string, { namespace }: RouterContext): string => `TraefikService "${namespace}/${name}"`

function readSide({ pair, weighted, routes }: Side, name: string, context: RouterContext): TrafficReading {
  const label = labelOf(name, context)
  const { stableService, canaryService, namespace } = context
  const carried = {
    programmedCanary: pair && readPair(pair, context.maxWeight),
    confirmation: 'unknown',
    drivable: pair !== undefined || routes.some((route) => readPresent(route, weighted, context).length > 0),
    ...(pair
      ? {}
      : {
          problem: `${label}: spec.weighted.services has to name "${stableService}" and "${canaryService}", once each`,
        }),
  } as const
  const nowhere: TrafficReading = {
    ...carried,
    problem: `IngressRoute that sends to ${label} alone not found in namespace "${namespace}": managed routes need one`,
  }
  if (routes.length === 0) return context.managedRouteNames.length > 0 && pair ? nowhere : carried
  return combine([carried, ...routes.map((route) => ({ ...carried, ...readRoute(route, weighted, context) }))])
}

function readRoute(
  route: IngressRoute,
  weighted: Weighted,
  context: RouterContext,
): Pick<TrafficReading, 'managedRoutes' | 'problem'> {
  const unwritten = findUnwritten(route, context)
  const label = `IngressRoute "${context.namespace}/${route.metadata.name}"`
  return {
    managedRoutes: readPresent(route, weighted, context),
    ...(unwritten === undefined
      ? {}
      : { problem: `${label}: managed route "${unwritten}" cannot be written as a rule of Traefik` }),
  }
}
