/**
 * The write that brings the routers to what is wanted: weights, additional Services, managed routes, all in one intent. A router that cannot be
 * driven holds with its own words. It must not decide a weight.
 */
import type { AdditionalWeight, ManagedRoute, TrafficIntent } from '../../api/traffic.ts'
import { type Action, type Hold, join, type Part, type PlannedEvent } from '../plan.ts'
import { sum } from '../replicas.ts'
import type { ServiceFacts } from '../view.ts'
import type { RouteReading } from '../world.ts'
import { judgeDrift } from './drift.ts'
import { isAsWanted, wantedManagedRoutes } from './managed-routes.ts'
import { recordReversals } from './reversals.ts'
import { isQuiet } from './traffic.ts'
import type { CanaryView } from './view.ts'
import type { WeightDecision } from './weights.ts'

/** @param additional weights of Services besides the two roles; what does not fit beside the canary's weight gets none */
export function decideRoute(
  view: CanaryView,
  decision: WeightDecision,
  additional: readonly AdditionalWeight[] = [],
): Part {
  if (!view.routed || arePartsUnset(view)) return {}
  const wedged = findWedge(view, decision.canary)
  const intent = intend(view, wedged ? (view.programmed ?? 0) : decision.canary, additional)
  const holds = [decision.hold ?? [], wedged ?? [], problems(view), uncarried(view, intent.managedRoutes)].flat()
  const unwritten = view.world.routes.filter((reading) => reading.drivable && !isWritten(reading, intent))
  const opens = opened(view, intent)
  const drift = judgeDrift(view, { intent, unwritten, opens: opens.length > 0 })
  if (unwritten.length === 0) return join(tidy(view, intent), { holds: [...holds, ...unsettled(view)] }, drift.part)
  if (!drift.mayWrite) return join({ holds }, drift.part, drift.record ? recordReversals(drift.record) : {})
  const corrects = drift.corrects === undefined ? {} : { corrects: drift.corrects }
  const action = { do: 'route', from: view.programmed, opens, ...corrects, ...intent } as const
  const record = drift.record ? recordReversals(drift.record, action) : {}
  return join({ actions: [action], events: told(view, action), holds }, drift.part, record)
}

function told({ programmed }: CanaryView, action: Extract<Action, { do: 'route' }>): readonly PlannedEvent[] {
  const { canary, corrects } = action
  const message = `Traffic weight updated from ${programmed ?? 'unset'} to ${canary}`
  const updated = { type: 'Normal', reason: 'TrafficWeightUpdated', message, action } as const
  if (corrects === undefined) return programmed === canary ? [] : [updated]
  const what = programmed === canary ? 'routes' : `canary weight ${programmed ?? 'unset'}`
  const words = `${corrects} changed what the Rollout writes there: ${what} corrected`
  const reversed = { type: 'Warning', reason: 'TrafficReversed', message: words, action } as const
  return programmed === canary ? [reversed] : [reversed, updated]
}

/** Taking away what carries weight, all at once, would fail the requests that are on their way to it. */
function tidy(view: CanaryView, intent: TrafficIntent): Part {
  if (view.mode === 'updating' || !isQuiet(view) || !view.world.routes.some(({ isUntidy }) => isUntidy)) return {}
  return { actions: [{ do: 'route', from: view.programmed, opens: [], ...intent, tidy: true }] }
}

/** Before a first ping-pong promotion nobody knows which Service is to be the stable one; both select every pod. */
const arePartsUnset = ({ strategy, status }: CanaryView): boolean => strategy.pingPong !== undefined && !status.stableRS

/** What destinations of somebody else leave for the two parts and experiments. */
const roomOf = ({ world, maxWeight }: CanaryView): number =>
  Math.min(maxWeight, ...world.routes.flatMap((route) => route.room ?? []))

/** They would leave stable nothing long before the canary is to have all. Nothing keeps traffic from going back. */
function findWedge(view: CanaryView, canary: number): Hold | undefined {
  const { programmed = 0, maxWeight } = view
  const room = roomOf(view)
  if (canary <= Math.max(room, programmed) || canary === maxWeight) return undefined
  const message = `canary weight ${canary} cannot be written: destinations that are not the Rollout's leave ${room} of ${maxWeight}, lower their weights`
  return { reason: 'TrafficRoutingError', message }
}

function intend(view: CanaryView, canary: number, wanted: readonly AdditionalWeight[]): TrafficIntent {
  const room = view.maxWeight - canary
  const fits = sum(wanted.map(({ weight }) => weight)) <= roomOf(view) - canary
  const additional = fits ? wanted : []
  const stable = room - sum(additional.map(({ weight }) => weight))
  return { canary, stable, additional, managedRoutes: wantedManagedRoutes(view) }
}

function isWritten(reading: RouteReading, intent: TrafficIntent): boolean {
  const { programmedCanary, additional = {}, managedRoutes, marksFit = true } = reading
  const added = Object.entries(additional)
  const sameAdded =
    added.length === intent.additional.length &&
    intent.additional.every(({ service, weight }) => additional[service] === weight)
  const sameManaged = managedRoutes === undefined || isAsWanted(managedRoutes, intent.managedRoutes)
  return programmedCanary === intent.canary && sameAdded && sameManaged && marksFit
}

/** Services that get what they did not have: more weight, or a route of their own. */
function opened(view: CanaryView, intent: TrafficIntent): readonly string[] {
  const had = new Map(view.presentRoutes.map(({ route, intact }) => [route.name, intact ? JSON.stringify(route) : '']))
  const newRoute = intent.managedRoutes.some((route) => had.get(route.name) !== JSON.stringify(route))
  const canary = intent.canary > (view.programmed ?? 0) || newRoute ? namesOf(view.canaryService) : []
  const added = intent.additional.filter(({ service, weight }) => weight > (view.additional[service] ?? 0))
  return [...canary, ...added.map(({ service }) => service)]
}

const namesOf = (service: ServiceFacts | undefined): readonly string[] =>
  service ? [service.name, ...service.beside.map(({ name }) => name)] : ['']

const problems = (view: CanaryView): readonly Hold[] =>
  view.world.routes.flatMap(({ problem }) => (problem ? [{ reason: 'TrafficRoutingError', message: problem }] : []))

/** Header and mirror routes are asked for and no router takes any. */
function uncarried(view: CanaryView, wanted: readonly ManagedRoute[]): readonly Hold[] {
  const { routes } = view.world
  if (wanted.length === 0 || routes.some(({ drivable, managedRoutes }) => !drivable || managedRoutes)) return []
  const message = `no route takes "${wanted[0]?.name}": set useHeaderRoutes on one of the routes in trafficRouting`
  return [{ reason: 'TrafficRoutingError', message }]
}

function unsettled(view: CanaryView): Hold[] {
  const lagging = view.world.routes.filter((route) => route.confirmation === 'pending').map((route) => route.router)
  if (lagging.length === 0) return []
  return [
    {
      reason: 'WeightNotConfirmed',
      message: `${lagging.join(', ')} has not confirmed the canary weight ${view.programmed} yet`,
    },
  ]
}
