/**
 * Whether the update is over: the new revision is what the users get, and has proven itself there. Decides the promotion and the checkpoint
 * on the way; it must not switch or scale anything: it only reads what has come true.
 *
 *   first that holds                                             then
 *   first deployment                                             promote (its pods need not be there yet, as in Argo)
 *   compat: argo, the active Service names no revision           promote at once, as Argo takes it for a first deployment
 *   not cut over                                                 hold, as the gate says
 *   spec.paused, or any pause on record                          hold
 *   the endpoints do not show the new revision, and it alone     hold
 *   post-promotion analysis wanted and not Successful            hold
 *   else                                                         promote
 */
import type { PauseDecision } from '../pauses.ts'
import type { Hold, Part } from '../plan.ts'
import { promotion } from '../promotion.ts'
import { type BlueGreenInquiries, wantsAfter } from './analyses.ts'
import type { Gate } from './gate.ts'
import type { BlueGreenView } from './view.ts'

export interface Progress {
  readonly promoted: boolean
  readonly part: Part
}

export function decideProgress(
  view: BlueGreenView,
  pauses: PauseDecision,
  asked: BlueGreenInquiries,
  gate: Gate,
): Progress {
  if (view.mode === 'initial') return promote(view, 'Initial deploy')
  if (view.mode !== 'updating') return { promoted: false, part: withCheckpoint(false) }
  if (view.world.compat === 'argo' && view.active?.podHash === '') return promote(view, 'Initial deploy')
  const hold = view.isCutOver ? findHold(view, pauses, asked) : gate.hold
  if (view.isCutOver && !hold) return promote(view, view.shortcut ?? 'Completed blue-green update')
  return { promoted: false, part: { ...withCheckpoint(gate.checkpoint), holds: hold ? [hold] : [] } }
}

const withCheckpoint = (isPassed: boolean): Part => ({ memory: { blueGreen: { scaleUpPreviewCheckPoint: isPassed } } })

function findHold(view: BlueGreenView, pauses: PauseDecision, { after }: BlueGreenInquiries): Hold | undefined {
  if (view.specPaused) return { reason: 'Paused', message: 'spec.paused is true' }
  const [pause] = pauses.conditions
  if (pause) return { reason: pause.reason, message: 'waiting to be resumed' }
  if (!view.isSettled)
    return {
      reason: 'EndpointsNotReady',
      message: `the endpoints of Service "${view.active?.name}" are not those of revision ${view.revision} alone`,
    }
  if (view.shortcut !== undefined || !wantsAfter(view) || after?.run?.status?.phase === 'Successful') return undefined
  return { reason: 'AnalysisRunning', message: 'the promotion waits for the post-promotion analysis' }
}

function promote(view: BlueGreenView, because: string): Progress {
  const { memory, event } = promotion(view, because)
  return {
    promoted: true,
    part: { memory: { ...memory, ...withCheckpoint(false).memory }, events: [event] },
  }
}
