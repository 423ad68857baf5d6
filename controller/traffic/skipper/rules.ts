/**
 * Managed routes as routes of a RouteGroup: each is a copy of a weighted route with predicates added, and sends to the canary alone. All predicates of
 * a route have to hold, so every alternative is a route. Of routes with one path Skipper asks first the one with the greatest weight, which is the
 * number of its predicates: for n backends it adds up to n - 1 to the original's, and so is the copy's `Weight`.
 *
 *   wanted                            predicate
 *   header, exact                     Header("n", "v")
 *   header, other; id in a header     HeaderRegexp("n", "^(?:…)$")
 *   cookie; id in a cookie            Cookie("n", "^(?:…)$")
 *   addresses                         ClientIP("a", "b")
 */
import type { ColorMatch } from '../../api/color-step.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import { idPattern, whole, wholeOf } from '../codec/patterns.ts'
import type { GroupRoute } from './objects.ts'

/** A route that carries weights. */
export interface WeightedRoute {
  readonly route: GroupRoute
  /** Name of the canary's backend. */
  readonly canary: string
  /** How many backends share it. */
  readonly backends: number
}

/** One route per alternative and route that it narrows; none when it asks for what predicates cannot say. */
export function renderRules(managed: ManagedRoute, bases: readonly WeightedRoute[]): readonly GroupRoute[] {
  const alternatives = alternativesOf(managed)
  return bases.flatMap(({ route, canary, backends }) =>
    alternatives.map((predicates) => ({
      ...route,
      predicates: [
        ...(Array.isArray(route.predicates) ? route.predicates : []),
        ...predicates,
        `Weight(${backends - 1})`,
      ],
      backends: [{ backendName: canary }],
    })),
  )
}

/** Validation has refused before what gives none here. */
function alternativesOf(managed: ManagedRoute): readonly (readonly string[])[] {
  if (managed.kind === 'mirror') return []
  if (managed.kind === 'header')
    return [managed.match.map(({ headerName, headerValue }) => headerPredicate(headerName, headerValue ?? {}))]
  const alternatives = managed.match.flatMap((match) => {
    const predicates = colorPredicates(match)
    return predicates ? [predicates] : []
  })
  return alternatives.length === managed.match.length ? alternatives : []
}

function colorPredicates({ headers = [], cookies = [], idRange, cidrs = [] }: ColorMatch): string[] | undefined {
  const id = idRange ? idPattern(idRange) : ''
  if (id === undefined) return undefined
  return [
    ...headers.map(({ name, value }) => headerPredicate(name, value)),
    ...cookies.map(({ name, value }) => predicate('Cookie', name, wholeOf(value))),
    ...(idRange?.header === undefined ? [] : [predicate('HeaderRegexp', idRange.header, whole(id))]),
    ...(idRange?.cookie === undefined ? [] : [predicate('Cookie', idRange.cookie, whole(id))]),
    ...(cidrs.length > 0 ? [predicate('ClientIP', ...cidrs)] : []),
  ]
}

interface StringMatch {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}

const headerPredicate = (name: string, match: StringMatch): string =>
  match.exact ? predicate('Header', name, match.exact) : predicate('HeaderRegexp', name, wholeOf(match))

/** Patterns as strings: between slashes a slash inside a class would be told by nobody. */
const predicate = (name: string, ...values: readonly string[]): string =>
  `${name}(${values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`).join(', ')})`
