/**
 * Whether an update takes its steps at all. Going back to what is stable, or to a revision that the rollback window trusts, goes straight to the
 * end, and so does a full promotion. It must not decide which revisions are trusted.
 *
 *   spec's revision                      steps   | why, told as event SkipSteps
 *   the stable one                       skipped | Rollback to stable ReplicaSets
 *   in the window, still has pods        skipped | Rollback to active ReplicaSets within RollbackWindow
 *   in the window, has none              skipped | Rollback to ReplicaSets within RollbackWindow
 *   any other                            taken   |
 */
import type { Part } from '../plan.ts'
import { specReplicas } from '../replicas.ts'
import { isWithinRollbackWindow } from '../rollback-window.ts'
import type { CanaryView } from './view.ts'

/** Decides the first step index of a new revision or plan, the last one of a full promotion, and mends one that is no index. */
export function decideFirstStep(view: CanaryView): Part {
  if (view.promoteFull) return { memory: { currentStepIndex: view.steps.length } }
  if (view.mode === 'updating') return { memory: { currentStepIndex: view.stepIndex } }
  if (view.mode !== 'superseded') return {}
  const why = whySkipped(view)
  if (why === undefined) return { memory: { currentStepIndex: 0 } }
  const told = view.steps.length > 0 ? [{ type: 'Normal', reason: 'SkipSteps', message: why } as const] : []
  return { memory: { currentStepIndex: view.steps.length }, events: told }
}

function whySkipped(view: CanaryView): string | undefined {
  if (view.status.stableRS === view.podHash) return 'Rollback to stable ReplicaSets'
  if (!isWithinRollbackWindow(view)) return undefined
  return `Rollback to ${specReplicas(view.newRs) > 0 ? 'active ' : ''}ReplicaSets within RollbackWindow`
}
