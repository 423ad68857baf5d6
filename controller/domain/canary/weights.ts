/**
 * Which share of traffic the canary gets now. Decides one number and why; never raises it towards pods that do not answer, and never looks
 * at analyses or deadlines itself.
 *
 *   mode                     canary Service names  stable Service names | weight
 *   any below, and the stable ReplicaSet is gone                        | unchanged (nothing to go back to)
 *   any below                -                     none yet             | 0      (it selects every pod: nothing to protect)
 *   initial, steady,         another than stable   stable               | 0      (at once, whatever else is wrong: L2)
 *   aborted, superseded,                                                |        with dynamicStableScale as far as stable's pods carry: S3
 *   or updating with a       stable                stable, all answer   | 0
 *   canary Service that      stable                stable, some answer  | unchanged until they do
 *   names another revision   stable                another              | all    (the stable Service switches behind it: S4)
 *                            another than stable   another than stable  | 0, steady: unchanged
 *
 *   mode                 new revision behind the canary Service | weight
 *   updating             none available or answering            | 0          (S1)
 *   updating             fewer than wanted                      | not raised (S3), promoted fully and dynamic: what they carry
 *   updating             as many as wanted                      | the step's weight; dynamic: lowered as far as stable's pods carry
 *   updating, undecided  any                                    | as above, but not raised
 */

import type { Hold } from '../plan.ts'
import { availableReplicas, meetsThreshold } from '../replicas.ts'
import { describeService, endpointsOf, hashOf, isAllOf, type ServiceFacts } from '../view.ts'
import { lowestSafeWeight, stableShort, weightCarriedBy } from './stable-scale.ts'
import { type CanaryView, isReadyFor, wantedCanaryPods, wantedWeight } from './view.ts'

export interface WeightDecision {
  readonly canary: number
  readonly hold?: Hold
}

export function decideWeight(view: CanaryView): WeightDecision {
  if (view.mode === 'updating' && view.canaryService && isAllOf(view.canaryService, view.podHash))
    return weightOfStep(view, view.canaryService)
  return weightBackToStable(view)
}

/** The written weight; when somebody made it unreadable, the one on record, if anybody answers behind the canary Service. */
function currentWeight({ programmed, status, canaryService }: CanaryView): number {
  if (programmed !== undefined) return programmed
  const answers = Object.values(canaryService?.readyEndpoints ?? {}).some((count) => count > 0)
  return answers ? (status.canary?.weights?.canary.weight ?? 0) : 0
}

/** Traffic stays where pods answer until a person decides: a new revision, or a retry. */
const STABLE_MISSING: Hold = {
  reason: 'StableMissing',
  message: 'the stable ReplicaSet is gone, there is nothing to go back to: commit a revision, or retry this one',
}

/** The new revision is the stable one already, or there is no other that could be. */
const isSettling = ({ mode }: CanaryView): boolean => mode === 'steady' || mode === 'initial'

function weightBackToStable(view: CanaryView): WeightDecision {
  const { stableService, canaryService } = view
  const stableRs = isSettling(view) ? view.newRs : view.stableRs
  const current = currentWeight(view)
  // Before the first promotion nothing is missing.
  const isMissing = !isSettling(view) && view.status.stableRS !== undefined
  if (!stableRs) return { canary: current, ...(isMissing ? { hold: STABLE_MISSING } : {}) }
  const stableHash = hashOf(stableRs)
  const canaryNamesStable = canaryService?.podHash === stableHash
  if (stableService?.podHash === stableHash) {
    if (!canaryNamesStable) return leaveCanary(view, stableRs, current)
    const answering = endpointsOf(stableService, stableRs.metadata.name)
    const enough = answering > 0 && answering >= Math.min(view.replicas, availableReplicas(stableRs))
    return enough || current === 0
      ? { canary: 0 }
      : { canary: current, hold: holdEndpoints(view, stableService, answering) }
  }
  if (stableService?.podHash === '') return { canary: 0 }
  if (!canaryNamesStable) return { canary: isSettling(view) ? current : 0 }
  return towardsStable(view, stableRs, current)
}

/** Another revision than stable has traffic: it leaves at once; where stable gave up pods for it, only as fast as they come back. */
function leaveCanary(view: CanaryView, stableRs: NonNullable<CanaryView['newRs']>, current: number): WeightDecision {
  if (view.strategy.dynamicStableScale !== true) return { canary: 0 }
  const canary = lowestSafeWeight(view, stableRs, current)
  return canary === 0 ? { canary } : { canary, hold: stableShort(view, stableRs) }
}

/** Only the canary Service names the stable revision: it gets everything, so that the stable Service can switch behind it. */
function towardsStable(view: CanaryView, stableRs: NonNullable<CanaryView['newRs']>, current: number): WeightDecision {
  const answers = endpointsOf(view.canaryService, stableRs.metadata.name) > 0
  const ready = answers && availableReplicas(stableRs) >= view.replicas
  return ready || current === view.maxWeight
    ? { canary: view.maxWeight }
    : { canary: current, hold: holdPods(view, view.replicas) }
}

function weightOfStep(view: CanaryView, canaryService: ServiceFacts): WeightDecision {
  const { newRs } = view
  const current = currentWeight(view)
  const wanted = view.undecided ? Math.min(wantedWeight(view), current) : wantedWeight(view)
  const available = availableReplicas(newRs)
  const answering = endpointsOf(canaryService, newRs?.metadata.name)
  const desired = wantedCanaryPods(view)
  if (available === 0) return { canary: 0, ...(wanted > 0 ? { hold: holdPods(view, desired) } : {}) }
  if (answering === 0) return { canary: 0, hold: holdEndpoints(view, canaryService, answering) }
  if (!isReadyFor(view, desired)) {
    const carried = weightCarriedBy(view, Math.min(available, answering))
    return { canary: Math.min(Math.max(current, carried), wanted), hold: holdPods(view, desired) }
  }
  const reachable = meetsThreshold(answering, Math.min(desired, available), view.strategy.replicaProgressThreshold)
  if (!reachable && wanted > current) return { canary: current, hold: holdEndpoints(view, canaryService, answering) }
  return wanted < current ? lower(view, wanted, current) : { canary: wanted }
}

function lower(view: CanaryView, wanted: number, current: number): WeightDecision {
  if (view.strategy.dynamicStableScale !== true || !view.stableRs) return { canary: wanted }
  const canary = Math.max(wanted, lowestSafeWeight(view, view.stableRs, current))
  return canary === wanted ? { canary } : { canary, hold: stableShort(view, view.stableRs) }
}

const holdPods = (view: CanaryView, desired: number): Hold => ({
  reason: 'CanaryNotReady',
  message: `${availableReplicas(view.newRs)} of ${desired} canary pods are available`,
})

const holdEndpoints = (view: CanaryView, service: ServiceFacts, answering: number): Hold => ({
  reason: 'EndpointsNotReady',
  message: `${describeService(service)} has ${answering} ready endpoints of revision ${view.revision}`,
})
