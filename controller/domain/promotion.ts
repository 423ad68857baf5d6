/**
 * What a promotion writes: the new revision is stable, and nothing of the update is left. When an update may be promoted is decided by the
 * strategies.
 */
import type { Memory, PlannedEvent } from './plan.ts'
import type { RolloutView } from './view.ts'

export interface Promotion {
  readonly memory: Memory
  readonly event: PlannedEvent
}

/** @param because Argo's words, such as `Initial deploy` or `Completed all 4 canary steps` */
export function promotion(view: RolloutView, because: string): Promotion {
  const message = `Rollout completed update to revision ${view.revision} (${view.podHash}): ${because}`
  return {
    memory: {
      stableRS: view.podHash,
      pauseConditions: null,
      controllerPause: false,
      abort: false,
      abortedAt: null,
      promoteFull: false,
    },
    event: { type: 'Normal', reason: 'RolloutCompleted', message },
  }
}
