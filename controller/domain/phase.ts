/**
 * Argo's display phase and message, first match wins. Text for people and clients, computed last from the status that will be written; no
 * decision reads it.
 */
import type { RolloutStatus } from '../api/rollout.ts'
import { findCondition } from './deadline.ts'

export interface Phase {
  readonly phase: 'Healthy' | 'Degraded' | 'Progressing' | 'Paused'
  readonly message: string
}

export interface PhaseFacts {
  readonly status: RolloutStatus
  readonly replicas: number
  readonly specPaused: boolean
  readonly routed: boolean
}

export function displayPhase({ status, replicas, specPaused, routed }: PhaseFacts): Phase {
  const invalid = findCondition(status, 'InvalidSpec')
  if (invalid) return { phase: 'Degraded', message: `InvalidSpec: ${invalid.message}` }
  const failed = status.conditions?.find(
    ({ reason }) => reason === 'RolloutAborted' || reason === 'ProgressDeadlineExceeded',
  )
  if (failed) return { phase: 'Degraded', message: `${failed.reason}: ${failed.message}` }
  if (specPaused) return { phase: 'Paused', message: 'manually paused' }
  const pause = status.pauseConditions?.[0]
  if (pause) return { phase: 'Paused', message: pause.reason }
  const waiting = pending(status, replicas, routed)
  return waiting === undefined ? { phase: 'Healthy', message: '' } : { phase: 'Progressing', message: waiting }
}

function pending(status: RolloutStatus, replicas: number, routed: boolean): string | undefined {
  const updated = status.updatedReplicas ?? 0
  if (updated < replicas) return 'more replicas need to be updated'
  if ((status.availableReplicas ?? 0) < updated) return 'updated replicas are still becoming available'
  if (!routed && (status.replicas ?? 0) > updated) return 'old replicas are pending termination'
  if (status.stableRS !== status.currentPodHash) return 'waiting for all steps to complete'
  return undefined
}
