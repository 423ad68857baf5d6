/**
 * Managed routes in a ServiceRouter: each is a copy of a route that reaches the service, narrowed by what its requests bear, directly in front of it,
 * and sends to the canary subset alone. What the user's routes send elsewhere stays where it goes. Which routes are ours is on record in the ledger.
 */
import type { ManagedRoute, PresentRoute } from '../../api/traffic.ts'
import { covers } from '../codec/covers.ts'
import { type HeaderTerm, headerTerms } from '../codec/header-terms.ts'
import { readLedger, renderLedger } from '../codec/ledger.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { HeaderMatch, Route, ServiceRouter } from './objects.ts'
import type { SubsetNames } from './splitter.ts'

/** What Consul does with a request that fits no route. */
const OTHERWISE: Route = {}

const routesOf = ({ spec }: ServiceRouter): readonly Route[] =>
  Array.isArray(spec?.routes) ? spec.routes.filter((route) => typeof route === 'object' && route !== null) : []

/** Asks for nothing, and so takes whatever comes to it. */
const takesAll = ({ match }: Route): boolean => Object.keys(match?.http ?? {}).length === 0

/** It sends to the service, and leaves the choice of a subset to the splitter. */
function isBase({ destination }: Route, { serviceName }: SubsetNames): boolean {
  const { service, serviceSubset, namespace, partition } = destination ?? {}
  return (!service || service === serviceName) && !serviceSubset && !namespace && !partition
}

const isSame = (a: unknown, b: unknown): boolean => covers(a, b) && covers(b, a)

/** Consul's programs add zeros to a destination; where it leads to has to be the same. */
function holds(actual: readonly Route[], wanted: readonly Route[]): boolean {
  const leadsTo = ({ destination = {} }: Route): unknown =>
    (['service', 'serviceSubset', 'namespace', 'partition'] as const).map((field) => destination[field] || '')
  return covers(actual, wanted) && isSame(actual.map(leadsTo), wanted.map(leadsTo))
}

/** Without our own. */
function readUsers(object: ServiceRouter, names: SubsetNames, context: RouterContext): readonly Route[] {
  const recorded = readLedger<Route>(object, context).routes.flatMap(({ rules }) => rules)
  const isOurs = (route: Route): boolean =>
    route.destination?.serviceSubset === names.canarySubsetName &&
    recorded.some(({ match }) => isSame(match, route.match))
  return routesOf(object).filter((route) => !isOurs(route))
}

/** The list as it has to be. */
function arrange(users: readonly Route[], wanted: readonly ManagedRoute[], names: SubsetNames): readonly Route[] {
  const inFront = (base: Route): readonly Route[] =>
    isBase(base, names) ? wanted.flatMap((managed) => narrow(base, managed, names)) : []
  const behind = users.some(takesAll) ? [] : inFront(OTHERWISE)
  return [...users.flatMap((route) => [...inFront(route), route]), ...behind]
}

/** What stands on record for one managed route. */
function rulesOf(users: readonly Route[], managed: ManagedRoute, names: SubsetNames): readonly Route[] {
  const theirs = new Set(users)
  return arrange(users, [managed], names).filter((route) => !theirs.has(route))
}

function narrow(base: Route, managed: ManagedRoute, { canarySubsetName }: SubsetNames): readonly Route[] {
  const http = base.match?.http
  return alternatives(managed).map((header) => ({
    ...base,
    match: { ...base.match, http: { ...http, header: [...(http?.header ?? []), ...header] } },
    destination: { ...base.destination, serviceSubset: canarySubsetName },
  }))
}

/** Each is a list of headers that all have to fit; none when it asks for what Consul cannot say, which validation has refused before. */
function alternatives(managed: ManagedRoute): readonly (readonly HeaderMatch[])[] {
  if (managed.kind === 'mirror') return []
  if (managed.kind === 'color') {
    const all = managed.match.map((match) => headerTerms(match)?.map(toMatch))
    return all.every((terms) => terms !== undefined) ? all : []
  }
  return [
    managed.match.map(({ headerName, headerValue }) => {
      const { exact, prefix, regex } = headerValue ?? {}
      if (exact) return { name: headerName, exact }
      return prefix ? { name: headerName, prefix } : { name: headerName, regex: regex ?? '' }
    }),
  ]
}

const toMatch = ({ name, kind, value }: HeaderTerm): HeaderMatch => ({ name, [kind]: value })

export function readPresent(
  object: ServiceRouter,
  names: SubsetNames,
  context: RouterContext,
): readonly PresentRoute[] {
  const { routes: recorded } = readLedger<Route>(object, context)
  const users = readUsers(object, names, context)
  const wanted = recorded.map(({ route }) => route)
  const intact = holds(routesOf(object), arrange(users, wanted, names))
  return wanted.map((route) => ({ route, intact }))
}

/** None when the object says so already. */
export function renderPresent(
  object: ServiceRouter,
  wanted: readonly ManagedRoute[],
  names: SubsetNames,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const users = readUsers(object, names, context)
  const routes = arrange(users, wanted, names)
  const recorded = wanted.map((route) => ({ route, rules: rulesOf(users, route, names) }))
  return [
    ...(holds(routesOf(object), routes) ? [] : [placeRoutes(object, routes)]),
    ...renderLedger(object, context, { routes: recorded, backends: [] }),
  ]
}

const placeRoutes = ({ spec }: ServiceRouter, routes: readonly Route[]): JsonPatchOperation =>
  spec ? { op: 'add', path: '/spec/routes', value: routes } : { op: 'add', path: '/spec', value: { routes } }
