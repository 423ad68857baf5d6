/**
 * The match of a weighted rule, narrowed to the requests that a managed route asks for. Never widened: what cannot be said in the words of Gateway
 * API, or cannot be told from what the rule asks for already, is said to be unfit.
 *
 *   the rule asks for    the route asks for    narrowed match
 *   nothing              x                     x
 *   x                    x                     x
 *   x                    y, surely not x       none: the rule has no such requests
 *   x                    y, perhaps x too      unfit: a header, path or method is matched once
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { headerTerms } from '../codec/header-terms.ts'
import { quote } from '../codec/patterns.ts'
import type { HeaderMatch, RouteMatch, RouteRule } from './objects.ts'
import { isMatch } from './shape.ts'

/** What the rules of a route can compare: those of TCP and TLS nothing. */
export type Dialect = 'http' | 'grpc' | 'bytes'

type StringMatch = {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}

type Narrowed = readonly RouteMatch[] | 'unfit'

export interface NarrowedRule {
  readonly matches: readonly RouteMatch[]
  /** Some of the requests that are asked for would not be found by `matches`. */
  readonly isUnfit: boolean
  /** A match fits all that the rule's own does, or nobody knows which of the two goes first: it has to stand in front of the rule. */
  readonly isTied: boolean
}

export function narrowRule(route: ManagedRoute, rule: RouteRule, dialect: Dialect): NarrowedRule {
  const bases: readonly RouteMatch[] = rule.matches?.length ? rule.matches : [{}]
  const results = bases.flatMap((base): readonly Narrowed[] =>
    isMatch(base) ? narrow(route, base, dialect) : ['unfit'],
  )
  const matches = results.flatMap((result) => (result === 'unfit' ? [] : result))
  const isTied = matches.some((match) => bases.includes(match) || match.path?.type === 'RegularExpression')
  return { matches, isUnfit: results.includes('unfit'), isTied }
}

/** One result for each alternative of the route. */
function narrow(route: ManagedRoute, base: RouteMatch, dialect: Dialect): readonly Narrowed[] {
  if (dialect === 'bytes') return ['unfit']
  if (route.kind === 'header')
    return [
      narrowHeaders(
        base,
        route.match.map(({ headerName, headerValue }) => headerMatch(headerName, headerValue ?? {})),
      ),
    ]
  if (route.kind === 'mirror') return route.match.map((match) => narrowMirror(base, match, dialect))
  return route.match.map((match) => {
    const terms = headerTerms(match)
    if (!terms) return 'unfit'
    return narrowHeaders(
      base,
      terms.map(({ name, kind, value }) => headerMatch(name, { [kind]: value })),
    )
  })
}

type MirrorMatch = Extract<ManagedRoute, { kind: 'mirror' }>['match'][number]

function narrowMirror(base: RouteMatch, { method, path, headers = {} }: MirrorMatch, dialect: Dialect): Narrowed {
  if (dialect === 'grpc' && (method || path)) return 'unfit'
  const wanted = Object.entries(headers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => headerMatch(name, value))
  const steps: readonly ((match: RouteMatch) => Narrowed)[] = [
    (match) => narrowHeaders(match, wanted),
    (match) => narrowMethod(match, method),
    (match) => narrowPath(match, path),
  ]
  return steps.reduce<Narrowed>(
    (found, step) => {
      const [match] = found === 'unfit' ? [] : found
      return match ? step(match) : found
    },
    [base],
  )
}

function headerMatch(name: string, { exact, prefix, regex }: StringMatch): HeaderMatch {
  if (exact) return { type: 'Exact', name, value: exact }
  const value = prefix ? `${quote(prefix)}.*` : (regex ?? '')
  return { type: 'RegularExpression', name, value }
}

/** Of several matches of one header an implementation reads the first, and a strict API server takes none: each name stands once. */
function narrowHeaders(base: RouteMatch, wanted: readonly HeaderMatch[]): Narrowed {
  const headers = [...(base.headers ?? [])]
  const present = headers.length
  for (const header of wanted) {
    const own = headers.find(({ name }) => name.toLowerCase() === header.name.toLowerCase())
    if (!own) headers.push(header)
    else if (!isSame(own, header)) return isExact(own) && isExact(header) ? [] : 'unfit'
  }
  return [headers.length === present ? base : { ...base, headers }]
}

const isExact = ({ type = 'Exact' }: HeaderMatch): boolean => type === 'Exact'
const isSame = (a: HeaderMatch, b: HeaderMatch): boolean =>
  (a.type ?? 'Exact') === (b.type ?? 'Exact') && a.value === b.value

/** Gateway API knows exact methods only. */
function narrowMethod(base: RouteMatch, method: StringMatch | undefined): Narrowed {
  if (!method) return [base]
  if (!method.exact) return 'unfit'
  if (base.method === method.exact) return [base]
  return base.method === undefined ? [{ ...base, method: method.exact }] : []
}

function narrowPath(base: RouteMatch, path: StringMatch | undefined): Narrowed {
  if (!path) return [base]
  const wanted = pathMatch(path)
  const { type = 'PathPrefix', value = '/' } = base.path ?? {}
  const own = { type, value }
  if (own.type === wanted.type && own.value === wanted.value) return [base]
  if (covers(own, wanted)) return [{ ...base, path: wanted }]
  if (covers(wanted, own)) return [base]
  return [own, wanted].some((one) => one.type === 'RegularExpression') ? 'unfit' : []
}

interface PathMatch {
  readonly type: string
  readonly value: string
}

function pathMatch({ exact, prefix, regex }: StringMatch): PathMatch {
  if (exact) return { type: 'Exact', value: exact }
  return prefix ? { type: 'PathPrefix', value: prefix } : { type: 'RegularExpression', value: regex ?? '' }
}

/** Every path that fits `b` surely fits `a`, by whole elements. */
function covers(a: PathMatch, b: PathMatch): boolean {
  if (a.type !== 'PathPrefix') return false
  const prefix = a.value.replace(/\/+$/, '')
  return prefix === '' || (b.type !== 'RegularExpression' && `${b.value}/`.startsWith(`${prefix}/`))
}
