/**
 * Managed routes as rules of an ApisixRoute: each is a copy of a weighted rule that only fits some of its requests, sends them to the canary alone,
 * and goes before the original by its priority. All expressions of a rule have to hold, so every alternative of a colour is a rule.
 *
 *   wanted            expression
 *   header, exact     Header Equal
 *   header, prefix    Header RegexMatch ^prefix.*      (quoted)
 *   header, regex     Header RegexMatch, as written: APISIX looks for it anywhere in the value
 *   cookie, id range  Cookie or Header Equal or RegexMatch ^(?:…)$
 *   addresses         remoteAddrs
 */
import type { ColorMatch } from '../../api/color-step.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import { idPattern, patternOf, whole } from '../codec/patterns.ts'
import type { Backend, Expression, HttpRule } from './objects.ts'

/** A weighted rule, and its entry for the canary. */
export interface WeightedRule {
  readonly rule: HttpRule
  readonly canary: Backend
}

interface Condition {
  readonly exprs: readonly Expression[]
  readonly cidrs: readonly string[]
}

/** None when one of the rules cannot be narrowed so. */
export function renderRules(route: ManagedRoute, bases: readonly WeightedRule[]): readonly HttpRule[] {
  const conditions = conditionsOf(route)
  if (!conditions) return []
  const rules = bases.map((base) => conditions.map((condition, at) => narrow(base, condition, at)))
  const complete = rules.flat().filter((rule) => rule !== undefined)
  return complete.length === bases.length * conditions.length ? complete : []
}

function narrow({ rule, canary }: WeightedRule, { exprs, cidrs }: Condition, at: number): HttpRule | undefined {
  const { match = {}, priority = 0, name = '' } = rule
  // Addresses are alternatives in APISIX: two lists of them cannot both be asked for.
  if (cidrs.length > 0 && match.remoteAddrs?.length) return undefined
  const all = [...(match.exprs ?? []), ...exprs]
  return {
    ...rule,
    name: at === 0 ? name : `${name}-${at}`,
    priority: priority + 1,
    match: { ...match, ...(all.length > 0 ? { exprs: all } : {}), ...(cidrs.length > 0 ? { remoteAddrs: cidrs } : {}) },
    backends: [{ ...canary, weight: 100 }],
  }
}

/** Undefined when it asks for what expressions cannot say; validation has refused that before. */
function conditionsOf(route: ManagedRoute): readonly Condition[] | undefined {
  if (route.kind === 'mirror') return undefined
  if (route.kind === 'color') {
    const conditions = route.match.flatMap((match) => colorCondition(match) ?? [])
    return conditions.length === route.match.length ? conditions : undefined
  }
  const exprs = route.match.map(({ headerName, headerValue }) => ({
    subject: { scope: 'Header', name: headerName } as const,
    ...asWritten(headerValue ?? {}),
  }))
  return [{ exprs, cidrs: [] }]
}

interface StringMatch {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}
type Comparison = Pick<Expression, 'op' | 'value'>

function asWritten(match: StringMatch): Comparison {
  if (match.exact) return { op: 'Equal', value: match.exact }
  return { op: 'RegexMatch', value: match.prefix ? `^${patternOf(match)}` : (match.regex ?? '') }
}

const asWhole = (match: StringMatch): Comparison =>
  match.exact ? { op: 'Equal', value: match.exact } : { op: 'RegexMatch', value: whole(patternOf(match)) }

function colorCondition({ headers = [], cookies = [], idRange, cidrs = [] }: ColorMatch): Condition | undefined {
  const id = idRange && idPattern(idRange)
  if (idRange && id === undefined) return undefined
  const ranges: readonly Expression[] = idRange
    ? [{ subject: subjectOf(idRange), op: 'RegexMatch', value: whole(id ?? '') }]
    : []
  return {
    exprs: [
      ...headers.map(({ name, value }) => ({ subject: { scope: 'Header', name } as const, ...asWhole(value) })),
      ...cookies.map(({ name, value }) => ({ subject: { scope: 'Cookie', name } as const, ...asWhole(value) })),
      ...ranges,
    ],
    cidrs,
  }
}

const subjectOf = ({ header, cookie }: NonNullable<ColorMatch['idRange']>): Expression['subject'] =>
  header === undefined ? { scope: 'Cookie', name: cookie ?? '' } : { scope: 'Header', name: header }
