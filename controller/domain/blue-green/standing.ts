/**
 * Where a blue-green Rollout stands, for status: pods as the users have them, which is those behind the active Service, so that an autoscaler
 * never sees the preview. It must not decide what to do about it.
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import type { Memory } from '../plan.ts'
import { availableReplicas, createdReplicas, sum } from '../replicas.ts'
import { renderSelector } from '../selector-text.ts'
import type { Standing } from '../summarize.ts'
import { type BlueGreenView, isSaturated } from './view.ts'

export function standingOfBlueGreen(view: BlueGreenView): Standing {
  const { newRs, activeRs, active, preview, podHash, replicas, strategy, world } = view
  const counted = activeRs ? [activeRs] : world.replicaSets
  const available = sum(counted.map(availableReplicas))
  const previewFollows = strategy.previewService === undefined || preview?.podHash === podHash
  return {
    counts: {
      replicas: sum(world.replicaSets.map(createdReplicas)),
      updatedReplicas: createdReplicas(newRs),
      readyReplicas: sum(counted.map(readyReplicas)),
      availableReplicas: available,
      HPAReplicas: sum(counted.map(createdReplicas)),
      selector: renderSelector((activeRs ?? world.rollout).spec.selector),
    },
    isDeployed:
      active?.podHash === podHash && previewFollows && createdReplicas(newRs) === replicas && available === replicas,
    isAvailable: isSaturated(view, activeRs),
  }
}

const readyReplicas = (rs: ReplicaSet): number => rs.status?.readyReplicas ?? 0

/** What both Services name, as it was observed; a field is absent while its Service names no revision. */
export const selectorsOf = ({ active, preview }: BlueGreenView): Memory => ({
  blueGreen: { activeSelector: active?.podHash || undefined, previewSelector: preview?.podHash || undefined },
  currentStepIndex: null,
})
