/**
 * An HTTPProxy taken apart: the places that carry weights, the user's routes that managed ones are made from, and ours.
 *
 *   a list of services, without its mirrors                    is
 *   each of the two once, and nobody else with a weight        a place: the two weights are the Rollout's, and sum up
 *   each of the two once, and others with weights              shared: the two have no share that could be told, and are only taken back
 *   one of the two more than once, beside the other            doubled: nobody's
 *   anything else                                              the user's
 */
import { examineList, type RouteList, theirs } from '../codec/route-list.ts'
import { findPair, type Role, type WeightedPair } from '../codec/weighted-pair.ts'
import type { RouterContext } from '../router.ts'
import type { HttpProxy, ProxyRoute, ProxyService } from './objects.ts'
import type { WeightedRoute } from './rules.ts'

export interface Place extends WeightedPair {
  /** The Service that has a weight beside the two. */
  readonly sharedWith?: string
}

export interface Layout {
  readonly proxy: HttpProxy
  readonly list: RouteList<ProxyRoute>
  readonly places: readonly Place[]
  readonly bases: readonly WeightedRoute[]
  /** Where one of the two is named more than once. */
  readonly doubled: readonly string[]
}

export function examine(proxy: HttpProxy, context: RouterContext): Layout {
  const list = examineList<ProxyRoute>(proxy, proxy.spec?.routes, ({ conditions = [] }) => conditions, context)
  const lists = [
    ...list.entries.map(({ services }, at) => ({ path: ['spec', 'routes', at, 'services'], services })),
    { path: ['spec', 'tcpproxy', 'services'], services: proxy.spec?.tcpproxy?.services },
  ]
  return {
    proxy,
    list,
    places: lists.flatMap(({ path, services }) => placeOf(path, services, context) ?? []),
    bases: theirs(list).flatMap((route) => {
      const place = placeOf([], route.services, context)
      return place && place.sharedWith === undefined ? [{ route, stable: place.stable, canary: place.canary }] : []
    }),
    doubled: lists.flatMap(({ path, services }) => (isDoubled(services, context) ? [wordsOf(path)] : [])),
  }
}

/** Undefined unless the list names both, once each. */
export function placeOf(
  path: readonly (string | number)[],
  services: unknown,
  context: RouterContext,
): Place | undefined {
  if (!Array.isArray(services) || !services.every((one) => typeof one === 'object' && one !== null)) return undefined
  const pair = findPair<ProxyService>(path, services, (service) => roleOf(service, context))
  const other = services.find((service) => weighs(service) && roleOf(service, context) === undefined)
  return pair && (other ? { ...pair, sharedWith: String(other.name) } : pair)
}

function roleOf({ name, mirror }: ProxyService, { stableService, canaryService }: RouterContext): Role {
  if (mirror === true) return undefined
  if (name === stableService) return 'stable'
  return name === canaryService ? 'canary' : undefined
}

const weighs = ({ mirror, weight }: ProxyService): boolean =>
  mirror !== true && typeof weight === 'number' && weight > 0

function isDoubled(services: unknown, context: RouterContext): boolean {
  const all: readonly (ProxyService | null)[] = Array.isArray(services) ? services : []
  const roles = all.flatMap((one) => (one ? (roleOf(one, context) ?? []) : []))
  return roles.includes('stable') && roles.includes('canary') && roles.length > 2
}

/** `spec.routes[0].services`. */
export const wordsOf = (path: Place['path']): string =>
  path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('')
