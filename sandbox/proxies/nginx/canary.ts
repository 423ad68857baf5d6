/**
 * The canary annotations of ingress-nginx as they are documented. Pure. Header before cookie before weight; what one of them does not decide is left
 * to the next.
 *
 * | canary-by-header | …-value | …-pattern | the header sends to the canary | and to stable |
 * |------------------|---------|-----------|--------------------------------|---------------|
 * | absent           | any     | any       |                                |               |
 * | set              | absent  | absent    | `always`                       | `never`       |
 * | set              | set     | any       | the value                      |               |
 * | set              | absent  | set       | what the pattern is found in   |               |
 *
 * A cookie named by canary-by-cookie sends `always` to the canary and `never` to stable. canary-weight of canary-weight-total is for the rest; a total
 * below 100 is taken for 100.
 */
import { RE2JS } from 're2js'

/** Regular expressions; they compare as written, upper and lower case included. */
export interface Decision {
  /** Name of the header or cookie. */
  readonly name: string
  readonly canary: string
  readonly stable?: string
}

export interface CanaryRules {
  readonly header?: Decision
  readonly cookie?: Decision
  readonly weight: number
  /** At least `weight`, and at least 100. */
  readonly total: number
}

export type Annotations = Readonly<Record<string, string>>

const PREFIX = 'nginx.ingress.kubernetes.io/'
const LEAST_TOTAL = 100
/** Names that a variable of nginx can have, and that cannot end a line or a word of its configuration. */
const NAME = /^[\w-]+$/

export const isCanary = (annotations: Annotations): boolean => annotations[`${PREFIX}canary`] === 'true'

/** A text that a regular expression of PCRE takes literally. */
export const literal = (text: string): string => text.replace(/[^\w-]/gu, (character) => `\\${character}`)

const whole = (text: string): string => `^${literal(text)}$`

/** A sentence that names the annotation when one cannot be obeyed: half of the rules would be other rules than their author meant. */
export function readCanary(annotations: Annotations): CanaryRules | { readonly problem: string } {
  const read = (name: string): string | undefined => annotations[PREFIX + name] || undefined
  const weight = readCount(read('canary-weight'), 0)
  const given = readCount(read('canary-weight-total'), LEAST_TOTAL)
  if (weight === undefined) return { problem: 'canary-weight: must be a whole number' }
  if (given === undefined) return { problem: 'canary-weight-total: must be a whole number' }
  const headerName = read('canary-by-header')
  const cookieName = read('canary-by-cookie')
  const value = read('canary-by-header-value')
  const pattern = read('canary-by-header-pattern')
  if (headerName !== undefined && !NAME.test(headerName)) return { problem: 'canary-by-header: is no name of a header' }
  if (cookieName !== undefined && !NAME.test(cookieName)) return { problem: 'canary-by-cookie: is no name of a cookie' }
  if ([value, pattern].some((text) => text !== undefined && /\p{Cc}/u.test(text)))
    return { problem: 'canary-by-header-value, canary-by-header-pattern: control characters are not allowed' }
  if (value === undefined && pattern !== undefined && !isExpression(pattern))
    return { problem: 'canary-by-header-pattern: is no regular expression' }
  const total = Math.max(given, LEAST_TOTAL)
  return {
    ...(headerName === undefined ? {} : { header: decideByHeader(headerName, value, pattern) }),
    ...(cookieName === undefined ? {} : { cookie: decideByCookie(cookieName) }),
    weight: Math.min(weight, total),
    total,
  }
}

function decideByHeader(name: string, value: string | undefined, pattern: string | undefined): Decision {
  if (value !== undefined) return { name, canary: whole(value) }
  if (pattern !== undefined) return { name, canary: pattern }
  return { name, canary: whole('always'), stable: whole('never') }
}

const decideByCookie = (name: string): Decision => {
  const has = (value: string): string => `(?:^|;[ ]*)${literal(name)}=${value}(?:[ ]*;|$)`
  return { name, canary: has('always'), stable: has('never') }
}

const readCount = (text: string | undefined, otherwise: number): number | undefined => {
  if (text === undefined) return otherwise
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** The common ground of PCRE and RE2: one tenant's broken expression must not keep nginx from reading everybody's. */
function isExpression(pattern: string): boolean {
  try {
    RE2JS.compile(pattern)
    return true
  } catch {
    return false
  }
}
