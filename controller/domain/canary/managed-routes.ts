/**
 * Which header, colour and mirror routes there must be now. The set follows from the steps up to the one in force and from who answers, never from which
 * step runs: a route that got lost comes back, one that a later step takes back goes, and none outlives the update (S21).
 *
 *   mode               canary Service names the revision, and it answers | routes
 *   updating           yes                                               | the last word of each name, in the order of `managedRoutes`
 *   updating           no                                                | none (S1)
 *   promoted fully     yes                                               | what is there, as it is: skipped steps add and widen nothing
 *   any other          -                                                 | none
 */
import type { CanaryStep } from '../../api/rollout.ts'
import type { ManagedRoute, PresentRoute } from '../../api/traffic.ts'
import { endpointsOf, isAllOf } from '../view.ts'
import { routesOfStep } from './steps.ts'
import type { CanaryView } from './view.ts'

export function wantedManagedRoutes(view: CanaryView): readonly ManagedRoute[] {
  const { canaryService, newRs, strategy, steps, stepIndex } = view
  if (view.mode !== 'updating' || !newRs || !isAllOf(canaryService, view.podHash)) return []
  if (endpointsOf(canaryService, newRs.metadata.name) === 0) return []
  const said = view.promoteFull ? routesKept(view) : routesSaid(steps.slice(0, stepIndex + 1))
  return (strategy.trafficRouting?.managedRoutes ?? []).flatMap(({ name }) => said.get(name) ?? [])
}

/** What some step declared and is there, unless the steps take it back in the end. Pods for what a skipped step would send have not come yet. */
function routesKept({ steps, presentRoutes }: CanaryView): ReadonlyMap<string, ManagedRoute> {
  const there = new Set(presentRoutes.map(({ route }) => JSON.stringify(route)))
  const last = routesSaid(steps)
  return new Map(
    steps
      .flatMap(routesOfStep)
      .flatMap(({ name, route }) =>
        route && last.get(name) && there.has(JSON.stringify(route)) ? [[name, route] as const] : [],
      ),
  )
}

/** Undefined for a name whose last step has no match: that takes it back. */
const routesSaid = (steps: readonly CanaryStep[]): ReadonlyMap<string, ManagedRoute | undefined> =>
  new Map(steps.flatMap(routesOfStep).map(({ name, route }) => [name, route] as const))

/** The objects say exactly these routes, in this order. */
export const isAsWanted = (present: readonly PresentRoute[], wanted: readonly ManagedRoute[]): boolean =>
  present.every(({ intact }) => intact) && JSON.stringify(present.map(({ route }) => route)) === JSON.stringify(wanted)
