/**
 * How many pods every revision gets in this pass. Capacity goes up before weight and down after it: a revision shrinks only once no router
 * can still send to it, and a revision that served goes to 0 only a delay after that was confirmed (invariants S5, S6, S7).
 *
 *   routed             new                               stable                others
 *   initial, steady    all                               -                     0 after scaleDownDelaySeconds, once nothing reaches them
 *   updating           the step's size, not below what   all                   same
 *                      the written weight needs          dynamic: its share
 *   aborted            kept; 0 after the abort delay     all                   same
 *                      once nothing reaches it and
 *                      stable is full
 *   dynamic            aborted without a delay of its    see stable-scale.ts   as many as their weight needs, 0 without a delay
 *                      own: as many as its weight needs
 *   unrouted           `replica-ratio.ts`: the share of pods is the share of traffic; the last pod behind a Service: `unrouted-services.ts`
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import { type Action, join, type Part } from '../plan.ts'
import { availableReplicas, podsForWeight, rollingBudget, specReplicas, sum } from '../replicas.ts'
import { type Retirement, retire, retireOthers, scale } from '../scale.ts'
import { endpointsOf, hashOf, isNamedBy, type ServiceFacts } from '../view.ts'
import { countsOf, nextSizes, ratioTarget } from './ratio.ts'
import { drainOlder } from './replica-ratio.ts'
import { isCanaryTaken, stablePods } from './stable-scale.ts'
import { isQuiet } from './traffic.ts'
import { withLastPod } from './unrouted-services.ts'
import { type CanaryView, wantedCanaryPods } from './view.ts'

export function decideScaling(view: CanaryView): Part {
  if (view.mode === 'superseded') return {}
  if (view.specPaused && view.mode !== 'aborted') return {}
  return view.routed ? scaleRouted(view) : scaleUnrouted(view)
}

function scaleRouted(view: CanaryView): Part {
  const { newRs, stableRs } = view
  const stable = stableRs && stableRs !== newRs ? [scale(view, stableRs, stablePods(view, stableRs))] : []
  const canary = newRs ? [view.mode === 'aborted' ? scaleAborted(view, newRs) : scaleNew(view, newRs)] : []
  return join(...stable, ...canary, scaleOthers(view))
}

function scaleNew(view: CanaryView, newRs: ReplicaSet): Part {
  const size = specReplicas(newRs)
  const wanted = wantedCanaryPods(view)
  if (view.mode !== 'updating') return scale(view, newRs, wanted)
  // Stable has to be whole again before the next revision may take the room.
  if (view.strategy.dynamicStableScale && isCanaryTaken(view)) return scale(view, newRs, Math.min(wanted, size))
  return scale(view, newRs, Math.max(wanted, Math.min(size, podsInUse(view, size))))
}

/** Pods that what routers may send needs; all of them while nobody knows, and while stable's share comes to every pod that answers. */
function podsInUse(view: CanaryView, size: number): number {
  const isShared = view.stableService?.podHash === '' && view.stableService.subset === undefined
  if (isShared || !view.arrived || view.carried === undefined) return size
  return podsForWeight(view.replicas, view.carried, view.maxWeight)
}

function scaleAborted(view: CanaryView, newRs: ReplicaSet): Part {
  const { dynamicStableScale, abortScaleDownDelaySeconds: delaySeconds } = view.strategy
  if (delaySeconds === 0) return {}
  if (dynamicStableScale && delaySeconds === undefined) return follow(view, newRs)
  const stableIsFull = availableReplicas(view.stableRs) >= view.replicas
  return stableIsFull ? retire(view, newRs, retirement(view, delaySeconds)) : {}
}

/** A revision that loses its weight bit by bit gives its pods back likewise, or stable might never find room for its own. */
function follow(view: CanaryView, rs: ReplicaSet): Part {
  const { isReached } = retirement(view, 0)
  const size = specReplicas(rs)
  const named = isNamedBy(view.canaryService, hashOf(rs))
  if (!isReached(rs)) return retire(view, rs, retirement(view, 0))
  return named ? scale(view, rs, Math.min(size, Math.max(1, podsInUse(view, size)))) : {}
}

