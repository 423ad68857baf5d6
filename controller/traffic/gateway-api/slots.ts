/**
 * The places of a route that carry weights: rules whose backendRefs name both Services, each once or, for several ports, as often as the other.
 * It reads weights; it moves no rule.
 */
import type { RouterContext } from '../router.ts'
import type { BackendRef, GatewayRoute, RouteRule } from './objects.ts'

/** Positions in backendRefs; none of the lists is empty. */
export interface Slot {
  readonly stable: readonly number[]
  readonly canary: readonly number[]
}

export const isService = (ref: BackendRef, name: string, route: GatewayRoute, context: RouterContext): boolean =>
  ref.name === name &&
  (ref.kind ?? 'Service') === 'Service' &&
  (ref.group ?? '') === '' &&
  (ref.namespace ?? route.metadata.namespace) === context.namespace

/** Where the rule's two Services stand; undefined when it does not name both. */
export function slotOf(rule: RouteRule, route: GatewayRoute, context: RouterContext): Slot | undefined {
  const find = (name: string): readonly number[] =>
    (rule.backendRefs ?? []).flatMap((ref, at) => (isService(ref, name, route, context) ? [at] : []))
  const slot = { stable: find(context.stableService), canary: find(context.canaryService) }
  return slot.stable.length > 0 && slot.canary.length > 0 ? slot : undefined
}

/** Only then does the share of the canary follow from its weight: each counts as often as the other. */
export const isEven = ({ stable, canary }: Slot): boolean => stable.length === canary.length

export interface SlotWeights {
  readonly canary: number
  /** By Service, of those that we added. */
  readonly additional: Readonly<Record<string, number>>
}

/** The weights of a slot, or undefined unless each is written, none is out of range and they sum up. Other backends' weights are the user's. */
export function readSlot(
  { backendRefs = [] }: RouteRule,
  slot: Slot,
  added: readonly string[],
  maxWeight: number,
): SlotWeights | undefined {
  const stable = sameWeight(slot.stable.map((at) => backendRefs[at]?.weight))
  const canary = sameWeight(slot.canary.map((at) => backendRefs[at]?.weight))
  if (stable === undefined || canary === undefined) return undefined
  const additional = backendRefs
    .flatMap((ref) => (isAdded(ref, added) ? [[ref.name ?? '', ref.weight ?? 0] as const] : []))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const weights = [stable, canary, ...additional.map(([, weight]) => weight)]
  const sound = weights.every((weight) => weight >= 0 && weight <= maxWeight)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return sound && total === maxWeight ? { canary, additional: Object.fromEntries(additional) } : undefined
}

function sameWeight([first, ...others]: readonly (number | undefined)[]): number | undefined {
  return others.every((weight) => weight === first) ? first : undefined
}

export const isAdded = (ref: BackendRef, added: readonly string[]): boolean => added.includes(ref.name ?? '')
