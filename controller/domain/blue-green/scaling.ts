/**
 * How many pods every revision gets in this pass. Stable keeps all of them through the whole update, so that going back needs no pod; what was
 * replaced goes only a delay after the endpoints behind the active Service have shown that it is out of use (invariants S5, S6, S7).
 *
 *   mode        new                                        stable  others
 *   superseded  - (a way back: its delay starts again)     -       -
 *   initial     all                                        -       0 a delay after nothing reaches them
 *   steady      all                                        (new)   0 a delay after nothing reaches them
 *   updating    previewReplicaCount until the gate is      all     same; kept while an analysis is inconclusive, and while the
 *               passed, then all; no more than it has              post-promotion analysis runs without an explicit delay
 *               while the active Service names no revision
 *   aborted     kept; 0 after abortScaleDownDelaySeconds   all     same
 *               (0: never) once stable is full and users
 *               are back there
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import { join, type Part } from '../plan.ts'
import { availableReplicas, specReplicas } from '../replicas.ts'
import { clearDeadline, retire, retireOthers, scale, startDelay } from '../scale.ts'
import { hashOf, isNamed } from '../view.ts'
import { wantsAfter } from './analyses.ts'
import { isUnbound } from './gate.ts'
import { type BlueGreenView, keepsDelay, wantedPods } from './view.ts'

export function decideScaling(view: BlueGreenView): Part {
  const { newRs, stableRs, replicas } = view
  if (view.mode === 'superseded') return join(newRs ? takeUp(view, newRs) : {}, ...stopClocks(view))
  return join(
    stableRs && stableRs !== newRs ? scale(view, stableRs, replicas) : {},
    newRs ? scaleNew(view, newRs) : {},
    keepsOthers(view) ? {} : retireFormer(view),
  )
}

/** The delay of a way back starts again: the pods are owed it in full should the spec change once more. */
function takeUp(view: BlueGreenView, newRs: ReplicaSet): Part {
  return keepsDelay(view) ? startDelay(view, newRs, view.strategy.scaleDownDelaySeconds) : clearDeadline(newRs)
}

/** No pod goes in this pass, but neither does time count while users may come. */
const stopClocks = (view: BlueGreenView): Part[] =>
  view.others.filter((rs) => reachesUsers(view, rs)).map(clearDeadline)

function scaleNew(view: BlueGreenView, newRs: ReplicaSet): Part {
  if (view.mode === 'aborted') return scaleAborted(view, newRs)
  const wanted = wantedPods(view)
  const bounded = isUnbound(view) && view.world.compat === 'strict' ? Math.min(wanted, specReplicas(newRs)) : wanted
  return scale(view, newRs, bounded, { keepsDeadline: view.mode === 'updating' && keepsDelay(view) })
}

function scaleAborted(view: BlueGreenView, newRs: ReplicaSet): Part {
  const delaySeconds = view.strategy.abortScaleDownDelaySeconds
  const stableIsFull = availableReplicas(view.stableRs) >= view.replicas
  if (delaySeconds === 0 || !stableIsFull) return {}
  return retire(view, newRs, { delaySeconds, isReached: (rs) => reachesUsers(view, rs) })
}

/** Users may still come to it: by the active Service, or by one that was active once. Nobody comes by the preview. */
function reachesUsers(view: BlueGreenView, rs: ReplicaSet): boolean {
  const { previewService } = view.strategy
  if (!view.isSettled || isNamed(view.world, hashOf(rs), previewService)) return true
  return Object.entries(view.world.services).some(
    ([name, { readyEndpoints }]) => name !== previewService && (readyEndpoints[rs.metadata.name] ?? 0) > 0,
  )
}

function keepsOthers(view: BlueGreenView): boolean {
  const { status, strategy, mode } = view
  if (mode !== 'updating') return false
  if ((status.pauseConditions ?? []).some(({ reason }) => reason === 'InconclusiveAnalysisRun')) return true
  return (
    view.isCutOver && view.shortcut === undefined && wantsAfter(view) && strategy.scaleDownDelaySeconds === undefined
  )
}

function retireFormer(view: BlueGreenView): Part {
  const { scaleDownDelaySeconds, scaleDownDelayRevisionLimit } = view.strategy
  const isReached = (rs: ReplicaSet): boolean => reachesUsers(view, rs) || isNamed(view.world, hashOf(rs))
  return retireOthers(view, { delaySeconds: scaleDownDelaySeconds, isReached }, scaleDownDelayRevisionLimit)
}
