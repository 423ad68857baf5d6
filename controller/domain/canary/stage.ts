/** Where an update stands in terms of canary steps, for the people who are told. */
import type { Stage } from '../notices.ts'
import type { Progress } from './progress.ts'
import { describeStep, endsStage, weightAt } from './steps.ts'
import type { CanaryView } from './view.ts'

export function stageOfCanary(view: CanaryView, { stepDone }: Progress): Stage {
  const { step, stepIndex, steps, maxWeight, programmed } = view
  const passed = stepDone && step !== undefined && endsStage(steps, stepIndex)
  const waits = step?.pause !== undefined && step.pause.duration === undefined
  return {
    stepIndex,
    stepCount: steps.length,
    ...(programmed === undefined ? {} : { weightPercent: (programmed * 100) / maxWeight }),
    passed: passed
      ? `stage at weight ${weightAt(steps, stepIndex, maxWeight)} of ${maxWeight} passed with step ${stepIndex + 1}/${steps.length} (${describeStep(step)})`
      : undefined,
    waitsForPeople: waits ? `paused at step ${stepIndex + 1} until somebody promotes` : undefined,
  }
}
