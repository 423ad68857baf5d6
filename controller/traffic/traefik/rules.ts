/**
 * Managed routes as routes of an IngressRoute: each is a copy of a route that sends to the weighted TraefikService, narrowed by what its requests
 * bear, and sends to the canary alone. Its priority is one above the original's, so that no other route loses requests to it.
 *
 *   wanted            Traefik v3                              Traefik v2
 *   header, exact     Header(`n`, `v`)                        Headers(`n`, `v`)
 *   other, cookie     HeaderRegexp(`n`, `^(?:…)$`)            HeadersRegexp(`n`, `^(?:…)$`)
 *   addresses         ClientIP(`a`) || ClientIP(`b`)          ClientIP(`a`, `b`)
 */
import type { ColorMatch } from '../../api/color-step.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import { type HeaderTerm, headerTerms } from '../codec/header-terms.ts'
import { wholeOf } from '../codec/patterns.ts'
import type { Route, ServiceRef } from './objects.ts'

export type Syntax = 'v2' | 'v3'

/** One route per route that it narrows. */
export function renderRules(
  managed: ManagedRoute,
  bases: readonly Route[],
  canary: ServiceRef,
  syntaxOf: (base: Route) => Syntax,
): readonly Route[] {
  return bases.flatMap((base) => {
    const expression = expressionOf(managed, syntaxOf(base))
    if (expression === undefined || base.match === undefined) return []
    const { weight: _weight, ...service } = canary
    return [
      { ...base, match: `(${base.match}) && (${expression})`, priority: priorityOf(base) + 1, services: [service] },
    ]
  })
}

/** Without one, Traefik takes the length of the rule in bytes. */
const priorityOf = ({ priority, match = '' }: Route): number => priority || new TextEncoder().encode(match).length

/** Undefined when it asks for what Traefik's rules cannot say; validation has refused that before. */
function expressionOf(managed: ManagedRoute, syntax: Syntax): string | undefined {
  if (managed.kind === 'mirror') return undefined
  const alternatives =
    managed.kind === 'color'
      ? managed.match.map((match) => colorTerms(match, syntax))
      : [managed.match.map(({ headerName, headerValue }) => headerTerm(headerName, headerValue ?? {}, syntax))]
  const said = alternatives.flatMap((terms) => (terms?.length ? [terms.join(' && ')] : []))
  if (said.length === 0 || said.length < alternatives.length) return undefined
  return said.length === 1 ? said[0] : said.map((one) => `(${one})`).join(' || ')
}

function colorTerms({ cidrs = [], ...rest }: ColorMatch, syntax: Syntax): readonly string[] | undefined {
  const terms = headerTerms(rest)
  if (!terms) return undefined
  const headers = terms.map(({ name, kind, value }) => headerTerm(name, { [kind]: value }, syntax))
  return cidrs.length > 0 ? [...headers, clientTerm(cidrs, syntax)] : headers
}

type StringMatch = { readonly [kind in HeaderTerm['kind']]?: string | undefined }

function headerTerm(name: string, match: StringMatch, syntax: Syntax): string {
  const [exact, regexp] = syntax === 'v2' ? ['Headers', 'HeadersRegexp'] : ['Header', 'HeaderRegexp']
  return match.exact
    ? `${exact}(${literal(name)}, ${literal(match.exact)})`
    : `${regexp}(${literal(name)}, ${literal(wholeOf(match))})`
}

function clientTerm(cidrs: readonly string[], syntax: Syntax): string {
  if (syntax === 'v2') return `ClientIP(${cidrs.map(literal).join(', ')})`
  const each = cidrs.map((cidr) => `ClientIP(${literal(cidr)})`)
  return each.length === 1 ? each.join('') : `(${each.join(' || ')})`
}

/** A string of Go's: raw unless it holds the quote itself. */
const literal = (text: string): string => (/[`\n\r]/.test(text) ? JSON.stringify(text) : `\`${text}\``)
