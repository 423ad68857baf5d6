/**
 * Which revision the stable and the canary Service name. Decides selector changes only, and only while the Service carries no traffic of
 * another revision, or in one step to a set of pods that is just as ready (invariants S1, S4).
 *
 *   Service  wanted revision                      when
 *   stable   new, in modes initial and steady     the router sends everything to the canary Service, or the new pods are as many as all
 *   canary   new, while updating or steady        weight 0 (settled) and at least one pod available
 *   canary   stable, once aborted                 weight 0 (settled)
 */

import type { ReplicaSet } from '../../api/rollout.ts'
import type { Part } from '../plan.ts'
import { availableReplicas } from '../replicas.ts'
import { revisionOf } from '../revisions.ts'
import { hashOf, type ServiceFacts } from '../view.ts'
import { type CanaryView, isReadyFor } from './view.ts'

export function decideServices(view: CanaryView): Part[] {
  return [stablePart(view), canaryPart(view)]
}

function stablePart(view: CanaryView): Part {
  const { stableService, newRs, stableRs } = view
  if (!stableService) return {}
  const promoted = view.mode === 'initial' || view.mode === 'steady'
  const wanted = promoted ? newRs : stableRs
  if (!wanted || stableService.podHash === hashOf(wanted)) return {}
  const unused = view.routed && view.settled && view.programmed === view.maxWeight
  const equalSet = promoted ? isReadyFor(view, view.replicas) : availableReplicas(wanted) >= view.replicas
  if (unused ? availableReplicas(wanted) > 0 : equalSet) return select(stableService, wanted)
  return {
    holds: [
      {
        reason: 'ServiceNotSwitched',
        message: `Service "${stableService.name}" is switched to revision ${revisionOf(wanted)} once all its pods are available`,
      },
    ],
  }
}

function canaryPart(view: CanaryView): Part {
  const { canaryService, newRs, stableRs, mode } = view
  if (!canaryService || mode === 'superseded') return {}
  const wanted = mode === 'aborted' ? stableRs : newRs
  if (!wanted || canaryService.podHash === hashOf(wanted)) return {}
  const unused = !view.routed || (view.programmed === 0 && view.settled)
  if (!unused || availableReplicas(wanted) === 0) return {}
  const adopting = canaryService.podHash === '' && mode !== 'updating'
  if (adopting && !isReadyFor(view, view.replicas)) return {}
  return select(canaryService, wanted)
}

function select(service: ServiceFacts, rs: ReplicaSet): Part {
  const action = { do: 'select', service: service.name, podHash: hashOf(rs), replicaSet: rs.metadata.name } as const
  const message = `Switched selector for service '${service.name}' from '${service.podHash}' to '${hashOf(rs)}'`
  return { actions: [action], events: [{ type: 'Normal', reason: 'SwitchService', message, action }] }
}
