/**
 * A managed route as what ingress-nginx can be told of one canary Ingress: one header, compared with a value or a pattern. It says why where that
 * is not enough, and never approximates.
 *
 *   asked for                       canary-by-header   -value   -pattern
 *   exact, plain characters         name               value
 *   exact, others                   name                        the value, quoted
 *   prefix                          name                        the prefix, quoted, and anything
 *   regex                           name                        the regex, made to fit the whole value
 *   cookie, range of an id in one   Cookie                      the pattern of the whole header
 *   range of an id in a header      name                        its pattern
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { type HeaderTerm, headerTerms } from '../codec/header-terms.ts'
import { patternOf, whole } from '../codec/patterns.ts'

/** Annotations without their prefix. */
export interface HeaderCondition {
  readonly 'canary-by-header': string
  readonly 'canary-by-header-value'?: string
  readonly 'canary-by-header-pattern'?: string
}

export const HEADER_ANNOTATIONS = ['canary-by-header', 'canary-by-header-value', 'canary-by-header-pattern'] as const

/** What its validation of annotations lets pass: elsewhere it ignores the annotation, or refuses the Ingress. */
const PLAIN = /^[-._~/:A-Za-z0-9]+$/
const HEADER_NAME = /^[-_A-Za-z0-9]+$/
const IN_PATTERN = /[-._~/:A-Za-z0-9^$[\](){}*+?|&=\\]/
/** Groups other than `(?:` and `(?i)` are spelled with characters that it does not take. */
const SPECIAL_GROUP = /\(\?(?!:|[A-Za-z-]+[:)])/

export type ConditionOutcome = HeaderCondition | { readonly reason: string }

export function conditionOf(route: ManagedRoute): ConditionOutcome {
  const terms = termsOf(route)
  const [term] = terms ?? []
  if (!term || terms?.length !== 1)
    return { reason: 'ingress-nginx compares one header of a request, and with one value: leave one match' }
  return compare(term)
}

/** Alternatives cannot be told either: a single match is one comparison or several that all have to fit. */
function termsOf(route: ManagedRoute): readonly HeaderTerm[] | undefined {
  if (route.kind === 'mirror') return undefined
  if (route.kind === 'header')
    return route.match.map(({ headerName: name, headerValue: { exact, prefix, regex } = {} }) => {
      if (exact) return { name, kind: 'exact', value: exact }
      return prefix ? { name, kind: 'prefix', value: prefix } : { name, kind: 'regex', value: regex ?? '' }
    })
  const [only] = route.match
  return only && route.match.length === 1 ? headerTerms(only) : undefined
}

function compare({ name, kind, value }: HeaderTerm): ConditionOutcome {
  if (!HEADER_NAME.test(name)) return { reason: `ingress-nginx cannot compare a header named "${name}"` }
  const header = { 'canary-by-header': name }
  if (kind === 'exact' && PLAIN.test(value)) return { ...header, 'canary-by-header-value': value }
  const pattern = portable(whole(patternOf({ [kind]: value })))
  return pattern === undefined
    ? { reason: `ingress-nginx takes no pattern with the characters of "${value}"` }
    : { ...header, 'canary-by-header-pattern': pattern }
}

/** The same pattern in characters that are let pass, others by their codes; undefined when that cannot be done. */
function portable(pattern: string): string | undefined {
  if (SPECIAL_GROUP.test(pattern.replace(/\\./gs, '')) || /[^ -~]/.test(pattern)) return undefined
  return pattern.replace(/\\(.)|[^\\]/gs, (found, escaped?: string) => {
    const character = escaped ?? found
    return IN_PATTERN.test(character) ? found : `\\x${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}
