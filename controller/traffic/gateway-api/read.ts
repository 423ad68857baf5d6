/** What routes are found to carry, as one reading. It changes nothing and wants nothing. */
import { MANAGED_RULES } from '../../api/labels.ts'
import type { PresentRoute, TrafficReading } from '../../api/traffic.ts'
import { missing } from '../codec/missing.ts'
import type { RouterContext } from '../router.ts'
import { basesFor, examine, type Layout, type Target } from './layout.ts'
import { marksFit, rivalOf } from './marks.ts'
import type { GatewayRoute } from './objects.ts'
import { readParents } from './parents.ts'
import { renderRules } from './rules.ts'
import { saysRule } from './says.ts'
import { isEven, readSlot, type SlotWeights, slotOf } from './slots.ts'

export function readRoute(target: Target, route: GatewayRoute | undefined, context: RouterContext): TrafficReading {
  if (!route) return missing(target.label, 'trafficRouting.plugins')
  const layout = examine(target, route, context)
  const present = presentRoutes(layout, context)
  const weights = readWeights(layout, context)
  const isOpen = weights && (weights.canary > 0 || layout.entry.backends.length > 0 || layout.entry.routes.length > 0)
  const parents = readParents(target, route)
  const problem = problemOf(target, layout, context) ?? parents.problem
  return {
    programmedCanary: weights?.canary,
    additional: weights?.additional ?? {},
    ...(target.managed || present.length > 0 ? { managedRoutes: present } : {}),
    confirmation: layout.bases.length > 0 ? parents.confirmation : 'pending',
    drivable: !rivalOf(layout, context) && (layout.bases.length > 0 || layout.own.size > 0),
    ...(isOpen === undefined || marksFit(target, layout, context, isOpen) ? {} : { marksFit: false }),
    ...(problem === undefined ? {} : { problem }),
  }
}

/** All rules that carry weights, ours and other Rollouts' included, have to say the same. */
function readWeights({ route, rules, bases, entry }: Layout, context: RouterContext): SlotWeights | undefined {
  if (bases.length === 0) return undefined
  const readings = rules.flatMap((rule) => {
    const slot = slotOf(rule, route, context)
    return slot ? [readSlot(rule, slot, entry.backends, context.maxWeight)] : []
  })
  const [first] = readings
  return readings.every((reading) => JSON.stringify(reading) === JSON.stringify(first)) ? first : undefined
}

/** Where no rule of ours is tied with the one that it narrows, it may stand anywhere; among each other they keep their order. */
function presentRoutes(layout: Layout, context: RouterContext): readonly PresentRoute[] {
  const { rules, bare, entry, placeOf, firstBase, own } = layout
  const recorded = new Set(placeOf.values())
  const rendered = entry.routes.map(({ route }) => renderRules(route, basesFor(route.name, layout, context)))
  const isTied = rendered.some((one) => one.isTied)
  let last = -1
  const present = entry.routes.map(({ route, rules: written }, index) => {
    const wanted = rendered[index]?.rules ?? []
    const intact =
      wanted.length === written.length &&
      written.every((rule, at) => {
        const place = placeOf.get(rule)
        const found = place === undefined ? undefined : bare[place]
        const inOrder = place !== undefined && place > last && (!isTied || place < firstBase)
        last = place ?? last
        const now = wanted[at]
        return inOrder && found !== undefined && now !== undefined && saysRule(found, now)
      })
    return { route, intact }
  })
  const leftBehind = [...own].filter((at) => !recorded.has(at)).map((at) => rules[at]?.name ?? '')
  return [
    ...present,
    ...leftBehind.map((name) => ({ route: { kind: 'header', name, match: [] } as const, intact: false })),
  ]
}

function problemOf({ label }: Target, layout: Layout, context: RouterContext): string | undefined {
  const { stableService, canaryService } = context
  const rival = rivalOf(layout, context)
  if (rival)
    return `${label}: Rollout "${rival.rollout}" is shifting traffic of "${rival.service}" here: wait for its update, or, when that Rollout is gone, remove its entry from the annotation ${MANAGED_RULES}`
  if (layout.bases.length === 0)
    return `${label} has no rule whose backendRefs name both "${stableService}" and "${canaryService}": add both to one rule`
  if (!layout.bases.every(({ slot }) => isEven(slot)))
    return `${label}: a rule names one of "${stableService}" and "${canaryService}" more often than the other: name each as often, or once`
  return unfit(label, layout, context)
}

function unfit(label: string, layout: Layout, context: RouterContext): string | undefined {
  for (const { route, rules } of layout.entry.routes) {
    if (rules.length === 0)
      return `${label}: managed route "${route.name}" cannot be written for any of its rules: its match does not fit theirs`
    if (renderRules(route, basesFor(route.name, layout, context)).isUnfit)
      return `${label}: managed route "${route.name}" cannot be written for all that it asks for: a rule matches the same header, path or method in another way, or it asks for one header twice`
  }
  return undefined
}
