/**
 * Managed routes as rules of a Gateway API route. Each is a copy of a weighted rule that only fits some of its requests: a header rule sends
 * them to the canary alone, a mirror rule shares them as the weighted rule does and copies them to the canary.
 *
 *   header value   exact            prefix                        regex
 *   written as     Exact            RegularExpression, quoted     RegularExpression
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { headerTerms } from '../codec/header-terms.ts'
import { quote } from '../codec/patterns.ts'
import type { BackendRef, HeaderMatch, RouteMatch, RouteRule } from './objects.ts'
import type { Slot } from './slots.ts'

/** A rule that carries weights, with the places of the two Services in it. */
export interface WeightedRule {
  readonly rule: RouteRule
  readonly slot: Slot
}

type StringMatch = {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}

export interface Bases {
  readonly bases: readonly WeightedRule[]
  /** Whether this kind of route can mirror what a manifest may match. */
  readonly mirrors: boolean
}

/** One rule per weighted rule that it can narrow. Mirror rules hold no weights for the two Services yet: they follow the weighted rule. */
export function renderRules(route: ManagedRoute, { bases, mirrors }: Bases): readonly RouteRule[] {
  if (route.kind === 'mirror' && !mirrors) return []
  return bases
    .flatMap((base) => {
      const matches = matchesFor(route, base.rule)
      if (matches.length === 0) return []
      return [route.kind === 'mirror' ? mirrorRule(base, matches, route.percentage) : headerRule(base, matches)]
    })
    .map((rule, at) => ({ ...nameOf(route.name, at), ...rule }))
}

/** Names of rules are optional and must look like host names; the first bears the plain name, as the public plugin gives them. */
function nameOf(name: string, at: number): { readonly name?: string } {
  const full = at === 0 ? name : `${name}-${at}`
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(full) && full.length <= 63 ? { name: full } : {}
}

export const isNamedAfter = (rule: RouteRule, names: readonly string[]): boolean =>
  rule.name !== undefined && (names.includes(rule.name) || names.includes(rule.name.replace(/-\d+$/, '')))

function headerRule({ rule, slot }: WeightedRule, matches: readonly RouteMatch[]): RouteRule {
  const { name: _name, ...rest } = rule
  return { ...rest, matches, backendRefs: [{ ...rule.backendRefs?.[slot.canary], weight: 1 }] }
}

function mirrorRule({ rule, slot }: WeightedRule, matches: readonly RouteMatch[], percentage: number): RouteRule {
  const { name: _name, ...rest } = rule
  const { weight: _weight, ...canary } = rule.backendRefs?.[slot.canary] ?? {}
  const backendRef = reference(canary)
  const mirror = {
    type: 'RequestMirror',
    requestMirror: { backendRef, ...(percentage === 100 ? {} : { percent: percentage }) },
  }
  const backendRefs = (rule.backendRefs ?? []).map(({ weight, ...ref }, at) =>
    at === slot.stable || at === slot.canary || weight === undefined ? ref : { ...ref, weight },
  )
  return { ...rest, matches, filters: [...(rule.filters ?? []), mirror], backendRefs }
}

/** A mirror takes a plain reference: no weight, no filters of the backend. */
export const reference = ({ group, kind, name, namespace, port }: BackendRef): BackendRef => ({
  ...(group === undefined ? {} : { group }),
  ...(kind === undefined ? {} : { kind }),
  ...(name === undefined ? {} : { name }),
  ...(namespace === undefined ? {} : { namespace }),
  ...(port === undefined ? {} : { port }),
})

type HeaderRoute = Extract<ManagedRoute, { kind: 'header' }>
type ColorRoute = Extract<ManagedRoute, { kind: 'color' }>
type MirrorRoute = Extract<ManagedRoute, { kind: 'mirror' }>

