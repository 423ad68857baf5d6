/**
 * The writes that bring a route to what is wanted: weights alone where only weights differ, else all rules at once, ours rebuilt and the user's
 * taken over as they are. It fails with 409 when the route is not the one that was read.
 */
import type { TrafficIntent } from '../../api/traffic.ts'
import { type RecordedRoute, renderLedger } from '../codec/ledger.ts'
import { guarded } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import { basesFor, examine, type Layout, type Target } from './layout.ts'
import { renderLabel, rivalOf, steersWhile } from './marks.ts'
import type { BackendRef, GatewayRoute, RouteRule } from './objects.ts'
import { type RenderedRoute, reference, renderRules } from './rules.ts'
import { saysRule } from './says.ts'
import { isAdded, slotOf } from './slots.ts'

interface WantedRoute extends RecordedRoute<RouteRule>, RenderedRoute {
  readonly rules: readonly RouteRule[]
}

/** Empty when the route says so already, and while another Rollout shifts traffic between the same Services. */
export function renderRoute(
  target: Target,
  route: GatewayRoute,
  context: RouterContext,
  wanted: TrafficIntent,
): readonly JsonPatchOperation[] {
  const layout = examine(target, route, context)
  if (rivalOf(layout, context)) return []
  const intent = target.managed ? wanted : { ...wanted, managedRoutes: [] }
  const managed = intent.managedRoutes.map((one) => ({
    route: one,
    ...renderRules(one, basesFor(one.name, layout, context)),
  }))
  const rules = arrange(layout, managed).map((rule) => withTraffic(rule, layout, context, intent))
  const carries = layout.bases.length > 0
  const backends = carries ? intent.additional.map(({ service }) => service) : []
  const isOpen = carries && (intent.canary > 0 || backends.length > 0 || managed.length > 0)
  return guarded(route, [
    ...renderChanges(layout.rules, rules),
    ...renderLedger(route, context, {
      routes: managed.map(({ route: one, rules: written }) => ({ route: one, rules: written })),
      backends,
      steers: steersWhile(isOpen, context),
    }),
    ...renderLabel(target, layout, isOpen),
  ])
}

/**
 * The user's rules in their order and ours behind them, as the public plugin puts them: they are narrower. When one is not, all of ours stand in
 * front of the first weighted rule. A rule of ours that says enough is kept as the server holds it, and where it stands when all of them do.
 */
function arrange({ rules, bare, own, firstBase }: Layout, wanted: readonly WantedRoute[]): readonly RouteRule[] {
  const front = wanted.some(({ isTied }) => isTied) ? firstBase : rules.length
  const present = [...own]
  const managed = wanted.flatMap((one) =>
    one.rules.map((rule) => {
      const says = (found: RouteRule | undefined): boolean =>
        found !== undefined && (found.name ?? rule.name) === rule.name && saysRule(found, rule)
      return { rule, place: present.find((place) => says(bare[place])) }
    }),
  )
  const inPlace = managed.every(
    ({ place = rules.length }, at) => place < front && place > (managed[at - 1]?.place ?? -1),
  )
  if (inPlace && managed.length === own.size) return rules
  const ours = managed.map(({ rule, place }) => (place === undefined ? undefined : rules[place]) ?? rule)
  const isTheirs = (at: number) => !own.has(at)
  const before = rules.filter((_, at) => isTheirs(at) && at < front)
  const after = rules.filter((_, at) => isTheirs(at) && at >= front)
  return [...before, ...ours, ...after]
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
  const canaryRef = backendRefs[slot.canary[0] ?? -1] ?? {}
  const kept = backendRefs.flatMap((ref, at): BackendRef[] => {
    if (slot.stable.includes(at)) return [{ ...ref, weight: intent.stable }]
    if (slot.canary.includes(at)) return [{ ...ref, weight: intent.canary }]
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
