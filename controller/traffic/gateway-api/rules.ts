/**
 * Managed routes as rules of a Gateway API route. Each is a copy of a weighted rule that only fits some of its requests: a header rule sends
 * them to the canary alone, a mirror rule shares them as the weighted rule does and copies them to the canary.
 *
 *   header value   exact            prefix                        regex
 *   written as     Exact            RegularExpression, quoted     RegularExpression
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { type Dialect, narrowRule } from './matches.ts'
import type { BackendRef, RouteMatch, RouteRule } from './objects.ts'
import type { Slot } from './slots.ts'

/** A rule that carries weights, with the places of the two Services in it. */
export interface WeightedRule {
  readonly rule: RouteRule
  readonly slot: Slot
}

export interface Bases {
  readonly bases: readonly WeightedRule[]
  readonly dialect: Dialect
  /** Names of rules that are not the managed route's to take: other people's, and those of other managed routes. */
  readonly takenNames: readonly string[]
}

export interface RenderedRoute {
  /** One for each weighted rule that it can narrow. Mirror rules hold no weights for the two Services yet: they follow the weighted rule. */
  readonly rules: readonly RouteRule[]
  /** Some requests that it asks for cannot be told from others: they stay with the weighted rules. */
  readonly isUnfit: boolean
  /** Its rules have to stand in front of the weighted ones; where they are narrower, Gateway API lets them go first wherever they stand. */
  readonly isTied: boolean
}

export function renderRules(route: ManagedRoute, { bases, dialect, takenNames }: Bases): RenderedRoute {
  const narrowed = bases.map((base) => ({ base, ...narrowRule(route, base.rule, dialect) }))
  const names = namesOf(route.name, takenNames)
  const rules = narrowed.flatMap(({ base, matches }): readonly RouteRule[] => {
    if (matches.length === 0) return []
    const rule = route.kind === 'mirror' ? mirrorRule(base, matches, route.percentage) : headerRule(base, matches)
    return [{ ...names.next().value, ...rule }]
  })
  return {
    rules,
    isUnfit: narrowed.some(({ isUnfit }) => isUnfit),
    isTied: narrowed.some(({ isTied }) => isTied),
  }
}

/** The plain name first, then with numbers, as the public plugin gives them: names of rules are unique in a route. */
function* namesOf(name: string, taken: readonly string[]): Generator<{ readonly name?: string }, { name?: string }> {
  // They are optional and must look like host names; a rule without one is found by its content.
  const isFit = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length < 60
  if (!isFit) for (;;) yield {}
  for (let at = 0; ; at += 1) {
    const full = at === 0 ? name : `${name}-${at}`
    if (!taken.includes(full)) yield { name: full }
  }
}

export const isNamedAfter = (rule: RouteRule, names: readonly string[]): boolean =>
  rule.name !== undefined && (names.includes(rule.name) || names.includes(rule.name.replace(/-\d+$/, '')))

function headerRule({ rule, slot }: WeightedRule, matches: readonly RouteMatch[]): RouteRule {
  const { name: _name, ...rest } = rule
  return { ...rest, matches, backendRefs: slot.canary.map((at) => ({ ...rule.backendRefs?.[at], weight: 1 })) }
}

function mirrorRule({ rule, slot }: WeightedRule, matches: readonly RouteMatch[], percentage: number): RouteRule {
  const { name: _name, ...rest } = rule
  const [canary = -1] = slot.canary
  const backendRef = reference(rule.backendRefs?.[canary] ?? {})
  const mirror = {
    type: 'RequestMirror',
    requestMirror: { backendRef, ...(percentage === 100 ? {} : { percent: percentage }) },
  }
  const weighted = new Set([...slot.stable, ...slot.canary])
  const backendRefs = (rule.backendRefs ?? []).map(({ weight, ...ref }, at) =>
    weighted.has(at) || weight === undefined ? ref : { ...ref, weight },
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