function matchesFor(route: ManagedRoute, rule: RouteRule): readonly RouteMatch[] {
  if (route.kind === 'mirror') return mirrorMatches(route, rule)
  return route.kind === 'header' ? headerMatches(route.match, rule) : colorMatches(route.match, rule)
}

const headerMatches = (match: HeaderRoute['match'], rule: RouteRule): readonly RouteMatch[] => {
  const wanted = match.map(({ headerName, headerValue }) => headerMatch(headerName, headerValue ?? {}))
  return matchesOf(rule).flatMap((base) => narrowHeaders(base, wanted))
}

function colorMatches(match: ColorRoute['match'], rule: RouteRule): readonly RouteMatch[] {
  const alternatives = match.flatMap((one) => {
    const terms = headerTerms(one)
    return terms ? [terms.map(({ name, kind, value }) => headerMatch(name, { [kind]: value }))] : []
  })
  return matchesOf(rule).flatMap((base) => alternatives.flatMap((wanted) => narrowHeaders(base, wanted)))
}

function mirrorMatches({ match }: MirrorRoute, rule: RouteRule): readonly RouteMatch[] {
  return matchesOf(rule).flatMap((base) =>
    match.flatMap(({ method, path, headers = {} }) => {
      const wanted = Object.entries(headers)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => headerMatch(name, value))
      return narrowHeaders(base, wanted)
        .flatMap((narrowed) => narrowMethod(narrowed, method))
        .flatMap((narrowed) => narrowPath(narrowed, path))
    }),
  )
}

const matchesOf = (rule: RouteRule): readonly RouteMatch[] => (rule.matches?.length ? rule.matches : [{}])

function headerMatch(name: string, { exact, prefix, regex }: StringMatch): HeaderMatch {
  if (exact) return { type: 'Exact', name, value: exact }
  const value = prefix ? `${quote(prefix)}.*` : (regex ?? '')
  return { type: 'RegularExpression', name, value }
}

/** Nothing when the rule asks for another value of the same header already: a header can be matched once. */
function narrowHeaders(base: RouteMatch, wanted: readonly HeaderMatch[]): readonly RouteMatch[] {
  const headers = base.headers ?? []
  const same = (a: HeaderMatch, b: HeaderMatch) => a.name.toLowerCase() === b.name.toLowerCase()
  const equal = (a: HeaderMatch, b: HeaderMatch) => (a.type ?? 'Exact') === (b.type ?? 'Exact') && a.value === b.value
  const clashes = wanted.some((header) => headers.some((own) => same(own, header) && !equal(own, header)))
  if (clashes) return []
  const added = wanted.filter((header) => !headers.some((own) => same(own, header)))
  return headers.length + added.length === 0 ? [base] : [{ ...base, headers: [...headers, ...added] }]
}

/** Gateway API knows exact methods only. */
function narrowMethod(base: RouteMatch, method: StringMatch | undefined): readonly RouteMatch[] {
  if (!method) return [base]
  if (!method.exact || (base.method !== undefined && base.method !== method.exact)) return []
  return [{ ...base, method: method.exact }]
}

/** The path of the rule gives way to a narrower one; where that cannot be told, the rule has no such requests. */
function narrowPath(base: RouteMatch, path: StringMatch | undefined): readonly RouteMatch[] {
  if (!path) return [base]
  const wanted = path.exact
    ? { type: 'Exact', value: path.exact }
    : path.prefix
      ? { type: 'PathPrefix', value: path.prefix }
      : { type: 'RegularExpression', value: path.regex ?? '' }
  const { type = 'PathPrefix', value = '/' } = base.path ?? {}
  const root = type === 'PathPrefix' && value === '/'
  const below = type === 'PathPrefix' && `${wanted.value}/`.startsWith(`${value.replace(/\/+$/, '')}/`)
  const equal = type === wanted.type && value === wanted.value
  return root || equal || (below && wanted.type !== 'RegularExpression') ? [{ ...base, path: wanted }] : []
}
