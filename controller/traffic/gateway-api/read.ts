/** What routes are found to carry, as one reading. It changes nothing and wants nothing. */
import type { PresentRoute, TrafficReading } from '../../api/traffic.ts'
import { missing } from '../codec/missing.ts'
import type { RouterContext } from '../router.ts'
import { coversRule, examine, type Layout, type Target } from './layout.ts'
import type { GatewayRoute } from './objects.ts'
import { renderRules } from './rules.ts'
import { readSlot, slotOf } from './slots.ts'

export function readRoute(target: Target, route: GatewayRoute | undefined, context: RouterContext): TrafficReading {
  if (!route) return missing(target.label, 'trafficRouting.plugins')
  const layout = examine(target, route, context)
  const present = presentRoutes(layout)
  const shared = {
    ...(target.managed || present.length > 0 ? { managedRoutes: present } : {}),
    ...readParents(target, route),
  }
  if (layout.bases.length > 0) return { ...shared, ...readWeights(layout, context), ...unfit(target, layout) }
  const { stableService, canaryService } = context
  const problem = `${target.label} has no rule whose backendRefs name both "${stableService}" and "${canaryService}": add both to one rule`
  return {
    ...shared,
    programmedCanary: undefined,
    confirmation: 'pending',
    drivable: layout.own.size > 0,
    problem,
  }
}

/** All rules that carry weights, ours included, have to say the same. */
function readWeights(
  { route, rules, entry }: Layout,
  context: RouterContext,
): Pick<TrafficReading, 'programmedCanary' | 'additional' | 'drivable'> {
  const readings = rules.flatMap((rule) => {
    const slot = slotOf(rule, route, context)
    return slot ? [readSlot(rule, slot, entry.backends, context.maxWeight)] : []
  })
  const [first] = readings
  const agree = readings.every((reading) => JSON.stringify(reading) === JSON.stringify(first))
  const said = agree ? first : undefined
  return { programmedCanary: said?.canary, additional: said?.additional ?? {}, drivable: true }
}

function presentRoutes(layout: Layout): readonly PresentRoute[] {
  const { rules, bare, entry, placeOf, firstBase, own } = layout
  const recorded = new Set(placeOf.values())
  let last = -1
  const present = entry.routes.map(({ route, rules: written }) => {
    const wanted = renderRules(route, layout)
    const intact =
      wanted.length === written.length &&
      written.every((rule, at) => {
        const place = placeOf.get(rule)
        const found = place === undefined ? undefined : bare[place]
        const inOrder = place !== undefined && place > last && place < firstBase
        last = place ?? last
        const [now] = wanted.slice(at)
        return inOrder && found !== undefined && now !== undefined && coversRule(found, now)
      })
    return { route, intact }
  })
  const leftBehind = [...own].filter((at) => !recorded.has(at)).map((at) => rules[at]?.name ?? '')
  return [
    ...present,
    ...leftBehind.map((name) => ({ route: { kind: 'header', name, match: [] } as const, intact: false })),
  ]
}

function unfit({ label }: Target, { entry }: Layout): Pick<TrafficReading, 'problem'> {
  const empty = entry.routes.find(({ rules }) => rules.length === 0)
  return empty
    ? {
        problem: `${label}: managed route "${empty.route.name}" cannot be written for any of its rules: its match does not fit theirs`,
      }
    : {}
}

/** A parent has confirmed once its Accepted condition speaks of the generation that is written. */
function readParents({ label }: Target, route: GatewayRoute): Pick<TrafficReading, 'confirmation' | 'problem'> {
  const accepted = (route.status?.parents ?? []).flatMap(({ conditions = [] }) =>
    conditions.filter(({ type }) => type === 'Accepted'),
  )
  const dated = accepted.filter(({ observedGeneration }) => observedGeneration !== undefined)
  if (dated.length === 0) return { confirmation: 'unknown' }
  const generation = route.metadata.generation ?? 0
  if (dated.some(({ observedGeneration = 0 }) => observedGeneration < generation)) return { confirmation: 'pending' }
  const refused = dated.find(({ status }) => status === 'False')
  if (!refused) return { confirmation: 'confirmed' }
  const problem = `${label} is not accepted by its gateway: ${refused.message ?? 'no reason given'}`
  return { confirmation: 'pending', problem }
}
