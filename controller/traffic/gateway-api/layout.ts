/**
 * A route taken apart: which rules the user wrote, which of them carry weights, which are ours and which another Rollout's. A rule is ours when our
 * ledger holds it and the route still has it, or when it bears a managed route's name and sends to the canary alone (the public plugin leaves
 * such). Anything else is the user's, whatever it looks like.
 */
import { type ForeignEntry, type LedgerEntry, readForeignEntries, readLedger } from '../codec/ledger.ts'
import type { RouterContext } from '../router.ts'
import type { Dialect } from './matches.ts'
import type { BackendRef, GatewayRoute, RouteRule } from './objects.ts'
import { isNamedAfter, type WeightedRule } from './rules.ts'
import { saysRule } from './says.ts'
import { isAdded, isService, slotOf } from './slots.ts'

export interface InProgressLabel {
  readonly key: string
  readonly value: string
}

/** One route of a configuration. */
export interface Target {
  /** For words: `HTTPRoute "web/shop"`. */
  readonly label: string
  readonly dialect: Dialect
  /** Whether it takes header and mirror routes. */
  readonly managed: boolean
  /** The label that it bears while traffic is shifted; absent: none. */
  readonly inProgress?: InProgressLabel
}

export interface Layout {
  readonly route: GatewayRoute
  readonly rules: readonly RouteRule[]
  /** The same without the backends that we added: what rules of ours are made from and compared with. */
  readonly bare: readonly RouteRule[]
  readonly entry: LedgerEntry<RouteRule>
  readonly others: readonly ForeignEntry<RouteRule>[]
  /** Positions of our rules. */
  readonly own: ReadonlySet<number>
  /** Position of every recorded rule, in the order of the ledger; undefined: somebody removed it. */
  readonly placeOf: ReadonlyMap<RouteRule, number>
  /** The user's rules that carry weights, in order. */
  readonly bases: readonly WeightedRule[]
  /** Position of the first of them; -1 when there is none. */
  readonly firstBase: number
  readonly dialect: Dialect
  /** Names of rules that are not ours. */
  readonly foreignNames: readonly string[]
}

export function examine({ dialect }: Target, route: GatewayRoute, context: RouterContext): Layout {
  const rules = route.spec?.rules ?? []
  const entry = readLedger<RouteRule>(route, context)
  const others = readForeignEntries<RouteRule>(route, context)
  const bare = rules.map((rule) => withoutAdded(rule, entry.backends))
  const isOurs = (ref: BackendRef): boolean =>
    [context.stableService, context.canaryService].some((name) => isService(ref, name, route, context))
  const placeOf = locate(rulesOf(entry), bare, isOurs)
  // What another Rollout made of a weighted rule is no rule to make more of: the two would never come to an end.
  const theirs = new Set(
    others.flatMap(({ entry: other }) => {
      const isTheirs = ({ name = '' }: BackendRef): boolean => other.steers?.includes(name) === true
      return [...locate(rulesOf(other), bare, isTheirs).values()]
    }),
  )
  const isLeftBehind = (rule: RouteRule): boolean =>
    isNamedAfter(rule, context.managedRouteNames) && sendsToCanaryAlone(rule, route, context)
  const leftBehind = rules.flatMap((rule, at) => (isLeftBehind(rule) && !theirs.has(at) ? [at] : []))
  const own = new Set([...placeOf.values(), ...leftBehind])
  const places = bare.flatMap((rule, at) => {
    const slot = own.has(at) || theirs.has(at) ? undefined : slotOf(rule, route, context)
    return slot ? [{ at, base: { rule, slot } }] : []
  })
  return {
    route,
    rules,
    bare,
    entry,
    others,
    own,
    placeOf,
    dialect,
    bases: places.map(({ base }) => base),
    firstBase: places[0]?.at ?? -1,
    foreignNames: rules.flatMap(({ name }, at) => (name === undefined || own.has(at) ? [] : [name])),
  }
}

const rulesOf = ({ routes }: LedgerEntry<RouteRule>): readonly RouteRule[] => routes.flatMap(({ rules }) => rules)

function withoutAdded(rule: RouteRule, added: readonly string[]): RouteRule {
  if (added.length === 0 || !rule.backendRefs) return rule
  return { ...rule, backendRefs: rule.backendRefs.filter((ref) => !isAdded(ref, added)) }
}

function sendsToCanaryAlone({ backendRefs = [] }: RouteRule, route: GatewayRoute, context: RouterContext): boolean {
  const [only] = backendRefs
  return only !== undefined && backendRefs.length === 1 && isService(only, context.canaryService, route, context)
}

/**
 * By name where the API server keeps names, so that a hand edit is found; else by content, whatever weights and other people's backends are in it.
 * Each rule of the route is taken once.
 */
function locate(
  recorded: readonly RouteRule[],
  rules: readonly RouteRule[],
  isOwn: (ref: BackendRef) => boolean,
): ReadonlyMap<RouteRule, number> {
  const essence = ({ backendRefs = [], ...rule }: RouteRule): RouteRule => ({
    ...rule,
    backendRefs: backendRefs.filter(isOwn).map(({ weight: _weight, ...ref }) => ref),
  })
  const places = new Map<RouteRule, number>()
  const taken = new Set<number>()
  for (const rule of recorded) {
    const isSame = (candidate: RouteRule): boolean =>
      isNamesake(candidate, rule) || (candidate.name === undefined && saysRule(essence(candidate), essence(rule)))
    const at = rules.findIndex((candidate, place) => !taken.has(place) && isSame(candidate))
    if (at < 0) continue
    taken.add(at)
    places.set(rule, at)
  }
  return places
}

const isNamesake = (a: RouteRule, b: RouteRule): boolean => a.name !== undefined && a.name === b.name

/** What the rules of a managed route of that name are rendered from. */
export const basesFor = (name: string, layout: Layout, context: RouterContext) => ({
  bases: layout.bases,
  dialect: layout.dialect,
  takenNames: [...layout.foreignNames, ...context.managedRouteNames.filter((other) => other !== name)],
})
