/**
 * Services of a canary without a router. There the pods behind a Service are all that answers, so a revision keeps its last pod until the Service
 * that names it has gone to the next one, and its endpoints with it (S6). Argo lets it go, and the Service answers nobody meanwhile. Decides which
 * revision each Service is to name and which revision keeps a pod for it; sizes are decided in `scaling.ts`.
 *
 *   Service  heads for   while
 *   stable   new         first deploy, promoted, and during an update as soon as the step in force leaves the stable revision no pod
 *   stable   stable      any other step, aborted: also back to it
 *   canary   stable      aborted, the step asks for no canary pods, or it names a revision that is neither, and only stable answers
 *   canary   new         any other step, promoted
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import { availableReplicas, rollingBudget, specReplicas, sum } from '../replicas.ts'
import { endpointsOf, hashOf, type ServiceFacts } from '../view.ts'
import { ratioTarget } from './ratio.ts'
import type { CanaryView } from './view.ts'

/** Services are looked after like this; Argo's own order is another. */
const followsPods = ({ routed, world }: CanaryView): boolean => !routed && world.compat === 'strict'

/** Undefined where there is no such revision, or where it stays as it is: who pauses the Rollout pauses this as well. */
export function revisionBehindStable(view: CanaryView): ReplicaSet | undefined {
  const { mode, newRs, stableRs, stableService } = view
  if (mode === 'initial' || mode === 'steady') return newRs
  if (mode !== 'updating' || stableService?.podHash === '' || !followsPods(view)) return stableRs
  if (view.replicas === 0 || ratioTarget(view).stable > 0) return stableRs
  return view.specPaused ? undefined : newRs
}

export function revisionBehindCanary(view: CanaryView, podHash: string): ReplicaSet | undefined {
  const { newRs, stableRs } = view
  if (view.mode === 'aborted') return stableRs
  if (view.mode !== 'updating' || view.replicas === 0 || podHash === '' || !followsPods(view)) return newRs
  const isOther = podHash !== hashOf(newRs) && podHash !== hashOf(stableRs)
  const onlyStableAnswers = availableReplicas(newRs) === 0 && availableReplicas(stableRs) > 0
  return ratioTarget(view).canary === 0 || (isOther && onlyStableAnswers) ? stableRs : newRs
}

/** It names a revision of this Rollout, and goes from there as soon as the next one can take over. */
export const isFollowing = (view: CanaryView, { podHash }: ServiceFacts): boolean =>
  followsPods(view) && view.world.replicaSets.some((rs) => hashOf(rs) === podHash)

/**
 * How many pods of `wanted` have to be available before the Service may go there: as many as the revision that it names has, and as answer behind it.
 * In the middle of an update all that have to answer, so that nothing keeps the last stable pod but this Service.
 */
export function podsToFollow(view: CanaryView, service: ServiceFacts, wanted: ReplicaSet): number {
  const { replicas, strategy, mode, newRs } = view
  const named = view.world.replicaSets.find((rs) => hashOf(rs) === service.podHash)
  const served = Math.max(availableReplicas(named), endpointsOf(service, named?.metadata.name))
  const isAhead = mode === 'updating' && wanted === newRs
  const least = isAhead ? replicas - rollingBudget(strategy, replicas).maxUnavailable : 0
  return Math.max(1, least, Math.min(replicas, served))
}

/** The size without its last pod's going too early. */
export const withLastPod = (view: CanaryView, rs: ReplicaSet, size: number): number =>
  size === 0 && keepsLastPod(view, rs) ? 1 : size

function keepsLastPod(view: CanaryView, rs: ReplicaSet): boolean {
  const { stableService, canaryService, replicas } = view
  if (!followsPods(view) || replicas === 0 || availableReplicas(rs) === 0) return false
  const heading: readonly (readonly [ServiceFacts | undefined, ReplicaSet | undefined])[] = [
    [stableService, revisionBehindStable(view)],
    [canaryService, revisionBehindCanary(view, canaryService?.podHash ?? '')],
  ]
  return heading.some(
    ([service, next]) =>
      service !== undefined &&
      next !== undefined &&
      next !== rs &&
      answersBehind(service, rs) &&
      fitsBeside(view, rs, next),
  )
}

/** A Service that names no revision has the pods of all: it loses nothing. */
const answersBehind = (service: ServiceFacts, rs: ReplicaSet): boolean =>
  service.podHash !== '' && (service.podHash === hashOf(rs) || endpointsOf(service, rs.metadata.name) > 0)

/** Its successor has a pod, or room for one beside the pod that is kept: otherwise neither would ever come or go. */
function fitsBeside(view: CanaryView, rs: ReplicaSet, next: ReplicaSet): boolean {
  const others = view.world.replicaSets.filter((one) => one !== rs)
  const most = view.replicas + rollingBudget(view.strategy, view.replicas).maxSurge
  return specReplicas(next) > 0 || sum(others.map(specReplicas)) + 1 < most
}
