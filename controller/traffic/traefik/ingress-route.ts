/**
 * IngressRoutes that send to the weighted TraefikService: which managed routes they carry, and the changes that bring them to what is wanted. Routes
 * that are on record in the ledger are ours; all others are the user's and stay as they are.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { ManagedRoute, PresentRoute } from '../../api/traffic.ts'
import { type RecordedRoute, readLedger, renderLedger } from '../codec/ledger.ts'
import {
  arrangeList,
  examineList,
  findUnwrittenIn,
  type RouteList,
  readRouteList,
  theirs,
} from '../codec/route-list.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { IngressRoute, Route, ServiceRef } from './objects.ts'
import { renderRules, type Syntax } from './rules.ts'

export interface Weighted {
  /** The TraefikService's name. */
  readonly name: string
  /** What its canary entry says of the canary Service. */
  readonly canary: ServiceRef | undefined
  /** The language of rules, unless a route says otherwise. */
  readonly syntax: Syntax
}

/** It sends to the TraefikService, or still bears what we added to it. */
export function isConcerned(candidate: KubeObject, name: string, context: RouterContext): boolean {
  const routes = routesOf(candidate)
  return routes.some((route) => isBase(route, name, context)) || readLedger(candidate, context).routes.length > 0
}

function routesOf(object: IngressRoute): readonly Route[] {
  const { routes } = object.spec ?? {}
  return Array.isArray(routes) ? routes.filter((route) => typeof route === 'object' && route !== null) : []
}

/** One that sends to several has weights of its own, which are none of our business. */
function isBase({ match, services }: Route, name: string, { namespace }: RouterContext): boolean {
  const [only, ...others] = Array.isArray(services) ? services : []
  const isIt = only?.kind === 'TraefikService' && only.name === name && (only.namespace ?? namespace) === namespace
  return isIt && others.length === 0 && typeof match === 'string'
}

interface Layout {
  readonly list: RouteList<Route>
  readonly bases: readonly Route[]
  render(routes: readonly ManagedRoute[]): readonly RecordedRoute<Route>[]
}

function examine(object: IngressRoute, weighted: Weighted, context: RouterContext): Layout {
  const list = examineList<Route>(object, object.spec?.routes, ({ match }) => match, context)
  const bases = theirs(list).filter((route) => isBase(route, weighted.name, context))
  const { canary, syntax } = weighted
  const rulesOf = (managed: ManagedRoute) =>
    canary ? renderRules(managed, bases, canary, (base) => syntaxOf(base, syntax)) : []
  return { list, bases, render: (routes) => routes.map((route) => ({ route, rules: rulesOf(route) })) }
}

/** Matchers that only v2 knows tell its language, too. */
function syntaxOf({ syntax, match = '' }: Route, otherwise: Syntax): Syntax {
  if (syntax === 'v2' || syntax === 'v3') return syntax
  return /\b(Headers|HeadersRegexp|HostHeader)\(/.test(match) ? 'v2' : otherwise
}

export function readPresent(object: IngressRoute, weighted: Weighted, context: RouterContext): readonly PresentRoute[] {
  const { list, render } = examine(object, weighted, context)
  return readRouteList(list, render(list.recorded.map(({ route }) => route)))
}

/** None when the object says so already. Ours stand in front; their priority decides, not their place. */
export function renderPresent(
  object: IngressRoute,
  wanted: readonly ManagedRoute[],
  weighted: Weighted,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const { list, bases, render } = examine(object, weighted, context)
  const routes = bases.length > 0 ? render(wanted) : []
  const arranged = arrangeList(list, routes)
  return [
    ...(arranged === list.entries ? [] : [{ op: 'replace', path: '/spec/routes', value: arranged } as const]),
    ...renderLedger(object, context, { routes, backends: [] }),
  ]
}

/** A managed route that none of the routes here can be narrowed by. */
export const findUnwritten = (object: IngressRoute, context: RouterContext): string | undefined =>
  findUnwrittenIn({ recorded: readLedger<Route>(object, context).routes })
