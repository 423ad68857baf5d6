/**
 * The stable revision under `dynamicStableScale`: it has the pods that its traffic needs, not all. Decides how many, and how fast traffic may
 * come back to it: never faster than its pods do (S3), and never waiting for anything but those pods, so that no abort can stand still (AR#4898).
 *
 *   R = 4    stable available | weight that the canary may go down to
 *   at 75    1                | 75        4 − 1 of 4 pods' share has to stay
 *            2                | 50
 *            3                | 25
 *            4                | 0
 *   at 75, one canary pod of three left, stable 1: 50 (the pods that are there share alike)
 *   no canary pod left: 0, however many stable has (S1)
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import type { Hold } from '../plan.ts'
import { availableReplicas, meetsThreshold, podsForWeight, specReplicas } from '../replicas.ts'
import { endpointsOf, hashOf } from '../view.ts'
import { canaryScaleAt } from './steps.ts'
import { isQuiet } from './traffic.ts'
import { type CanaryView, wantedWeight } from './view.ts'

const isDynamic = (view: CanaryView): boolean => view.strategy.dynamicStableScale === true

/** The least weight that the canary Service has to keep while stable is short of pods; never above `current`. */
export function lowestSafeWeight(view: CanaryView, stableRs: ReplicaSet, current: number): number {
  const { replicas, maxWeight, canaryService } = view
  const serving = view.world.replicaSets.find((rs) => hashOf(rs) === canaryService?.podHash)
  const canary = Math.min(availableReplicas(serving), endpointsOf(canaryService, serving?.metadata.name))
  const stable = answering(view, stableRs)
  if (canary === 0 || meetsThreshold(stable, replicas, view.strategy.replicaProgressThreshold)) return 0
  const kept = maxWeight - Math.floor((stable * maxWeight) / replicas)
  const alike = Math.ceil((canary * maxWeight) / (canary + stable))
  const least = Math.min(current, kept, alike)
  return view.world.compat === 'argo' ? roundUpToStep(view, least, current) : least
}

/** Argo goes back by the weights of the steps, in reverse: the lowest of them that stable can take. */
function roundUpToStep(view: CanaryView, least: number, current: number): number {
  const weights = view.steps.flatMap(({ setWeight }) => (setWeight === undefined ? [] : [setWeight]))
  return Math.min(current, ...weights.filter((weight) => weight >= least))
}

const answering = (view: CanaryView, stableRs: ReplicaSet): number =>
  Math.min(availableReplicas(stableRs), endpointsOf(view.stableService, stableRs.metadata.name))

export const stableShort = (view: CanaryView, stableRs: ReplicaSet): Hold => ({
  reason: 'StableNotReady',
  message: `${answering(view, stableRs)} of ${view.replicas} stable pods are available: the rest of the traffic waits for them`,
})

/** Promoted fully, the weight follows the canary's pods as they come; 0 where it does not. */
export const weightCarriedBy = (view: CanaryView, pods: number): number =>
  isDynamic(view) && view.promoteFull && view.replicas > 0 ? Math.floor((pods * view.maxWeight) / view.replicas) : 0

/** Traffic comes through the canary Service to another revision than the new one: it has to go back to stable first. */
export const isCanaryTaken = (view: CanaryView): boolean =>
  view.canaryService !== undefined && view.canaryService.podHash !== view.podHash && !isQuiet(view)

/** Pods that stable is to have during an update. What it serves, or may have to take back, is never taken from it. */
export function stablePods(view: CanaryView, stableRs: ReplicaSet): number {
  const { replicas, strategy } = view
  if (!isDynamic(view) || view.mode !== 'updating' || isCanaryTaken(view)) return replicas
  const shares = [wantedWeight(view), ...scaledWeight(view), ...(view.carried === undefined ? [] : [view.carried])]
  const needed = Math.max(...shares.map((canary) => podsOfRest(view, canary)))
  const floored = needed === 0 ? leastPods(view) : Math.max(needed, strategy.minPodsPerReplicaSet ?? 0)
  const wanted = Math.min(floored, replicas)
  const mayShrink = view.arrived && view.carried !== undefined
  return mayShrink ? wanted : Math.max(wanted, Math.min(specReplicas(stableRs), replicas))
}

const podsOfRest = ({ replicas, maxWeight }: CanaryView, canary: number): number =>
  podsForWeight(replicas, maxWeight - canary, maxWeight)

/** What is named by a Service keeps a pod (S6); Argo takes the last one too. */
const leastPods = ({ world, replicas }: CanaryView): number => (world.compat === 'argo' ? 0 : Math.min(1, replicas))

/** A size of the canary that is asked for apart from its weight: a number of pods says nothing about stable, so it keeps all. */
function scaledWeight(view: CanaryView): readonly number[] {
  if (view.promoteFull) return []
  const scale = canaryScaleAt(view.steps, view.stepIndex)
  if (scale === 'matchTrafficWeight') return []
  return ['replicas' in scale ? 0 : (scale.weight * view.maxWeight) / 100]
}
