/**
 * Which revision the active and the preview Service name. Decides selector changes only. The users' Service goes forward only to a set that is
 * complete, and back to stable at once (invariants S1, S4, L2).
 *
 *   Service  mode               names now       wanted   when
 *   active   initial, steady    anything else   new      it has all its pods, or as many as what is named now
 *   active   aborted            not stable      stable   one pod of it is available
 *   active   updating           stable          new      the gate lets it
 *   active   updating           none            stable   it has all its pods
 *   active   updating           another         stable   it has all its pods, or as many as what is named now (compat: stays until the cutover)
 *   active   superseded         anything        -        the next pass knows more
 *   preview  any but superseded not new         new      at once (no user is behind it), but not while spec.paused or halted
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import type { PauseDecision } from '../pauses.ts'
import { join, type Part } from '../plan.ts'
import { availableReplicas } from '../replicas.ts'
import { holdsSwitch, switchTo } from '../service-switch.ts'
import { hashOf } from '../view.ts'
import type { Gate } from './gate.ts'
import { type BlueGreenView, isSaturated } from './view.ts'

export function decideServices(view: BlueGreenView, gate: Gate, pauses: PauseDecision): Part {
  if (view.mode === 'superseded') return {}
  return join(decideActive(view, gate), decidePreview(view, pauses))
}

function decideActive(view: BlueGreenView, gate: Gate): Part {
  const { active } = view
  const wanted = wantedActive(view, gate)
  if (!active || !wanted || active.podHash === hashOf(wanted)) return {}
  const mayGo = view.mode === 'aborted' ? availableReplicas(wanted) > 0 : isFit(view, wanted)
  return mayGo || view.replicas === 0 ? switchTo(view, active, wanted) : holdsSwitch(active, wanted)
}

function wantedActive(view: BlueGreenView, gate: Gate): ReplicaSet | undefined {
  const { mode, newRs, stableRs, active, world } = view
  if (mode === 'initial' || mode === 'steady') return newRs
  if (mode === 'aborted') return stableRs
  if (gate.cutOver) return newRs
  const stays = view.isCutOver || (world.compat === 'argo' && active?.podHash !== '')
  return stays ? undefined : stableRs
}

/** As ready as what users have now; a Service without a revision may have any pods behind it. */
function isFit(view: BlueGreenView, wanted: ReplicaSet): boolean {
  const now = availableReplicas(view.activeRs)
  return isSaturated(view, wanted) || (view.active?.podHash !== '' && availableReplicas(wanted) >= Math.max(1, now))
}

function decidePreview(view: BlueGreenView, pauses: PauseDecision): Part {
  const { preview, newRs, specPaused, mode } = view
  if (!preview || !newRs || preview.podHash === hashOf(newRs)) return {}
  const isHalted = pauses.conditions.some(({ reason }) => reason !== 'BlueGreenPause')
  return (specPaused || isHalted) && mode === 'updating' ? {} : switchTo(view, preview, newRs)
}