function scaleOthers(view: CanaryView): Part {
  const { dynamicStableScale, scaleDownDelaySeconds, scaleDownDelayRevisionLimit } = view.strategy
  if (dynamicStableScale) return join(...view.others.map((rs) => follow(view, rs)))
  return retireOthers(view, retirement(view, scaleDownDelaySeconds), scaleDownDelayRevisionLimit)
}

/** A Service that names no revision yet, or another one since a moment, sends to these pods too. A subset has its own way to tell them apart. */
const stillServes = (service: ServiceFacts | undefined, rs: ReplicaSet): boolean =>
  service !== undefined && service.subset === undefined && endpointsOf(service, rs.metadata.name) > 0

/**
 * Traffic may still come: a Service names the revision, or a router has not settled what it was told last, or pods of it answer behind a Service that
 * gets requests and names another. With ping-pong an idle Service goes on naming the former revision until its pods go: that alone is no reach.
 */
const retirement = (view: CanaryView, delaySeconds: number | undefined): Retirement => ({
  delaySeconds,
  isReached: (rs) => {
    const { stableService, canaryService } = view
    const isIdle = view.strategy.pingPong !== undefined && view.mode !== 'updating' && isQuiet(view)
    const naming = isIdle ? [stableService] : [canaryService, stableService]
    const used = isQuiet(view) ? [stableService] : [canaryService, stableService]
    return (
      naming.some((service) => isNamedBy(service, hashOf(rs))) ||
      used.some((service) => stillServes(service, rs)) ||
      !view.arrived
    )
  },
})

/**
 * Of what is decided, the part that may be done now: what a Service names keeps its pods until the Service names another (S6), but for a Rollout
 * that is to have no pods at all, and for a stable revision without traffic, whose last pod Argo takes.
 */
export function keepNamed(view: CanaryView, scaling: Part): Part {
  if (!view.routed || view.replicas === 0) return scaling
  const naming = [view.canaryService, ...(view.world.compat === 'argo' ? [] : [view.stableService])]
  const isKept = (rs: ReplicaSet): boolean => naming.some((service) => isNamedBy(service, hashOf(rs)))
  const kept = leaving(scaling).filter((action) => isKept(action.replicaSet))
  if (kept.length === 0) return scaling
  return {
    ...scaling,
    actions: (scaling.actions ?? []).filter((action) => !kept.some((one) => one === action)),
    events: (scaling.events ?? []).filter(({ action }) => !kept.some((one) => one === action)),
  }
}

/** The decided ends: revisions that would have no pod any more. */
export const leaving = ({ actions = [] }: Part): readonly Extract<Action, { do: 'scale' }>[] =>
  actions.flatMap((action) => (action.do === 'scale' && action.to === 0 ? [action] : []))

function scaleUnrouted(view: CanaryView): Part {
  const { newRs, stableRs } = view
  const stable = stableRs === newRs ? undefined : stableRs
  const drained = drainOthers(view, stable)
  if ((drained.actions ?? []).length > 0) return drained
  if (!stable) {
    if (!newRs) return {}
    return scale(view, newRs, view.mode === 'aborted' ? specReplicas(newRs) : ratioTarget(view).canary)
  }
  const next = nextSizes(view, stable)
  return join(
    scale(view, stable, withLastPod(view, stable, next.stable)),
    newRs ? scale(view, newRs, withLastPod(view, newRs, next.canary)) : {},
  )
}

function drainOthers(view: CanaryView, stable: ReplicaSet | undefined): Part {
  const { newRs, others, replicas } = view
  if (sum(others.map(specReplicas)) === 0) return {}
  const { maxUnavailable } = rollingBudget(view.strategy, replicas)
  const available = sum([newRs, stable, ...others].map(availableReplicas))
  const sizes = drainOlder(others.map(countsOf), available - (replicas - maxUnavailable))
  return join(...others.map((rs, at) => scale(view, rs, withLastPod(view, rs, sizes[at] ?? 0))))
}
