/**
 * What a canary waits for at its step: whether the progress deadline is to look away, and whether the wait has lasted too long. It must not judge
 * the pods.
 */
import { isCompleted } from '../../api/analysis.ts'
import { parseInstant } from '../../api/scalars.ts'
import type { OwnPause, PausePlace } from '../pauses.ts'
import { isUnattended, judgeWaits, type Wait, type WaitVerdict, waitsForRuns } from '../waits.ts'
import { isExperimentUnattended } from './experiments.ts'
import type { Findings } from './progress.ts'
import { pauseOfStep } from './steps.ts'
import { type CanaryView, waitsOnPurpose } from './view.ts'

export interface CanaryWaits extends WaitVerdict {
  /** No progress of pods is expected. */
  readonly onPurpose: boolean
}

export function judgeCanaryWaits(view: CanaryView, findings: Findings): CanaryWaits {
  const own: OwnPause | undefined = pauseOfStep(view.step)
  const isPaused = (view.status.pauseConditions ?? []).length > 0 || view.specPaused
  const unattended =
    !isPaused &&
    ((view.step?.analysis !== undefined && isUnattended(view, findings.inline)) ||
      isExperimentUnattended(view, findings.experiment))
  return {
    ...judgeWaits(view, own?.durationMs === undefined ? undefined : own.reason, verdictsOf(findings)),
    onPurpose: waitsOnPurpose(view) && !unattended,
  }
}

function verdictsOf({ inline, experiment: { experiment }, plugins: { run } }: Findings): readonly Wait[] {
  const experimentMs = parseInstant(experiment?.metadata.creationTimestamp)
  const pluginMs = parseInstant(run?.startedAt)
  return [
    ...waitsForRuns([inline]),
    ...(experiment && experimentMs !== undefined && !isCompleted(experiment.status?.phase)
      ? [{ what: `Experiment ${experiment.metadata.name} had no verdict`, sinceMs: experimentMs }]
      : []),
    ...(run && pluginMs !== undefined && run.phase === 'Running'
      ? [{ what: `step plugin ${run.name} had not answered`, sinceMs: pluginMs }]
      : []),
  ]
}

/** Where a pause that begins now begins. */
export const placeOfPause = ({ podHash, lifecycle, stepIndex, steps }: CanaryView): PausePlace => ({
  at: [podHash, lifecycle.attempt, stepIndex].join('/'),
  beforePause: steps[stepIndex + 1]?.pause !== undefined,
})
