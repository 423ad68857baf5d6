/**
 * Which analyses the canary asks for now: the one of the step in force, and the one in the background from its starting step until the update is
 * promoted, the last shift to 100 % included. It must not judge them.
 */
import { type Inquiry, inquire, referenceOf } from '../analysis/analyses.ts'
import type { Memory } from '../plan.ts'
import { isWithinRollbackWindow } from '../rollback-window.ts'
import { releaseStageOf } from './release-stage.ts'
import type { CanaryView } from './view.ts'

export interface CanaryInquiries {
  readonly inline: Inquiry | undefined
  readonly background: Inquiry | undefined
}

/** Nothing is due while an update is not under way. */
export function askCanary(view: CanaryView): CanaryInquiries {
  if (view.mode !== 'updating' || view.promoteFull) return { inline: undefined, background: undefined }
  const { step, stepIndex, status } = view
  const background = view.strategy.analysis
  const stage = releaseStageOf(view)
  return {
    inline: step?.analysis
      ? inquire(view, {
          kind: 'Step',
          analysis: step.analysis,
          stepIndex,
          recorded: status.canary?.currentStepAnalysisRunStatus,
          stage,
        })
      : undefined,
    background:
      background?.templates && hasBackgroundStarted(view)
        ? inquire(view, {
            kind: 'Background',
            analysis: background,
            recorded: status.canary?.currentBackgroundAnalysisRunStatus,
            stage,
          })
        : undefined,
  }
}

/** Without steps there is none to start at. A release that skips its steps as a rollback within the window skips its evidence as well. */
function hasBackgroundStarted(view: CanaryView): boolean {
  const startingStep = view.strategy.analysis?.startingStep ?? 0
  return (view.steps.length === 0 || view.stepIndex >= startingStep) && !isWithinRollbackWindow(view)
}

export const rememberRuns = ({ inline, background }: CanaryInquiries): Memory => ({
  canary: {
    currentStepAnalysisRunStatus: referenceOf(inline),
    currentBackgroundAnalysisRunStatus: referenceOf(background),
  },
})
