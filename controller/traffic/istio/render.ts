/**
 * The writes that bring a VirtualService to what is wanted, each field by itself: weights, destinations of experiments, managed routes in front of
 * the first weighted one. No route of the user's is rewritten. They fail with 409 when the object is not the one that was read.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { TrafficIntent } from '../../api/traffic.ts'
import { renderLedger } from '../codec/ledger.ts'
import { guarded } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { HostRule } from './destination-rule.ts'
import { hostBeside } from './hosts.ts'
import { examine, type Layout, type Target } from './layout.ts'
import { renderManaged } from './managed.ts'
import type { HttpRoute, Share } from './objects.ts'
import { addedService, type Slot, stableWeight } from './slots.ts'

/** Empty when the object says so already. */
export function renderVirtualService(
  target: Target,
  object: KubeObject,
  context: RouterContext,
  { rule, intent }: { readonly rule: HostRule | undefined; readonly intent: TrafficIntent },
): readonly JsonPatchOperation[] {
  const layout = examine(target, object, context, rule)
  const wanted = layout.slots.map((slot) => ({ slot, places: renderShares(slot, layout, intent) }))
  const bases = wanted.flatMap(({ slot, places }) => {
    const route = slot.section === 'http' ? layout.http[slot.at] : undefined
    const shares = places.map(({ share }) => share)
    const canary = places.findIndex(({ from }) => from === slot.canary)
    return route ? [{ route: { ...route, route: shares }, canary }] : []
  })
  const routes = bases.length > 0 ? intent.managedRoutes : []
  const managed = routes.flatMap((route) => renderManaged(route, bases))
  const front = renderFront(layout, managed)
  const backends = layout.slots.length > 0 ? intent.additional.map(({ service }) => service) : []
  return guarded(object, [
    ...front.changes,
    ...wanted.flatMap(({ slot, places }) => {
      const at = slot.section === 'http' ? front.placeOf(slot.at) : slot.at
      return shareChanges(`/spec/${slot.section}/${at}/route`, slot.shares, places)
    }),
    ...renderLedger(object, context, { routes: routes.map((route) => ({ route, rules: [] })), backends }),
  ])
}

interface PlannedShare {
  readonly share: Share
  /** Its place now; absent: it is added. */
  readonly from?: number
}

/** The destinations with their weights: the user's in their order, an experiment's behind them. */
function renderShares(slot: Slot, { scene }: Layout, intent: TrafficIntent): readonly PlannedShare[] {
  const wanted = new Map(intent.additional.map(({ service, weight }) => [service, weight]))
  const known = { ...scene, added: [...scene.added, ...wanted.keys()] }
  const kept = slot.shares.flatMap((share, from): PlannedShare[] => {
    const weighted = (weight: number) => [{ share: { ...share, weight }, from }]
    if (from === slot.stable) return weighted(stableWeight(intent.stable, slot, scene))
    if (from === slot.canary) return weighted(intent.canary)
    const service = addedService(share, known)
    if (service === undefined) return [{ share, from }]
    const weight = wanted.get(service)
    return weight === undefined ? [] : weighted(weight)
  })
  const there = new Set(slot.shares.map((share) => addedService(share, known)))
  const canary = slot.shares[slot.canary]?.destination
  const missing = intent.additional
    .filter(({ service }) => !there.has(service))
    .map(({ service, weight, port = canary?.port?.number }): PlannedShare => {
      // Where the user names ports, so must we.
      const named = canary?.port && port !== undefined ? { port: { number: port } } : {}
      return { share: { destination: { host: hostBeside(canary?.host, service), ...named }, weight } }
    })
  return [...kept, ...missing]
}

interface Front {
  readonly changes: readonly JsonPatchOperation[]
  /** Where a route of the user's stands afterwards. */
  readonly placeOf: (at: number) => number
}

/** Managed routes stand before the first weighted one, in order. Where only their weights differ, only those are written. */
function renderFront({ http, own, theirs, ahead }: Layout, managed: readonly HttpRoute[]): Front {
  const present = http.slice(ahead, ahead + managed.length)
  const inPlace = own.size === managed.length && present.every((_, at) => own.has(ahead + at))
  const alike = inPlace && shapeOf(present) === shapeOf(managed)
  const placeOf = (at: number): number => {
    const rank = theirs.indexOf(at)
    return rank < ahead ? rank : rank + managed.length
  }
  if (alike) {
    const changes = managed.flatMap(({ route = [] }, at) =>
      route.flatMap((share, place) =>
        weightChange(`/spec/http/${ahead + at}/route/${place}`, present[at]?.route?.[place], share),
      ),
    )
    return { changes, placeOf }
  }
  const removals = [...own].reverse().map((at) => ({ op: 'remove', path: `/spec/http/${at}` }) as const)
  const insertions = managed.map((value, at) => ({ op: 'add', path: `/spec/http/${ahead + at}`, value }) as const)
  return { changes: [...removals, ...insertions], placeOf }
}

const shapeOf = (routes: readonly HttpRoute[]): string =>
  JSON.stringify(
    routes.map(({ route = [], ...rest }) => [sorted(rest), route.map(({ destination }) => sorted(destination))]),
  )

/** Keys in order, however deep: who wrote an object does not change what it says. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, held]) => [key, sorted(held)]),
  )
}

/** From the last to the first where destinations go, so that places stay true. */
function shareChanges(path: string, before: readonly Share[], after: readonly PlannedShare[]): JsonPatchOperation[] {
  const stays = new Set(after.map(({ from }) => from))
  const removals = before.flatMap((_, at) => (stays.has(at) ? [] : [{ op: 'remove', path: `${path}/${at}` } as const]))
  const changes = after.flatMap(({ share, from }, at): JsonPatchOperation[] => {
    if (from === undefined) return [{ op: 'add', path: `${path}/-`, value: share }]
    return weightChange(`${path}/${at}`, before[from], share)
  })
  return [...removals.reverse(), ...changes]
}

const weightChange = (path: string, before: Share | undefined, { weight }: Share): JsonPatchOperation[] =>
  before?.weight === weight ? [] : [{ op: 'add', path: `${path}/weight`, value: weight }]
