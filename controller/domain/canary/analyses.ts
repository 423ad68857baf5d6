/**
 * Which analyses the canary asks for now: the one of the step in force, and the one in the background from its starting step to the last. It
 * must not judge them.
 */
import { type Inquiry, inquire, referenceOf } from '../analysis/analyses.ts'
import type { Memory } from '../plan.ts'
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
  const started = background && stepIndex >= (background.startingStep ?? 0) && stepIndex < view.steps.length
  return {
    inline: step?.analysis
      ? inquire(view, {
          kind: 'Step',
          analysis: step.analysis,
          stepIndex,
          recorded: status.canary?.currentStepAnalysisRunStatus,
        })
      : undefined,
    background:
      background?.templates && started
        ? inquire(view, {
            kind: 'Background',
            analysis: background,
            recorded: status.canary?.currentBackgroundAnalysisRunStatus,
          })
        : undefined,
  }
}

export const rememberRuns = ({ inline, background }: CanaryInquiries): Memory => ({
  canary: {
    currentStepAnalysisRunStatus: referenceOf(inline),
    currentBackgroundAnalysisRunStatus: referenceOf(background),
  },
})
