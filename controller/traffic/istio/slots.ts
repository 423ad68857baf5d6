/**
 * Where a route's two destinations stand, and what its weights say.
 *
 *   destination                       | is
 *   a part's Service as the host      | that part, where there is no DestinationRule
 *   a part's subset of the rule's host| that part
 *   one of `additionalSubsetNames`    | somebody else's: its weight is what the parts leave it, and stable pays for it
 *   a Service on record as added      | ours, for as long as it is wanted
 *   anything else                     | somebody else's: with a weight of its own the shares of the parts are not what they say
 */
import type { RouterContext } from '../router.ts'
import { type HostRule, isSubsetOf } from './destination-rule.ts'
import { isSameService, serviceOf } from './hosts.ts'
import type { Share } from './objects.ts'
import type { PlacedRoute } from './routes.ts'

export interface Slot extends PlacedRoute {
  readonly stable: number
  readonly canary: number
}

/** What a destination is compared with. */
export interface Scene {
  readonly context: RouterContext
  /** Of the VirtualService: what short hosts mean. */
  readonly namespace: string
  readonly rule: HostRule | undefined
  /** Services that were added by us. */
  readonly added: readonly string[]
}

type Part = 'stable' | 'canary'

/** Argo's words when a part has no destination; with a DestinationRule its subsets must be there, whatever Services are. */
export function slotOf(route: PlacedRoute, scene: Scene): Slot | { readonly problem: string } {
  const { shares } = route
  const find = (part: Part) => shares.findIndex((share) => plays(share, part, scene))
  const [canary, stable] = [find('canary'), find('stable')]
  const lost = canary < 0 ? 'canary' : stable < 0 ? 'stable' : undefined
  return lost ? { problem: notFound(lost, scene) } : { ...route, stable, canary }
}

function notFound(part: Part, { rule, context, namespace }: Scene): string {
  const title = part === 'canary' ? 'Canary' : 'Stable'
  const service = part === 'canary' ? context.canaryService : context.stableService
  if (rule) return `${title} DestinationRule subset '${rule[part]}' not found in route`
  const words = `${title} Service '${service}' not found in route`
  const isElsewhere = namespace !== context.namespace
  return isElsewhere
    ? `${words}: from another namespace its host is "${service}.${context.namespace}.svc.cluster.local"`
    : words
}

function plays({ destination }: Share, part: Part, { rule, context, namespace }: Scene): boolean {
  if (rule) return isSubsetOf(rule, destination, rule[part], namespace)
  const name = part === 'canary' ? context.canaryService : context.stableService
  return name !== '' && isSameService(serviceOf(destination?.host, namespace), { name, namespace: context.namespace })
}

/** The Service that was added, if the share is one of those. */
export function addedService({ destination }: Share, { added, context, namespace }: Scene): string | undefined {
  const service = serviceOf(destination?.host, namespace)
  return service?.namespace === context.namespace && added.includes(service.name) ? service.name : undefined
}

const isAdditionalSubset = ({ destination }: Share, { rule }: Scene): boolean =>
  destination?.subset !== undefined && (rule?.additional ?? []).includes(destination.subset)

export interface SlotWeights {
  readonly canary: number
  /** By Service, of those that we added. */
  readonly added: Readonly<Record<string, number>>
}

/** Weight that additional subsets keep for themselves. */
export const keptWeight = ({ shares, stable, canary }: Slot, scene: Scene): number =>
  shares.reduce(
    (sum, share, at) =>
      at !== stable && at !== canary && isAdditionalSubset(share, scene) ? sum + (share.weight ?? 0) : sum,
    0,
  )

/** What stable has to get when the canary, and what was added, get theirs: never less than nothing. */
export const stableWeight = (rest: number, slot: Slot, scene: Scene): number =>
  Math.max(0, rest - keptWeight(slot, scene))

/** Undefined unless both weights are written and all add up. */
export function readSlot(slot: Slot, scene: Scene): SlotWeights | undefined {
  const { shares } = slot
  const [stable, canary] = [shares[slot.stable]?.weight, shares[slot.canary]?.weight]
  const added = Object.fromEntries(
    shares.flatMap((share) => {
      const service = addedService(share, scene)
      return service === undefined ? [] : [[service, share.weight ?? 0] as const]
    }),
  )
  if (stable === undefined || canary === undefined || canary < 0 || canary > scene.context.maxWeight) return undefined
  const rest = scene.context.maxWeight - canary - Object.values(added).reduce((sum, weight) => sum + weight, 0)
  return stable === stableWeight(rest, slot, scene) ? { canary, added } : undefined
}

/** A destination that takes a share from the two though nobody accounts for it; its host, for words. */
export function findForeign(slot: Slot, scene: Scene): string | undefined {
  const foreign = slot.shares.find(
    (share, at) =>
      at !== slot.stable &&
      at !== slot.canary &&
      (share.weight ?? 0) > 0 &&
      addedService(share, scene) === undefined &&
      !isAdditionalSubset(share, scene),
  )
  const { host = '', subset } = foreign?.destination ?? {}
  return foreign && `"${host}"${subset === undefined ? '' : ` subset "${subset}"`} (weight ${foreign.weight})`
}
