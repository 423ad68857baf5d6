/** What VirtualServices are found to carry, as one reading each. It changes nothing and wants nothing. */
import type { KubeObject } from '../../api/meta.ts'
import type { PresentRoute, TrafficReading } from '../../api/traffic.ts'
import { covers } from '../codec/covers.ts'
import { missing } from '../codec/missing.ts'
import type { RouterContext } from '../router.ts'
import type { HostRule } from './destination-rule.ts'
import { basesOf, examine, type Layout, type Target } from './layout.ts'
import { renderManaged } from './managed.ts'
import { keptWeight, readSlot } from './slots.ts'

export function readVirtualService(
  target: Target,
  object: KubeObject | undefined,
  context: RouterContext,
  rule: HostRule | undefined,
): TrafficReading {
  if (!object) return missing(target.label, 'trafficRouting.istio.virtualService.name')
  const layout = examine(target, object, context, rule)
  const bases = basesOf(layout)
  const present = presentRoutes(layout)
  const problem = layout.problem ?? findUnfit(target, layout)
  return {
    ...readWeights(layout),
    ...(bases.length > 0 || present.length > 0 ? { managedRoutes: present } : {}),
    confirmation: 'unknown',
    drivable: layout.slots.length > 0 || layout.own.size > 0,
    ...(problem === undefined ? {} : { problem }),
  }
}

/** All routes that carry weights have to say the same. */
function readWeights({ slots, scene }: Layout): Pick<TrafficReading, 'programmedCanary' | 'additional' | 'room'> {
  const said = slots.map((slot) => readSlot(slot, scene))
  const agreed = said.every((weights) => JSON.stringify(weights) === JSON.stringify(said[0])) ? said[0] : undefined
  const kept = Math.max(0, ...slots.map((slot) => keptWeight(slot, scene)))
  return {
    programmedCanary: agreed?.canary,
    additional: agreed?.added ?? {},
    ...(kept > 0 ? { room: scene.context.maxWeight - kept } : {}),
  }
}

/** Intact: in front of the first weighted route, in order, and saying what it would be made to say now. */
function presentRoutes(layout: Layout): readonly PresentRoute[] {
  const { http, own, entry, ahead } = layout
  const bases = basesOf(layout)
  let next = ahead
  const recorded = entry.routes.map(({ route }) => {
    const wanted = renderManaged(route, bases)
    const found = [...own].filter((at) => http[at]?.name === route.name)
    const intact =
      found.length === wanted.length &&
      wanted.every((rule, at) => found[at] === next + at && covers(http[next + at], rule))
    next += wanted.length
    return { route, intact }
  })
  const names = new Set(entry.routes.map(({ route }) => route.name))
  const leftBehind = new Set([...own].flatMap((at) => http[at]?.name ?? []).filter((name) => !names.has(name)))
  return [
    ...recorded,
    ...[...leftBehind].map((name) => ({ route: { kind: 'header', name, match: [] } as const, intact: false })),
  ]
}

function findUnfit({ label }: Target, layout: Layout): string | undefined {
  const bases = basesOf(layout)
  const unfit = layout.entry.routes.find(({ route }) => renderManaged(route, bases).length === 0)
  return (
    unfit &&
    `${label}: managed route "${unfit.route.name}" cannot be written for any of its routes: its match does not fit theirs, or they have a mirror already`
  )
}
