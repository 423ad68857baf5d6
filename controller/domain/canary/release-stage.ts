/**
 * The stages of a canary for its gates: every change of weight begins one, and all traffic is the last. With a router a stage is reached once its weight
 * is written there, without one when its step is over. It must not look at runs.
 */
import type { StageLength } from '../../api/release-stage.ts'
import type { CanaryStep } from '../../api/rollout.ts'
import { parseDurationMs } from '../../api/scalars.ts'
import type { StageFacts } from '../analysis/tell-stage.ts'
import type { CanaryView } from './view.ts'

type WeightFacts = Pick<CanaryView, 'steps' | 'stepIndex' | 'maxWeight' | 'routed' | 'programmed'>

interface WeightStage {
  /** The step that begins it; behind the last one for all traffic. */
  readonly from: number
  readonly weight: number
  length: StageLength
}

export function releaseStageOf(view: WeightFacts): StageFacts {
  const { steps, stepIndex, maxWeight } = view
  const stages = listStages(steps, maxWeight)
  const begun = stages.filter(({ from }) => from <= stepIndex)
  return {
    number: begun.length,
    weights: stages.map(({ weight }) => percentOf(weight, maxWeight)),
    lengths: stages.map(({ length }) => length),
    isReached: isReached(view, begun.at(-1)),
  }
}

function listStages(steps: readonly CanaryStep[], maxWeight: number): readonly WeightStage[] {
  const stages: WeightStage[] = []
  let weight = 0
  for (const [from, step] of steps.entries()) {
    const { setWeight = weight } = step
    if (setWeight !== weight) stages.push({ from, weight: setWeight, length: {} })
    weight = setWeight
    const stage = stages.at(-1)
    if (stage) stage.length = addStep(stage.length, step)
  }
  return weight === maxWeight ? stages : [...stages, { from: steps.length, weight: maxWeight, length: {} }]
}

/** What the step waits for beside what its stage waits for anyway. */
function addStep(length: StageLength, { pause, experiment, analysis }: CanaryStep): StageLength {
  const waited = pause?.duration ?? experiment?.duration
  const isTime = typeof waited === 'string' || typeof waited === 'number'
  const seconds = isTime ? (parseDurationMs(waited) ?? 0) / 1000 : 0
  return {
    ...length,
    ...(seconds > 0 ? { seconds: (length.seconds ?? 0) + seconds } : {}),
    ...(analysis ? { analyses: (length.analyses ?? 0) + 1 } : {}),
    ...(pause && pause.duration === undefined ? { untilPromoted: true } : {}),
  }
}

/** A third of all traffic has no end. */
const DIGITS = 4

const percentOf = (weight: number, maxWeight: number): number =>
  Math.min(100, Number(((100 * weight) / maxWeight).toPrecision(DIGITS)))

function isReached({ routed, programmed, stepIndex }: WeightFacts, stage: WeightStage | undefined): boolean {
  if (!stage) return true
  return routed ? programmed === stage.weight : stage.from < stepIndex
}
