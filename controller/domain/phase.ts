/**
 * Argo's display phase and message, first match wins. Text for people and clients, computed last from the status that will be written; no
 * decision reads it.
 */
import { isCompleted } from '../api/analysis.ts'
import type { BlueGreenStrategy, RolloutSpec, RolloutStatus } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import { findCondition } from './deadline.ts'
import { describeTrouble } from './troubles.ts'

export interface Phase {
  readonly phase: 'Healthy' | 'Degraded' | 'Progressing' | 'Paused'
  readonly message: string
}

/** @param spec may be of any shape when the status says InvalidSpec: it is not read then */
export function displayPhase(status: RolloutStatus, spec: RolloutSpec): Phase {
  const invalid = findCondition(status, 'InvalidSpec')
  if (invalid) return { phase: 'Degraded', message: `InvalidSpec: ${invalid.message}` }
  const failed = status.conditions?.find(
    ({ reason }) => reason === 'RolloutAborted' || reason === 'ProgressDeadlineExceeded',
  )
  if (failed) return { phase: 'Degraded', message: `${failed.reason}: ${failed.message}` }
  if (spec.paused) return { phase: 'Paused', message: 'manually paused' }
  const pause = status.pauseConditions?.[0]
  if (pause) return { phase: 'Paused', message: pause.reason }
  const waiting =
    pending(status, spec) ?? (spec.strategy?.blueGreen ? pendingBlueGreen(status, spec.strategy.blueGreen) : undefined)
  if (waiting === undefined) return { phase: 'Healthy', message: '' }
  return { phase: 'Progressing', message: describeTrouble(status) ?? waiting }
}

function pending(status: RolloutStatus, spec: RolloutSpec): string | undefined {
  const updated = status.updatedReplicas ?? 0
  const { canary } = spec.strategy ?? {}
  if (isRestarting(status, spec)) return 'rollout is restarting'
  if (updated < (spec.replicas ?? 1)) return 'more replicas need to be updated'
  if ((status.availableReplicas ?? 0) < updated) return 'updated replicas are still becoming available'
  if (!canary) return undefined
  if (!canary.trafficRouting && (status.replicas ?? 0) > updated) return 'old replicas are pending termination'
  return status.stableRS === status.currentPodHash ? undefined : 'waiting for all steps to complete'
}

function pendingBlueGreen(
  { stableRS, currentPodHash, blueGreen }: RolloutStatus,
  strategy: BlueGreenStrategy | undefined,
): string | undefined {
  if (blueGreen?.activeSelector !== currentPodHash) return 'active service cutover pending'
  if (stableRS === currentPodHash) return undefined
  const isAnalysed = !strategy?.postPromotionAnalysis || isCompleted(blueGreen?.postPromotionAnalysisRunStatus?.status)
  return isAnalysed ? 'waiting for post-promotion verification to complete' : 'waiting for analysis to complete'
}

function isRestarting({ restartedAt }: RolloutStatus, { restartAt }: RolloutSpec): boolean {
  const wanted = parseInstant(restartAt)
  return wanted !== undefined && wanted > (parseInstant(restartedAt) ?? Number.NEGATIVE_INFINITY)
}
