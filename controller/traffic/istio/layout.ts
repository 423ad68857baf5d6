/**
 * A VirtualService taken apart: the routes that carry weights, and the managed ones. A managed route is known by its name alone, as in Argo: one
 * that bears a name of `managedRoutes`, or of our ledger, is ours.
 */
import type { KubeObject } from '../../api/meta.ts'
import { type LedgerEntry, readLedger } from '../codec/ledger.ts'
import type { RouterContext } from '../router.ts'
import type { VirtualServiceRef } from './config.ts'
import type { HostRule } from './destination-rule.ts'
import type { Base } from './managed.ts'
import { type HttpRoute, parseVirtualService, type VirtualServiceSpec } from './objects.ts'
import { pickRoutes } from './routes.ts'
import { findForeign, type Scene, type Slot, slotOf } from './slots.ts'

/** One VirtualService of the configuration. */
export interface Target {
  /** For words: `VirtualService "web/shop"`. */
  readonly label: string
  readonly ref: VirtualServiceRef
  readonly namespace: string
}

export interface Layout {
  readonly object: KubeObject
  readonly http: readonly HttpRoute[]
  /** Places of the managed routes. */
  readonly own: ReadonlySet<number>
  /** Places of the user's. */
  readonly theirs: readonly number[]
  /** How many of those stand before the first that carries weights: managed routes take no request from them. */
  readonly ahead: number
  readonly entry: LedgerEntry<HttpRoute>
  readonly slots: readonly Slot[]
  readonly scene: Scene
  /** What is wrong with it; the slots that are right can be written all the same. */
  readonly problem: string | undefined
}

export function examine(
  target: Target,
  object: KubeObject,
  context: RouterContext,
  rule: HostRule | undefined,
): Layout {
  const spec = parseVirtualService(object)
  const entry = readLedger<HttpRoute>(object, context)
  const { http = [] } = spec ?? {}
  const names = new Set([...context.managedRouteNames, ...entry.routes.map(({ route }) => route.name)])
  const own = new Set(http.flatMap(({ name }, at) => (name !== undefined && names.has(name) ? [at] : [])))
  const scene: Scene = { context, namespace: target.namespace, rule, added: entry.backends }
  const found = spec ? findSlots(target, spec, own, scene) : [{ problem: 'spec is not that of a VirtualService' }]
  const slots = found.flatMap((one) => ('problem' in one ? [] : [one]))
  const problem = found.flatMap((one) => ('problem' in one ? [one.problem] : [])).at(0)
  const theirs = [...http.keys()].filter((at) => !own.has(at))
  const first = slots.find(({ section }) => section === 'http')?.at
  const ahead = first === undefined ? 0 : theirs.indexOf(first)
  return { object, http, own, theirs, ahead, entry, slots, scene, problem: problem && `${target.label}: ${problem}` }
}

function findSlots(
  { ref }: Target,
  spec: VirtualServiceSpec,
  own: ReadonlySet<number>,
  scene: Scene,
): readonly (Slot | { readonly problem: string })[] {
  return pickRoutes(ref, spec, (at) => own.has(at)).flatMap((picked) => {
    if ('problem' in picked) return [picked]
    return picked.flatMap((route) => {
      const slot = slotOf(route, scene)
      const place = `spec.${route.section}[${route.at}]`
      if ('problem' in slot)
        return [
          {
            problem: `Istio VirtualService has invalid ${route.section.toUpperCase()} routes. Error: ${slot.problem} (${place})`,
          },
        ]
      const foreign = findForeign(slot, scene)
      if (foreign === undefined) return [slot]
      const problem = `${place} sends to ${foreign} besides canary and stable: remove that destination, or name its subset in destinationRule.additionalSubsetNames`
      return [slot, { problem }]
    })
  })
}

/** The weighted http routes as they stand, which managed ones are made from. */
export const basesOf = ({ http, slots }: Layout): readonly Base[] =>
  slots.flatMap(({ section, at, canary }) => {
    const route = section === 'http' ? http[at] : undefined
    return route ? [{ route, canary }] : []
  })
