/**
 * Which revision the stable and the canary Service name. Decides selector changes only, and only while the Service carries no traffic of
 * another revision, or in one step to a set of pods that is just as ready (invariants S1, S4). A Service that another Rollout marks is left alone.
 * Subsets of a Service are switched like Services, and Services that are named beside them with them.
 *
 *   Service  wanted revision                      when
 *   stable   new, in modes initial and steady     the router sends everything to the canary Service, or the new pods are as many as all
 *   stable   (without a router)                   see unrouted-services.ts
 *   canary   new, while updating or steady        nothing reaches it through a router, and at least one pod is available
 *   canary   new, and no other has pods         it names none yet, so that it takes the same pods before and after
 *   canary   stable, once aborted or the step     nothing reaches it through a router
 *            asks for no canary pods
 *   canary   (ping-pong, no update) as above      and the revision that it names has to give its pods up: until then its connections may end
 */

import type { ReplicaSet } from '../../api/rollout.ts'
import { join, type Part } from '../plan.ts'
import { availableReplicas, createdReplicas, meetsThreshold, specReplicas } from '../replicas.ts'
import { holdsSwitch, switchTo } from '../service-switch.ts'
import { hashOf, notNaming, type ServiceFacts } from '../view.ts'
import { leaving } from './scaling.ts'
import { isQuiet } from './traffic.ts'
import { isFollowing, podsToFollow, revisionBehindCanary, revisionBehindStable } from './unrouted-services.ts'
import { type CanaryView, wantedCanaryPods } from './view.ts'

/** @param scaling what is decided about pods in the same pass: a revision that has to go loses its Service first */
export function decideServices(view: CanaryView, scaling: Part): Part[] {
  return [stablePart(view), canaryPart(view, scaling)]
}

function stablePart(view: CanaryView): Part {
  const { stableService } = view
  const promoted = view.mode === 'initial' || view.mode === 'steady'
  const wanted = revisionBehindStable(view)
  const late = wanted ? notNaming(stableService, hashOf(wanted)) : []
  if (!wanted || !stableService || late.length === 0) return {}
  const unused = view.routed && view.arrived && view.carried === view.maxWeight
  const equalSet = promoted ? isWhole(view, wanted) : availableReplicas(wanted) >= view.replicas
  if (unused ? availableReplicas(wanted) > 0 : equalSet) return switchAll(view, late, wanted)
  if (!isFollowing(view, stableService)) return holdsSwitch(stableService, wanted)
  const mayFollow = availableReplicas(wanted) >= podsToFollow(view, stableService, wanted)
  return mayFollow ? switchAll(view, late, wanted) : holdsSwitch(stableService, wanted, 'enough of')
}

function canaryPart(view: CanaryView, scaling: Part): Part {
  const { canaryService, mode } = view
  if (!canaryService || mode === 'superseded') return {}
  const wanted = wantedBehindCanary(view, canaryService)
  const late = wanted ? notNaming(canaryService, hashOf(wanted)) : []
  if (!wanted || late.length === 0) return {}
  const adopting = canaryService.podHash === '' && mode !== 'updating'
  if (adopting && !isWhole(view, wanted)) return {}
  const samePods = adopting && isAlone(view, wanted)
  if (view.routed && !isQuiet(view) && !samePods) return {}
  if (availableReplicas(wanted) === 0 && view.replicas > 0) return {}
  if (isResting(view, scaling)) return {}
  return switchAll(view, late, wanted)
}

const isWhole = ({ replicas, strategy }: CanaryView, rs: ReplicaSet): boolean =>
  meetsThreshold(availableReplicas(rs), replicas, strategy.replicaProgressThreshold)

const switchAll = (view: CanaryView, late: readonly ServiceFacts[], wanted: ReplicaSet): Part =>
  join(...late.map((service) => switchTo(view, service, wanted)))

const isAlone = ({ world }: CanaryView, { metadata }: ReplicaSet): boolean =>
  world.replicaSets.every(
    (rs) => rs.metadata.name === metadata.name || (specReplicas(rs) === 0 && createdReplicas(rs) === 0),
  )

function wantedBehindCanary(view: CanaryView, { podHash }: ServiceFacts): ReplicaSet | undefined {
  if (!view.routed) return revisionBehindCanary(view, podHash)
  if (view.mode === 'aborted') return view.stableRs
  const needsNone = view.mode === 'updating' && wantedCanaryPods(view) === 0
  return needsNone ? view.stableRs : view.newRs
}

/** The idle Service of a ping-pong pair still names pods that nobody has asked to go. */
function isResting(view: CanaryView, scaling: Part): boolean {
  if (!view.strategy.pingPong || view.mode === 'updating') return false
  const named = view.world.replicaSets.find((rs) => hashOf(rs) === view.canaryService?.podHash)
  if (!named || specReplicas(named) === 0) return false
  return !leaving(scaling).some(({ replicaSet }) => hashOf(replicaSet) === hashOf(named))
}
