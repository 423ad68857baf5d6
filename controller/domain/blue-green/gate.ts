/**
 * Whether the new revision may become what the users get. Decides the pause before the cutover, the checkpoint after which the preview gets
 * all its pods, and the cutover itself; whatever is not yet true holds. It must not switch or scale anything.
 *
 *   first that holds                                       then
 *   spec.paused, or any pause on record                    hold
 *   the active Service names no revision                   hold (it would send users to the preview's pods: it names stable first)
 *   the preview has not exactly the pods that it shall     hold
 *   a shortcut, or the checkpoint is passed                cut over
 *   pre-promotion analysis wanted and not Successful       hold
 *   pause wanted and not over                              hold
 *   previewReplicaCount is less than all                   checkpoint; the cutover follows with all pods
 *   else                                                   cut over
 *
 *   pause wanted    autoPromotionEnabled false: until somebody resumes; or autoPromotionSeconds > 0: so long
 */
import { readAbortRequests } from '../../api/abort-request.ts'
import type { Inquiry } from '../analysis/analyses.ts'
import type { OwnPause, PauseDecision } from '../pauses.ts'
import type { Hold } from '../plan.ts'
import { availableReplicas } from '../replicas.ts'
import { wantsBefore } from './analyses.ts'
import { type BlueGreenView, hasExactly, isSaturated, wantedPods } from './view.ts'

export interface Gate {
  readonly cutOver: boolean
  /** Evidence and pause need not be asked again in this update. */
  readonly checkpoint: boolean
  readonly hold?: Hold
}

const isSuccessful = (before: Inquiry | undefined): boolean => before?.run?.status?.phase === 'Successful'

function wantsPause({ strategy }: BlueGreenView): boolean {
  return strategy.autoPromotionEnabled === false || (strategy.autoPromotionSeconds ?? 0) > 0
}

/** The pause that is due now; one that began stays whatever happens to pods. */
export function pauseBeforeCutover(view: BlueGreenView, before: Inquiry | undefined): OwnPause | undefined {
  const { strategy, mode, shortcut, isCutOver, isGatePassed } = view
  if (mode !== 'updating' || shortcut !== undefined || isCutOver || isGatePassed || !wantsPause(view)) return undefined
  if (wantsBefore(view) && !isSuccessful(before)) return undefined
  const recorded = view.status.pauseConditions ?? []
  const isOnRecord = recorded.some(({ reason }) => reason === 'BlueGreenPause')
  if (!isOnRecord && !hasExactly(view.newRs, wantedPods(view)) && !wasResumed(view)) return undefined
  const durationMs = strategy.autoPromotionEnabled === false ? undefined : (strategy.autoPromotionSeconds ?? 0) * 1000
  return { reason: 'BlueGreenPause', durationMs, beginsBesideAnother: !isOnRecord && recorded.length > 0 }
}

/**
 * Somebody resumed a pause while pods of the preview were missing. It was ours, unless an alert asked for a pause: that one may have been
 * before ours, and resuming it allows no cutover.
 */
function wasResumed({ status, world, podHash }: BlueGreenView): boolean {
  const stored = readAbortRequests(world.rollout.metadata.annotations)
  const byAlert = stored.some((request) => request.action === 'pause' && request.podHash === podHash)
  return status.controllerPause === true && (status.pauseConditions ?? []).length === 0 && !byAlert
}

export function judgeGate(view: BlueGreenView, before: Inquiry | undefined, pauses: PauseDecision): Gate {
  if (view.mode !== 'updating' || view.isCutOver) return { cutOver: false, checkpoint: view.isGatePassed }
  const checkpoint = isCheckpointPassed(view, before, pauses)
  const hold = findHold(view, before, pauses)
  if (hold) return { cutOver: false, checkpoint, hold }
  return { cutOver: isSaturated(view, view.newRs), checkpoint }
}

/** On record only where something would be asked twice without it. */
function isCheckpointPassed(view: BlueGreenView, before: Inquiry | undefined, pauses: PauseDecision): boolean {
  if (view.isGatePassed) return true
  if (view.shortcut !== undefined || (wantsBefore(view) && !isSuccessful(before))) return false
  if (wantsPause(view)) return pauses.over
  const isHeld = view.specPaused || pauses.conditions.length > 0
  return view.strategy.previewReplicaCount !== undefined && !isHeld && hasExactly(view.newRs, wantedPods(view))
}

function findHold(view: BlueGreenView, before: Inquiry | undefined, pauses: PauseDecision): Hold | undefined {
  if (view.specPaused) return { reason: 'Paused', message: 'spec.paused is true' }
  const [pause] = pauses.conditions
  if (pause) return { reason: pause.reason, message: 'waiting to be resumed' }
  if (isUnbound(view))
    return { reason: 'ServiceNotSwitched', message: `Service "${view.active?.name}" names the stable revision first` }
  if (!hasExactly(view.newRs, wantedPods(view))) return previewNotReady(view)
  if (view.shortcut !== undefined || view.isGatePassed || !wantsBefore(view) || isSuccessful(before)) return undefined
  return { reason: 'AnalysisRunning', message: 'the cutover waits for the pre-promotion analysis' }
}

const previewNotReady = (view: BlueGreenView): Hold => ({
  reason: 'PreviewNotReady',
  message: `${availableReplicas(view.newRs)} of ${wantedPods(view)} pods of the new revision are available`,
})

/** The active Service takes every pod of the Rollout, although there is a stable revision that it could name. */
export const isUnbound = ({ active, stableRs, mode }: BlueGreenView): boolean =>
  mode === 'updating' && active?.podHash === '' && availableReplicas(stableRs) > 0
