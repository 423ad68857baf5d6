/**
 * Which revision the stable and the canary Service name. Decides selector changes only, and only while the Service carries no traffic of
 * another revision, or in one step to a set of pods that is just as ready (invariants S1, S4). A Service that another Rollout marks is left alone.
 *
 *   Service  wanted revision                      when
 *   stable   new, in modes initial and steady     the router sends everything to the canary Service, or the new pods are as many as all
 *   canary   new, while updating or steady        nothing reaches it through a router, and at least one pod is available
 *   canary   stable, once aborted or the step     nothing reaches it through a router
 *            asks for no canary pods
 *   canary   (ping-pong, no update) as above      and the revision that it names has to give its pods up: until then its connections may end
 */

import type { ReplicaSet } from '../../api/rollout.ts'
import type { Part } from '../plan.ts'
import { availableReplicas, specReplicas } from '../replicas.ts'
import { revisionOf } from '../revisions.ts'
import { switchTo } from '../service-switch.ts'
import { hashOf } from '../view.ts'
import { leaving } from './scaling.ts'
import { isQuiet } from './traffic.ts'
import { type CanaryView, isReadyFor, wantedCanaryPods } from './view.ts'

/** @param scaling what is decided about pods in the same pass: a revision that has to go loses its Service first */
export function decideServices(view: CanaryView, scaling: Part): Part[] {
  return [stablePart(view), canaryPart(view, scaling)]
}

function stablePart(view: CanaryView): Part {
  const { stableService, newRs, stableRs } = view
  if (!stableService) return {}
  const promoted = view.mode === 'initial' || view.mode === 'steady'
  const wanted = promoted ? newRs : stableRs
  if (!wanted || stableService.podHash === hashOf(wanted)) return {}
  const unused = view.routed && view.arrived && view.carried === view.maxWeight
  const equalSet = promoted ? isReadyFor(view, view.replicas) : availableReplicas(wanted) >= view.replicas
  if (unused ? availableReplicas(wanted) > 0 : equalSet) return switchTo(view, stableService, wanted)
  const message = `Service "${stableService.name}" is switched to revision ${revisionOf(wanted)} once all its pods are available`
  return { holds: [{ reason: 'ServiceNotSwitched', message }] }
}

function canaryPart(view: CanaryView, scaling: Part): Part {
  const { canaryService, mode } = view
  if (!canaryService || mode === 'superseded') return {}
  const wanted = wantedBehindCanary(view)
  if (!wanted || canaryService.podHash === hashOf(wanted)) return {}
  if (view.routed && !isQuiet(view)) return {}
  if (availableReplicas(wanted) === 0 && view.replicas > 0) return {}
  const adopting = canaryService.podHash === '' && mode !== 'updating'
  if (adopting && !isReadyFor(view, view.replicas)) return {}
  if (isResting(view, scaling)) return {}
  return switchTo(view, canaryService, wanted)
}

function wantedBehindCanary(view: CanaryView): ReplicaSet | undefined {
  if (view.mode === 'aborted') return view.stableRs
  const needsNone = view.routed && view.mode === 'updating' && wantedCanaryPods(view) === 0
  return needsNone ? view.stableRs : view.newRs
}

/** The idle Service of a ping-pong pair still names pods that nobody has asked to go. */
function isResting(view: CanaryView, scaling: Part): boolean {
  if (!view.strategy.pingPong || view.mode === 'updating') return false
  const named = view.world.replicaSets.find((rs) => hashOf(rs) === view.canaryService?.podHash)
  if (!named || specReplicas(named) === 0) return false
  return !leaving(scaling).some(({ replicaSet }) => hashOf(replicaSet) === hashOf(named))
}
