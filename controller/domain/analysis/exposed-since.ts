/**
 * When the release that a run judges began, so that the evidence of a statistical gate is one stream over all runs of the same attempt. Known from
 * objects that are there anyway: nothing is remembered for it, and a controller that restarts finds the same.
 *
 *   runs of this revision and attempt   aborted before   ReplicaSet                evidence begins
 *   some                                any              any                       where theirs does, or when the first of them was created
 *   none                                no               made for this revision    when it was created
 *   none                                no               of an earlier revision    with the run: a rollback starts from nothing
 *   none                                yes              any                       with the run: so does a retry
 */
import type { AnalysisRun } from '../../api/analysis.ts'
import { EXPOSED_SINCE, REVISION_HISTORY } from '../../api/labels.ts'
import { chooseProvider } from '../../metric-language/analysis-metric.ts'
import type { RolloutView } from '../view.ts'

/** What to write on a run: an instant under its key, or nothing where the run's own creation says it, or nobody asks. */
export function renderExposedSince(
  { status, newRs }: Pick<RolloutView, 'status' | 'newRs'>,
  run: AnalysisRun,
  ofThisAttempt: readonly AnalysisRun[],
): Readonly<Record<string, string>> {
  if (!hasGate(run)) return {}
  const earlier = ofThisAttempt.flatMap(
    ({ metadata }) => metadata.annotations?.[EXPOSED_SINCE] ?? metadata.creationTimestamp ?? [],
  )
  const isMadeForIt = !status.abortedAt && newRs?.metadata.annotations?.[REVISION_HISTORY] === undefined
  const since = earlier.sort()[0] ?? (isMadeForIt ? newRs?.metadata.creationTimestamp : undefined)
  return since === undefined ? {} : { [EXPOSED_SINCE]: since }
}

/** Whether anybody asks for more than Argo's runs tell. */
export const hasGate = ({ spec }: AnalysisRun): boolean => spec.metrics.some(isGate)

function isGate(metric: AnalysisRun['spec']['metrics'][number]): boolean {
  const choice = chooseProvider(metric)
  return 'id' in choice && choice.id === 'penstock/gate'
}
