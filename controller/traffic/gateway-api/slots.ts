/** The places of a route that carry weights: rules whose backendRefs name both Services. It reads and sets weights; it moves no rule. */
import type { RouterContext } from '../router.ts'
import type { BackendRef, GatewayRoute, RouteRule } from './objects.ts'

export interface Slot {
  readonly stable: number
  readonly canary: number
}

export const isService = (ref: BackendRef, name: string, route: GatewayRoute, context: RouterContext): boolean =>
  ref.name === name &&
  (ref.kind ?? 'Service') === 'Service' &&
  (ref.group ?? '') === '' &&
  (ref.namespace ?? route.metadata.namespace) === context.namespace

/** Where the rule's two Services stand; undefined when it does not name both. */
export function slotOf(rule: RouteRule, route: GatewayRoute, context: RouterContext): Slot | undefined {
  const find = (name: string) => (rule.backendRefs ?? []).findIndex((ref) => isService(ref, name, route, context))
  const [stable, canary] = [find(context.stableService), find(context.canaryService)]
  return stable < 0 || canary < 0 ? undefined : { stable, canary }
}

export interface SlotWeights {
  readonly canary: number
  /** By Service, of those that we added. */
  readonly additional: Readonly<Record<string, number>>
}

/** The weights of a slot, or undefined unless each is written, none is out of range and they sum up. */
export function readSlot(
  { backendRefs = [] }: RouteRule,
  slot: Slot,
  added: readonly string[],
  maxWeight: number,
): SlotWeights | undefined {
  const ours = backendRefs.filter((ref, at) => at === slot.stable || at === slot.canary || isAdded(ref, added))
  const weights = ours.map(({ weight }) => weight)
  const sound = weights.every((weight) => weight !== undefined && weight >= 0 && weight <= maxWeight)
  const total = weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)
  if (!sound || total !== maxWeight) return undefined
  const additional = backendRefs.flatMap((ref) => (isAdded(ref, added) ? [[ref.name ?? '', ref.weight ?? 0]] : []))
  return { canary: backendRefs[slot.canary]?.weight ?? 0, additional: Object.fromEntries(additional) }
}

export const isAdded = (ref: BackendRef, added: readonly string[]): boolean => added.includes(ref.name ?? '')
