/**
 * Whether one request fits one match of an HTTPRoute, and which of two fitting matches goes first. Pure. Regular expressions
 * run in a linear-time engine, because routes are tenants' input.
 *
 * Gateway API's order of precedence: hostname (exact before wildcard, longer before shorter), exact path, longest path prefix,
 * method, number of headers, number of query parameters, oldest route, route name, position in the route.
 */
import { RE2JS } from 're2js'
import type { RouteMatch, ValueMatch } from './objects.ts'

export interface RequestFacts {
  /** Lower case, without a port. */
  readonly host: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface CompiledMatch {
  readonly fits: (request: RequestFacts) => boolean
  /** Compared element by element, larger first. */
  readonly rank: readonly number[]
}

type Test<T> = (value: T) => boolean

/** True when `host` is covered by a listener's or a route's hostname; a wildcard stands for one or more labels. */
export function isHostCovered(hostname: string, host: string): boolean {
  return hostname.startsWith('*.') ? host.endsWith(hostname.slice(1).toLowerCase()) : host === hostname.toLowerCase()
}

/** Rank of a hostname: exact ones before wildcards, longer before shorter; no hostname comes last. */
export const rankHostname = (hostname: string | undefined): readonly number[] =>
  hostname === undefined ? [0, 0] : [hostname.startsWith('*.') ? 1 : 2, hostname.length]

function compileText(type: string | undefined, value: string, field: string): Test<string> {
  if (type === undefined || type === 'Exact') return (text) => text === value
  if (type !== 'RegularExpression') throw new TypeError(`${field}: type "${type}" is not supported`)
  try {
    const expression = RE2JS.compile(value)
    return (text) => expression.matches(text)
  } catch (error) {
    throw new TypeError(`${field}: "${value}" is no regular expression`, { cause: error })
  }
}

function compilePath(path: RouteMatch['path']): {
  readonly test: Test<string>
  readonly rank: readonly [number, number]
} {
  const value = path?.value ?? '/'
  const type = path?.type ?? 'PathPrefix'
  if (type === 'Exact') return { test: (text) => text === value, rank: [2, 0] }
  if (type === 'RegularExpression') return { test: compileText(type, value, 'path'), rank: [1, value.length] }
  if (type !== 'PathPrefix') throw new TypeError(`path: type "${type}" is not supported`)
  const prefix = value.replace(/\/+$/, '')
  return { test: (text) => text === prefix || text.startsWith(`${prefix}/`), rank: [1, value.length] }
}

const headerText = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.join(',')

function compileHeader(match: ValueMatch): Test<RequestFacts> {
  const name = match.name.toLowerCase()
  const test = compileText(match.type, match.value, `header ${match.name}`)
  return ({ headers }) => {
    const text = Object.hasOwn(headers, name) ? headerText(headers[name]) : undefined
    return text !== undefined && test(text)
  }
}

function compileQueryParam(match: ValueMatch): Test<RequestFacts> {
  const test = compileText(match.type, match.value, `query parameter ${match.name}`)
  return ({ query }) => {
    const text = query.get(match.name)
    return text !== null && test(text)
  }
}

/** Throws TypeError with the field's name for a match that cannot be understood. */
export function compileMatch(match: RouteMatch): CompiledMatch {
  const path = compilePath(match.path)
  const headers = match.headers ?? []
  const queryParams = match.queryParams ?? []
  const tests: readonly Test<RequestFacts>[] = [
    (request) => path.test(request.path),
    ...(match.method === undefined ? [] : [(request: RequestFacts) => request.method === match.method]),
    ...headers.map(compileHeader),
    ...queryParams.map(compileQueryParam),
  ]
  return {
    fits: (request) => tests.every((test) => test(request)),
    rank: [...path.rank, match.method === undefined ? 0 : 1, headers.length, queryParams.length],
  }
}

/** Negative when `a` goes first. */
export function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = (b[index] ?? 0) - value
    if (difference !== 0) return difference
  }
  return 0
}
