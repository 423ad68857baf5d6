/**
 * What an abort and a new revision write, whatever the strategy: an abort is one write of status, and a revision that was not seen before
 * forgets everything of the former update. It must not move pods or traffic.
 */
import { formatInstant, parseInstant } from '../api/scalars.ts'
import { type AbortCause, currentStepHash } from './lifecycle.ts'
import type { Memory, Part } from './plan.ts'
import { restartOfNewRevision } from './restart.ts'
import type { RolloutView } from './view.ts'

/**
 * Flag, moment, and no full promotion that was asked for before (S8); one that is asked for with nothing to promote is void. The moment tells the
 * tries of a revision apart: it is later than that of the abort before, also within a second.
 */
export function abortMemory(view: RolloutView, cause: AbortCause | undefined): Memory {
  const isVoid = view.mode === 'aborted' || view.mode === 'steady'
  if (!cause) return isVoid && view.status.promoteFull ? { promoteFull: false } : {}
  const earlier = parseInstant(view.status.abortedAt)
  const notBefore = [view.world.now, parseInstant(cause.receivedAt) ?? 0, earlier === undefined ? 0 : earlier + 1000]
  return {
    abort: true,
    abortedAt: formatInstant(Math.max(...notBefore)),
    promoteFull: false,
  }
}

/** Told after what was scaled because of it, as clients expect. */
export function abortEvent(view: RolloutView, cause: AbortCause | undefined): Part {
  if (!cause) return {}
  const why = cause.message === '' ? '' : `: ${cause.message}`
  const message = `Rollout aborted update to revision ${view.revision}${why}`
  return { events: [{ type: 'Warning', reason: 'RolloutAborted', message }] }
}

/** A revision or a plan that was not seen before: nothing of the former update counts any more (S14). */
export function forgetFormerUpdate(view: RolloutView): Memory {
  const otherRevision = view.status.currentPodHash !== view.podHash
  return {
    currentPodHash: view.podHash,
    collisionCount: view.collisionCount,
    currentStepHash: currentStepHash(view.world),
    abort: false,
    promoteFull: false,
    ...(otherRevision ? { abortedAt: null, ...restartOfNewRevision(view.world) } : {}),
  }
}

/** This pass begins an update: the spec asks for another revision than the stable one, for the first time. */
export const updateStarts = (view: RolloutView): boolean =>
  view.mode === 'superseded' &&
  view.status.currentPodHash !== view.podHash &&
  (view.status.stableRS ?? view.podHash) !== view.podHash
