/**
 * Managed routes as listener rules of an ALB: the conditions of each, and a name for its action. One that may fit in several ways becomes several
 * rules. It says why where an ALB cannot tell, and never approximates.
 *
 *   setHeaderRoute   as Argo writes it: one condition per header, several values of one header are alternatives, `*` and `?` stand for anything
 *   penstock/color   headers and client addresses that all have to fit; a rule per match
 */
import type { ColorMatch } from '../../api/color-step.ts'
import type { ManagedRoute } from '../../api/traffic.ts'

export type Condition =
  | { readonly field: 'http-header'; readonly httpHeaderConfig: HeaderValues }
  | { readonly field: 'source-ip'; readonly sourceIpConfig: { readonly values: readonly string[] } }

interface HeaderValues {
  readonly httpHeaderName: string
  readonly values: readonly string[]
}

/** One listener rule: its name is the action's, and that of the Service in the path that leads to it. */
export interface AlbRule {
  readonly name: string
  readonly conditions: readonly Condition[]
}

/** Of AWS: values to compare in one condition, in one rule, and the length of what is compared. */
const MAX_IN_CONDITION = 3
const MAX_IN_RULE = 5
const MAX_VALUE = 128
const MAX_HEADER = 40
const LIMITS = `an ALB compares at most ${MAX_IN_CONDITION} values in a condition and ${MAX_IN_RULE} in a rule, host and path among them`

export type RulesOutcome = readonly AlbRule[] | { readonly reason: string }

/** @param taken values that host and path of the rule take already */
export function rulesOf(route: ManagedRoute, taken: number): RulesOutcome {
  const alternatives = alternativesOf(route, MAX_IN_RULE - taken)
  if ('reason' in alternatives) return alternatives
  const rules = alternatives.map((conditions, at) => ({ name: nameAt(route.name, at), conditions }))
  const reason = rules.flatMap(({ conditions }) => whyNot(conditions, taken) ?? [])[0]
  return reason === undefined ? rules : { reason }
}

const nameAt = (name: string, at: number): string => (at === 0 ? name : `${name}-${at}`)

type Alternatives = readonly (readonly Condition[])[] | { readonly reason: string }

function alternativesOf(route: ManagedRoute, room: number): Alternatives {
  if (route.kind === 'mirror') return { reason: 'an ALB cannot mirror' }
  if (route.kind === 'color') {
    const outcomes = route.match.map((match) => colorConditions(match, room))
    const failed = outcomes.find((outcome) => 'reason' in outcome)
    return failed ?? outcomes.flatMap((outcome) => ('reason' in outcome ? [] : outcome))
  }
  if (route.match.some(({ headerValue }) => !headerValue?.exact))
    return { reason: "SetHeaderRoute match value invalid. ALB supports 'exact' value only" }
  return [mergeHeaders(route.match.map(({ headerName, headerValue }) => [headerName, headerValue?.exact ?? '']))]
}

/** Values of one header stand in one condition, in the order of the manifest. */
function mergeHeaders(pairs: readonly (readonly [name: string, value: string])[]): readonly Condition[] {
  const values = new Map<string, string[]>()
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value])
  return [...values].map(([name, all]) => headerCondition(name, all))
}

const headerCondition = (httpHeaderName: string, values: readonly string[]): Condition => ({
  field: 'http-header',
  httpHeaderConfig: { httpHeaderName, values },
})

function colorConditions({ headers = [], cookies, idRange, cidrs }: ColorMatch, room: number): Alternatives {
  if (cookies || idRange) return { reason: 'an ALB compares whole headers only, no cookie and no range of an id' }
  const inexact = headers.find(({ value }) => value.exact === undefined || /[*?]/.test(value.exact))
  if (inexact) return { reason: `an ALB cannot compare header "${inexact.name}" but with a value free of "*" and "?"` }
  const exact = headers.map(({ name, value }) => headerCondition(name, [value.exact ?? '']))
  if (!cidrs) return [exact]
  const width = Math.min(MAX_IN_CONDITION, room - exact.length)
  if (width < 1) return { reason: LIMITS }
  return chunksOf(cidrs, width).map((values) => [...exact, { field: 'source-ip', sourceIpConfig: { values } }])
}

const chunksOf = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))

/** A rule that AWS refuses would keep its controller from writing anything of this Ingress, an abort too. */
function whyNot(conditions: readonly Condition[], taken: number): string | undefined {
  const all = conditions.map((one) => (one.field === 'source-ip' ? one.sourceIpConfig : one.httpHeaderConfig).values)
  if (all.some((values) => values.length > MAX_IN_CONDITION) || taken + all.flat().length > MAX_IN_RULE) return LIMITS
  const name = conditions.flatMap((one) => (one.field === 'http-header' ? one.httpHeaderConfig.httpHeaderName : []))
  if (name.some((one) => one.length > MAX_HEADER)) return `an ALB knows names of headers up to ${MAX_HEADER} characters`
  return all.flat().some((value) => value.length > MAX_VALUE)
    ? `an ALB compares values up to ${MAX_VALUE} characters`
    : undefined
}
