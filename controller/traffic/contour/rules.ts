/**
 * Managed routes as routes of an HTTPProxy: each is a copy of a weighted route with conditions on headers added. All conditions of a route have to
 * hold, so every alternative is a route. Of routes with one path Contour asks first the one with a condition on `:method`, then the one with more
 * conditions on headers: a copy goes before its original, and is filled up with conditions that always hold where it has to go before another copy.
 *
 *   wanted                        condition
 *   header, exact                 exact, or regex where the route asks for the header already: Contour takes one exact condition per header
 *   prefix, regex, cookie, id     regex ^(?:…)$
 *   method, path of a mirror      on the pseudo headers :method and :path
 *   everything, or method alone   :path is present
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { headerTerms } from '../codec/header-terms.ts'
import type { RecordedRoute } from '../codec/ledger.ts'
import { patternOf, wholeOf } from '../codec/patterns.ts'
import type { Condition, HeaderCondition, ProxyRoute, ProxyService } from './objects.ts'

/** A route that carries weights, with the places of the two Services in it. */
export interface WeightedRoute {
  readonly route: ProxyRoute
  readonly stable: number
  readonly canary: number
}

interface StringMatch {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}

/** One header that is asked for; without a match it only has to be there. */
interface Term {
  readonly name: string
  readonly match?: StringMatch
}
type Alternative = readonly Term[]

const PATH: Term = { name: ':path' }
const METHOD: Term = { name: ':method' }

/** In the given order, which is that of precedence. A route that one of `bases` cannot be narrowed by has no rules. */
export function renderRules(
  routes: readonly ManagedRoute[],
  bases: readonly WeightedRoute[],
): readonly RecordedRoute<ProxyRoute>[] {
  const behind: { readonly route: ManagedRoute; readonly alternatives: readonly Alternative[] }[] = []
  return routes
    .toReversed()
    .map((route) => {
      const rivals = behind.filter((other) => route.kind === 'mirror' || other.route.kind === 'mirror')
      const behindIt = rivals.flatMap((rival) => rival.alternatives)
      const alternatives = (alternativesOf(route) ?? []).map((terms) => lift(terms, behindIt))
      behind.push({ route, alternatives })
      return { route, rules: rulesOf(route, alternatives, bases) }
    })
    .reverse()
}

const isByMethod = (terms: Alternative): boolean => terms.some(({ name }) => name === METHOD.name)
const countOthers = (terms: Alternative): number => terms.filter(({ name }) => name !== METHOD.name).length

/** Above all of `others`, and above the original, which may have any conditions itself, by conditions that every request meets. */
function lift(terms: Alternative, others: readonly Alternative[]): Alternative {
  const floor = Math.max(0, ...others.map(countOthers))
  const filling = Array.from({ length: Math.max(0, floor + 1 - countOthers(terms)) }, () => PATH)
  const method = others.some(isByMethod) && !isByMethod(terms) ? [METHOD] : []
  return [...terms, ...method, ...filling]
}

/** Undefined when it asks for what headers cannot say; validation has refused that before. */
function alternativesOf(route: ManagedRoute): readonly Alternative[] | undefined {
  if (route.kind === 'header')
    return [route.match.map(({ headerName, headerValue = {} }) => ({ name: headerName, match: headerValue }))]
  if (route.kind === 'mirror') return route.match.map(mirrorTerms)
  const alternatives = route.match.flatMap((match): Alternative[] => {
    const terms = headerTerms(match)
    return terms ? [terms.map(({ name, kind, value }) => ({ name, match: { [kind]: value } }))] : []
  })
  return alternatives.length === route.match.length ? alternatives : undefined
}

type MirrorMatch = Extract<ManagedRoute, { kind: 'mirror' }>['match'][number]

const mirrorTerms = ({ method, path, headers = {} }: MirrorMatch): Alternative => [
  ...Object.entries(headers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, match]) => ({ name, match })),
  ...(method ? [{ ...METHOD, match: method }] : []),
  // Envoy's path has the query with it.
  ...(path ? [{ ...PATH, match: { regex: `(?:${patternOf(path)})(?:\\?.*)?` } }] : []),
]

function rulesOf(
  route: ManagedRoute,
  alternatives: readonly Alternative[],
  bases: readonly WeightedRoute[],
): readonly ProxyRoute[] {
  if (route.kind === 'mirror' && bases.some(({ route: base }) => base.services?.some(isMirror))) return []
  return bases.flatMap((base) =>
    alternatives.map((terms) => ({
      ...base.route,
      conditions: conditionsOf(base.route, terms),
      services: route.kind === 'mirror' ? mirrored(base, route.percentage) : canaryAlone(base),
    })),
  )
}

function conditionsOf({ conditions }: ProxyRoute, terms: Alternative): readonly Condition[] {
  const given: readonly Condition[] = Array.isArray(conditions) ? conditions : []
  const taken = new Set(given.map((condition) => String(condition?.header?.name).toLowerCase()))
  const added = terms.map(({ name, match }) => {
    const header = match ? compare(name, match, taken.has(name.toLowerCase())) : { name, present: true }
    taken.add(name.toLowerCase())
    return { header }
  })
  return [...given, ...added]
}

const compare = (name: string, match: StringMatch, isTaken: boolean): HeaderCondition =>
  match.exact && !isTaken ? { name, exact: match.exact } : { name, regex: wholeOf(match) }

const isMirror = ({ mirror }: ProxyService): boolean => mirror === true

const withoutWeight = ({ weight: _weight, ...service }: ProxyService): ProxyService => service

/** Mirrors of the user's own go on. */
const canaryAlone = ({ route: { services = [] }, canary }: WeightedRoute): readonly ProxyService[] => [
  withoutWeight(services[canary] ?? {}),
  ...services.filter(isMirror),
]

/** The weights of the two follow those of the original. To Contour a mirror of weight 0 is one of all. */
const mirrored = (
  { route: { services = [] }, stable, canary }: WeightedRoute,
  percentage: number,
): readonly ProxyService[] => [
  ...services.map((service, at) => (at === stable || at === canary ? withoutWeight(service) : service)),
  ...(percentage > 0 ? [{ ...withoutWeight(services[canary] ?? {}), mirror: true, weight: percentage }] : []),
]
