/**
 * Managed routes as http routes: each is a copy of a weighted route, its timeouts, rewrites and all, that fits only some of its requests. A header
 * route sends them to the canary alone, a mirror route shares them as the weighted route does and copies them to the canary.
 *
 *   several matches in a header or mirror route   a request has to fit one of them, as in Argo
 *   a match beside one of the weighted route's    a request has to fit both; where that cannot be told, none does
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { headerTerms } from '../codec/header-terms.ts'
import type { HttpMatch, HttpRoute, StringMatch } from './objects.ts'

/** A weighted route with the place of its canary. */
export interface Base {
  readonly route: HttpRoute
  readonly canary: number
}

/** One per base that it can narrow, all under the managed route's name. */
export function renderManaged(managed: ManagedRoute, bases: readonly Base[]): readonly HttpRoute[] {
  const wanted = wantedMatches(managed)
  return bases.flatMap(({ route, canary }): HttpRoute[] => {
    const match = narrow(route.match ?? [], wanted)
    const target = route.route?.[canary]
    if (!match || !target || (managed.kind === 'mirror' && isMirrored(route))) return []
    const { name: _name, match: _match, ...rest } = route
    const named = { name: managed.name, ...(match.length > 0 ? { match } : {}), ...rest }
    if (managed.kind !== 'mirror') return [{ ...named, route: [{ ...target, weight: 100 }] }]
    return [{ ...named, mirror: target.destination, mirrorPercentage: { value: managed.percentage } }]
  })
}

/** A route has one mirror of its own at most, and it is not ours. */
const isMirrored = ({ mirror, mirrors }: HttpRoute): boolean => mirror !== undefined || mirrors !== undefined

function wantedMatches(managed: ManagedRoute): readonly HttpMatch[] {
  switch (managed.kind) {
    case 'header':
      return managed.match.map(({ headerName, headerValue }) => ({ headers: header(headerName, headerValue ?? {}) }))
    case 'color':
      return managed.match.flatMap((match) => fromTerms(headerTerms(match)))
    case 'mirror':
      return managed.match.map(({ method, path, headers }) => ({
        ...(method ? { method: comparison(method) } : {}),
        ...(path ? { uri: comparison(path) } : {}),
        ...(headers
          ? {
              headers: Object.assign(
                {},
                ...Object.entries(headers)
                  .sort(byName)
                  .map(([name, value]) => header(name, value)),
              ),
            }
          : {}),
      }))
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** A header can be compared once in a match. */
function fromTerms(terms: ReturnType<typeof headerTerms>): readonly HttpMatch[] {
  const names = new Set(terms?.map(({ name }) => name.toLowerCase()))
  if (!terms || names.size < terms.length) return []
  return [{ headers: Object.assign({}, ...terms.map(({ name, kind, value }) => header(name, { [kind]: value }))) }]
}

/** Istio wants the names of headers in lower case. */
const header = (name: string, value: Parameters<typeof comparison>[0]): Record<string, StringMatch> => ({
  [name.toLowerCase()]: comparison(value),
})

const comparison = ({
  exact,
  prefix,
  regex,
}: {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}): StringMatch => (exact ? { exact } : prefix ? { prefix } : { regex: regex ?? '' })

const ANYTHING: HttpMatch = {}

/** Requests that fit one of both lists; empty: every request. Undefined: there are none that can be told. */
function narrow(base: readonly HttpMatch[], wanted: readonly HttpMatch[]): HttpMatch[] | undefined {
  const pairs = (base.length > 0 ? base : [ANYTHING]).flatMap((one) => wanted.map((match) => both(one, match)))
  const narrowed = pairs.filter((match) => match !== undefined)
  if (narrowed.length === 0) return undefined
  return narrowed.some((match) => Object.keys(match).length === 0) ? [] : narrowed
}

function both(base: HttpMatch, wanted: HttpMatch): HttpMatch | undefined {
  const headers = bothHeaders(base.headers ?? {}, wanted.headers ?? {})
  const method = bothComparisons(base.method, wanted.method, isSame)
  const uri = bothComparisons(base.uri, wanted.uri, isNarrower)
  if (!headers || method === null || uri === null) return undefined
  return {
    ...base,
    ...(method ? { method } : {}),
    ...(uri ? { uri } : {}),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  }
}

type Headers = Readonly<Record<string, StringMatch>>

function bothHeaders(base: Headers, wanted: Headers): Headers | undefined {
  const clashes = Object.entries(wanted).some(([name, value]) => base[name] !== undefined && !isSame(value, base[name]))
  return clashes ? undefined : { ...base, ...wanted }
}

/** Null: nothing fits both, as far as can be told. */
function bothComparisons(
  base: StringMatch | undefined,
  wanted: StringMatch | undefined,
  fitsIn: (inner: StringMatch, outer: StringMatch) => boolean,
): StringMatch | undefined | null {
  if (!base || !wanted) return wanted ?? base
  if (fitsIn(wanted, base)) return wanted
  return fitsIn(base, wanted) ? base : null
}

const isSame = (a: StringMatch, b: StringMatch): boolean =>
  a.exact === b.exact && a.prefix === b.prefix && a.regex === b.regex

/** Whatever fits `inner` fits `outer`. */
function isNarrower(inner: StringMatch, outer: StringMatch): boolean {
  const start = inner.exact ?? inner.prefix
  return isSame(inner, outer) || (start !== undefined && outer.prefix !== undefined && start.startsWith(outer.prefix))
}
