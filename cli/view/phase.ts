/**
 * The phase that a client shows: the controller's word, unless the controller has not seen the newest spec or the latest resume yet.
 * Then the status is older than what the user just did, and showing it would mislead. Pure.
 */
import { WORKLOAD_GENERATION } from '../../controller/api/labels.ts'
import type { Rollout } from '../../controller/api/rollout.ts'

export interface PhaseView {
  readonly phase: string
  readonly message: string
}

const progressing = (message: string): PhaseView => ({ phase: 'Progressing', message })

export function computePhase(rollout: Rollout): PhaseView {
  const { status } = rollout
  const generation = rollout.metadata.generation
  if (status?.observedGeneration === undefined) return progressing('waiting for a controller to see this rollout')
  if (generation !== undefined && status.observedGeneration !== String(generation))
    return progressing('waiting for rollout spec update to be observed')
  const seenWorkload = status.workloadObservedGeneration
  const workloadGeneration = rollout.metadata.annotations?.[WORKLOAD_GENERATION]
  if (rollout.spec.workloadRef && seenWorkload !== undefined && workloadGeneration !== seenWorkload)
    return progressing('waiting for rollout spec update to be observed for the reference workload')
  if (status.controllerPause === true && (status.pauseConditions ?? []).length === 0)
    return progressing('waiting for rollout to unpause')
  return { phase: status.phase || 'Progressing', message: status.message ?? '' }
}
