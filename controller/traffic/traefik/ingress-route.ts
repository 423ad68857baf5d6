/**
 * IngressRoutes that send to the weighted TraefikService: which managed routes they carry, and the changes that bring them to what is wanted. Routes
 * that are on record in the ledger are ours; all others are the user's and stay as they are.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { ManagedRoute, PresentRoute } from '../../api/traffic.ts'
import { covers } from '../codec/covers.ts'
import { type RecordedRoute, readLedger, renderLedger } from '../codec/ledger.ts'
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
  readonly recorded: readonly RecordedRoute<Route>[]
  readonly routes: readonly Route[]
  /** Ours, by their rule. */
  readonly own: ReadonlySet<Route>
  readonly bases: readonly Route[]
  render(managed: ManagedRoute): readonly Route[]
}

function examine(object: IngressRoute, weighted: Weighted, context: RouterContext): Layout {
  const recorded = readLedger<Route>(object, context).routes
  const rules = new Set(recorded.flatMap(({ rules: written }) => written.map(({ match }) => match)))
  const routes = routesOf(object)
  const own = new Set(routes.filter(({ match }) => match !== undefined && rules.has(match)))
  const bases = routes.filter((route) => !own.has(route) && isBase(route, weighted.name, context))
  const { canary, syntax } = weighted
  const render = (managed: ManagedRoute) =>
    canary ? renderRules(managed, bases, canary, (base) => syntaxOf(base, syntax)) : []
  return { recorded, routes, own, bases, render }
}

/** Matchers that only v2 knows tell its language, too. */
function syntaxOf({ syntax, match = '' }: Route, otherwise: Syntax): Syntax {
  if (syntax === 'v2' || syntax === 'v3') return syntax
  return /\b(Headers|HeadersRegexp|HostHeader)\(/.test(match) ? 'v2' : otherwise
}

const isThere = ({ own }: Layout, rule: Route): boolean => [...own].some((route) => covers(route, rule))

export function readPresent(object: IngressRoute, weighted: Weighted, context: RouterContext): readonly PresentRoute[] {
  const layout = examine(object, weighted, context)
  return layout.recorded.map(({ route, rules }) => {
    const asRendered = JSON.stringify(rules) === JSON.stringify(layout.render(route))
    return { route, intact: asRendered && rules.every((rule) => isThere(layout, rule)) }
  })
}

/** None when the object says so already. Ours stand in front; their priority decides, not their place. */
export function renderPresent(
  object: IngressRoute,
  wanted: readonly ManagedRoute[],
  weighted: Weighted,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const layout = examine(object, weighted, context)
  const recorded = layout.bases.length > 0 ? wanted.map((route) => ({ route, rules: layout.render(route) })) : []
  const rules = recorded.flatMap(({ rules: rendered }) => rendered)
  const same = layout.own.size === rules.length && rules.every((rule) => isThere(layout, rule))
  const theirs = layout.routes.filter((route) => !layout.own.has(route))
  return [
    ...(same ? [] : [{ op: 'replace', path: '/spec/routes', value: [...rules, ...theirs] } as const]),
    ...renderLedger(object, context, { routes: recorded, backends: [] }),
  ]
}

/** A managed route that none of the routes here can be narrowed by. */
export const findUnwritten = (object: IngressRoute, context: RouterContext): string | undefined =>
  readLedger<Route>(object, context).routes.find(({ rules }) => rules.length === 0)?.route.name
