/**
 * The writes that bring a route to what is wanted: weights alone where only weights differ, else all rules at once, ours rebuilt and the user's
 * taken over as they are. It fails with 409 when the route is not the one that was read.
 */
import type { TrafficIntent } from '../../api/traffic.ts'
import { type RecordedRoute, renderLedger } from '../codec/ledger.ts'
import { guarded } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import { coversRule, examine, type Layout, type Target } from './layout.ts'
import type { BackendRef, GatewayRoute, RouteRule } from './objects.ts'
import { reference, renderRules } from './rules.ts'
import { isAdded, slotOf } from './slots.ts'

/** Empty when the route says so already. */
export function renderRoute(
  target: Target,
  route: GatewayRoute,
  context: RouterContext,
  wanted: TrafficIntent,
): readonly JsonPatchOperation[] {
  const layout = examine(target, route, context)
  const intent = target.managed ? wanted : { ...wanted, managedRoutes: [] }
  const recorded = intent.managedRoutes.map((managed) => ({ route: managed, rules: renderRules(managed, layout) }))
  const rules = arrange(layout, recorded).map((rule) => withTraffic(rule, layout, context, intent))
  const backends = layout.bases.length > 0 ? intent.additional.map(({ service }) => service) : []
  return guarded(route, [
    ...renderChanges(layout.rules, rules),
    ...renderLedger(route, context, { routes: recorded, backends }),
  ])
}

/** The user's rules in their order, ours in front of the first weighted one; a rule of ours that says enough is kept as the server holds it. */
function arrange(
  { rules, bare, own, firstBase }: Layout,
  recorded: readonly RecordedRoute<RouteRule>[],
): readonly RouteRule[] {
  const present = [...own]
  const managed = recorded.flatMap((one) =>
    one.rules.map((wanted) => {
      const says = (rule: RouteRule | undefined): boolean =>
        rule !== undefined && (rule.name ?? wanted.name) === wanted.name && coversRule(rule, wanted)
      const at = present.find((place) => says(bare[place]))
      return (at === undefined ? undefined : rules[at]) ?? wanted
    }),
  )
  const isTheirs = (at: number) => !own.has(at)
  const before = rules.filter((_, at) => isTheirs(at) && at < firstBase)
  const after = rules.filter((_, at) => isTheirs(at) && at >= firstBase)
  return [...before, ...managed, ...after]
}

/** The rule with the wanted weights and added backends; one that does not carry weights stays as it is. */
function withTraffic(
  rule: RouteRule,
  { route, entry }: Layout,
  context: RouterContext,
  intent: TrafficIntent,
): RouteRule {
  const slot = slotOf(rule, route, context)
  if (!slot) return rule
  const { backendRefs = [] } = rule
  const wanted = new Map(intent.additional.map(({ service, weight }) => [service, weight]))
  const canaryRef = backendRefs[slot.canary] ?? {}
  const kept = backendRefs.flatMap((ref, at): BackendRef[] => {
    if (at === slot.stable) return [{ ...ref, weight: intent.stable }]
    if (at === slot.canary) return [{ ...ref, weight: intent.canary }]
    const weight = wanted.get(ref.name ?? '')
    if (weight !== undefined) return [{ ...ref, weight }]
    return isAdded(ref, entry.backends) ? [] : [ref]
  })
  const names = new Set(kept.map(({ name }) => name))
  const missing = intent.additional
    .filter(({ service }) => !names.has(service))
    .map(({ service, weight, port }) => ({
      ...reference(canaryRef),
      name: service,
      ...(port === undefined ? {} : { port }),
      weight,
    }))
  return { ...rule, backendRefs: [...kept, ...missing] }
}

function renderChanges(before: readonly RouteRule[], after: readonly RouteRule[]): JsonPatchOperation[] {
  const shape = (rules: readonly RouteRule[]): string => JSON.stringify(rules.map(withoutWeights))
  if (shape(before) !== shape(after)) return [{ op: 'replace', path: '/spec/rules', value: after }]
  return after.flatMap(({ backendRefs = [] }, rule) =>
    backendRefs.flatMap(({ weight }, at): JsonPatchOperation[] => {
      const path = `/spec/rules/${rule}/backendRefs/${at}/weight`
      return weight === before[rule]?.backendRefs?.[at]?.weight ? [] : [{ op: 'add', path, value: weight }]
    }),
  )
}

const withoutWeights = (rule: RouteRule): unknown =>
  rule.backendRefs ? { ...rule, backendRefs: rule.backendRefs.map(({ weight: _weight, ...ref }) => ref) } : rule
