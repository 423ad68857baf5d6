/**
 * Which share of traffic the canary gets now. Decides one number and why; never raises it towards pods that do not answer, and never looks
 * at analyses, pauses or deadlines.
 *
 *   mode                     canary Service names  stable Service names | weight
 *   initial                  -                     -                    | 0
 *   any below, and the stable ReplicaSet is gone                        | unchanged (nothing to go back to)
 *   any below                -                     none yet             | 0      (it selects every pod: nothing to protect)
 *   steady, aborted,         another than stable   stable               | 0      (at once, whatever else is wrong: L2)
 *   superseded, or updating  stable                stable, all answer   | 0
 *   with a canary Service    stable                stable, some answer  | unchanged until they do
 *   that names another       stable                another              | all    (the stable Service switches behind it: S4)
 *   revision                 another than stable   another than stable  | 0, steady: unchanged
 *
 *   mode                 new revision behind the canary Service | weight
 *   updating             none available or answering            | 0          (S1)
 *   updating             fewer than wanted                      | not raised (S3)
 *   updating             as many as wanted                      | the step's weight
 */

import type { Hold } from '../plan.ts'
import { availableReplicas, meetsThreshold } from '../replicas.ts'
import { endpointsOf, hashOf, type ServiceFacts } from '../view.ts'
import { type CanaryView, isReadyFor, wantedCanaryPods, wantedWeight } from './view.ts'

export interface WeightDecision {
  readonly canary: number
  readonly hold?: Hold
}

export function decideWeight(view: CanaryView): WeightDecision {
  if (view.mode === 'initial') return { canary: 0 }
  if (view.mode === 'updating' && view.canaryService?.podHash === view.podHash)
    return weightOfStep(view, view.canaryService)
  return weightBackToStable(view)
}

/** Traffic stays where pods answer until a person decides: a new revision, or a retry. */
const STABLE_MISSING: Hold = {
  reason: 'StableMissing',
  message: 'the stable ReplicaSet is gone, there is nothing to go back to: commit a revision, or retry this one',
}

function weightBackToStable(view: CanaryView): WeightDecision {
  const { stableService, canaryService, maxWeight } = view
  const stableRs = view.mode === 'steady' ? view.newRs : view.stableRs
  const current = view.programmed ?? 0
  if (!stableRs) return { canary: current, ...(view.mode === 'steady' ? {} : { hold: STABLE_MISSING }) }
  const stableHash = hashOf(stableRs)
  const canaryNamesStable = canaryService?.podHash === stableHash
  if (stableService?.podHash === stableHash) {
    const answering = endpointsOf(stableService, stableRs.metadata.name)
    const enough = answering > 0 && answering >= Math.min(view.replicas, availableReplicas(stableRs))
    if (enough || current === 0 || !canaryNamesStable) return { canary: 0 }
    return { canary: current, hold: holdEndpoints(view, stableService.name, answering) }
  }
  if (stableService?.podHash === '') return { canary: 0 }
  if (!canaryNamesStable) return { canary: view.mode === 'steady' ? current : 0 }
  const answers = endpointsOf(canaryService, stableRs.metadata.name) > 0
  const ready = answers && availableReplicas(stableRs) >= view.replicas
  return ready || current === maxWeight
    ? { canary: maxWeight }
    : { canary: current, hold: holdPods(view, view.replicas) }
}

function weightOfStep(view: CanaryView, canaryService: ServiceFacts): WeightDecision {
  const { newRs } = view
  const wanted = wantedWeight(view)
  const available = availableReplicas(newRs)
  const answering = endpointsOf(canaryService, newRs?.metadata.name)
  const desired = wantedCanaryPods(view)
  if (available === 0) return { canary: 0, ...(wanted > 0 ? { hold: holdPods(view, desired) } : {}) }
  if (answering === 0) return { canary: 0, hold: holdEndpoints(view, canaryService.name, answering) }
  const current = view.programmed ?? 0
  if (!isReadyFor(view, desired)) return { canary: Math.min(current, wanted), hold: holdPods(view, desired) }
  const reachable = meetsThreshold(answering, Math.min(desired, available), view.strategy.replicaProgressThreshold)
  if (!reachable && wanted > current)
    return { canary: current, hold: holdEndpoints(view, canaryService.name, answering) }
  return { canary: wanted }
}

const holdPods = (view: CanaryView, desired: number): Hold => ({
  reason: 'CanaryNotReady',
  message: `${availableReplicas(view.newRs)} of ${desired} canary pods are available`,
})

const holdEndpoints = (view: CanaryView, service: string, answering: number): Hold => ({
  reason: 'EndpointsNotReady',
  message: `Service "${service}" has ${answering} ready endpoints of revision ${view.revision}`,
})
