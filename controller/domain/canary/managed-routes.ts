/**
 * Which header, colour and mirror routes there must be now. The set follows from the steps up to the one in force and from who answers, never from which
 * step runs: a route that got lost comes back, one that a later step takes back goes, and none outlives the update (S21).
 *
 *   mode               canary Service names the revision, and it answers | routes
 *   updating           yes                                               | the last word of each name, in the order of `managedRoutes`
 *   updating           no                                                | none (S1)
 *   promoted fully     yes                                               | of those, the ones that are there: steps that were skipped add none
 *   any other          -                                                 | none
 */
import type { CanaryStep } from '../../api/rollout.ts'
import type { ManagedRoute, PresentRoute } from '../../api/traffic.ts'
import { endpointsOf, isAllOf } from '../view.ts'
import { routeOfStep } from './steps.ts'
import type { CanaryView } from './view.ts'

export function wantedManagedRoutes(view: CanaryView): readonly ManagedRoute[] {
  const { canaryService, newRs, strategy, steps, stepIndex } = view
  if (view.mode !== 'updating' || !newRs || !isAllOf(canaryService, view.podHash)) return []
  if (endpointsOf(canaryService, newRs.metadata.name) === 0) return []
  const said = routesSaid(steps.slice(0, stepIndex + 1))
  const there = new Set(view.presentRoutes.map(({ route }) => route.name))
  return (strategy.trafficRouting?.managedRoutes ?? [])
    .flatMap(({ name }) => said.get(name) ?? [])
    .filter(({ name }) => !view.promoteFull || there.has(name))
}

/** Undefined for a name whose last step has no match: that takes it back. */
const routesSaid = (steps: readonly CanaryStep[]): ReadonlyMap<string, ManagedRoute | undefined> =>
  new Map(
    steps.flatMap((step) => {
      const declared = routeOfStep(step)
      return declared ? [[declared.name, declared.route] as const] : []
    }),
  )

/** The objects say exactly these routes, in this order. */
export const isAsWanted = (present: readonly PresentRoute[], wanted: readonly ManagedRoute[]): boolean =>
  present.every(({ intact }) => intact) && JSON.stringify(present.map(({ route }) => route)) === JSON.stringify(wanted)
