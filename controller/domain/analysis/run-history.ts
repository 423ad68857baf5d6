/**
 * Which finished AnalysisRuns are deleted: those beyond the history limits (newest kept, 5 Successful and 5 others by default), and those whose
 * ReplicaSet is gone or going. Runs that status names stay, and take no other's place.
 */
import { type AnalysisRun, isCompleted } from '../../api/analysis.ts'
import type { RolloutStatus } from '../../api/rollout.ts'
import { podHashOf } from '../revisions.ts'
import type { RolloutView } from '../view.ts'

export function expiredRuns(view: RolloutView): readonly AnalysisRun[] {
  const limits = view.world.rollout.spec.analysis
  const alive = view.world.replicaSets.filter(({ metadata }) => !metadata.deletionTimestamp)
  const hashes = new Set(alive.map(podHashOf))
  const current = new Set(currentRunNames(view.status))
  const done = view.world.analysisRuns.filter(
    ({ metadata, status }) => isCompleted(status?.phase) && !metadata.deletionTimestamp && !current.has(metadata.name),
  )
  const orphaned = done.filter((run) => !hashes.has(podHashOf(run))).sort(byName)
  const kept = done.filter((run) => hashes.has(podHashOf(run))).sort(newestFirst)
  return [
    ...orphaned,
    ...kept.filter(hasPassed).slice(limits?.successfulRunHistoryLimit ?? 5),
    ...kept.filter((run) => !hasPassed(run)).slice(limits?.unsuccessfulRunHistoryLimit ?? 5),
  ]
}

const hasPassed = (run: AnalysisRun): boolean => run.status?.phase === 'Successful'

const currentRunNames = ({ canary, blueGreen }: RolloutStatus): readonly (string | undefined)[] => [
  canary?.currentStepAnalysisRunStatus?.name,
  canary?.currentBackgroundAnalysisRunStatus?.name,
  blueGreen?.prePromotionAnalysisRunStatus?.name,
  blueGreen?.postPromotionAnalysisRunStatus?.name,
]

export const byName = (a: AnalysisRun, b: AnalysisRun): number => (a.metadata.name < b.metadata.name ? -1 : 1)

function newestFirst(a: AnalysisRun, b: AnalysisRun): number {
  const [left, right] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return left === right ? (a.metadata.name < b.metadata.name ? 1 : -1) : left < right ? 1 : -1
}
