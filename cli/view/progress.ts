/**
 * How far a canary has come: step, the weight asked for and the weight that pods or routes really give it. Pure.
 *
 * | aborted | steps left | last setWeight at or before the step | asked for |
 * |---------|------------|--------------------------------------|-----------|
 * | yes     | any        | any                                  | 0         |
 * | no      | none       | any                                  | the whole |
 * | no      | some       | w                                    | w         |
 * | no      | some       | none                                 | 0         |
 */
import { COLOR_STEP, colorOfStep } from '../../controller/api/color-step.ts'
import { describeColor } from '../../controller/api/color-text.ts'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { CanaryStep, ReplicaSet, Rollout } from '../../controller/api/rollout.ts'

export interface CanaryProgress {
  /** Zero-based; equals `stepCount` when every step is done. */
  readonly stepIndex: number
  readonly stepCount: number
  readonly step?: CanaryStep
  /** Out of `maxTrafficWeight`. */
  readonly setWeight: number
  readonly actualWeight: number
}

/** Undefined for a rollout that is not a canary. */
export function computeProgress(rollout: Rollout, replicaSets: readonly ReplicaSet[]): CanaryProgress | undefined {
  const canary = rollout.spec.strategy?.canary
  if (!canary) return undefined
  const steps = canary.steps ?? []
  const stepIndex = Math.min(rollout.status?.currentStepIndex ?? 0, steps.length)
  const step = steps[stepIndex]
  const setWeight = computeSetWeight(rollout, steps, stepIndex)
  return {
    stepIndex,
    stepCount: steps.length,
    ...(step ? { step } : {}),
    setWeight,
    actualWeight: step ? computeActualWeight(rollout, replicaSets, setWeight) : maxWeight(rollout),
  }
}

const maxWeight = (rollout: Rollout): number => rollout.spec.strategy?.canary?.trafficRouting?.maxTrafficWeight ?? 100

function computeSetWeight(rollout: Rollout, steps: readonly CanaryStep[], stepIndex: number): number {
  if (rollout.status?.abort === true) return 0
  if (stepIndex >= steps.length) return maxWeight(rollout)
  return steps.slice(0, stepIndex + 1).findLast((step) => step.setWeight !== undefined)?.setWeight ?? 0
}

/** Routes say it themselves; without a router the share of available pods is the weight. */
function computeActualWeight(rollout: Rollout, replicaSets: readonly ReplicaSet[], setWeight: number): number {
  const { status } = rollout
  const available = status?.availableReplicas ?? 0
  if (available === 0) return 0
  if (rollout.spec.strategy?.canary?.trafficRouting) return status?.canary?.weights?.canary.weight ?? setWeight
  const canary = replicaSets.find((set) => set.metadata.labels?.[POD_TEMPLATE_HASH] === status?.currentPodHash)
  return Math.floor(((canary?.status?.availableReplicas ?? 0) * maxWeight(rollout)) / available)
}

/**
 * The one key that a step has, with its value in short: `setWeight 20`, `pause 30s`, `analysis error-rate`, and a colour with what it matches:
 * `color: vip (x-user mod 1000 in 1-50)`.
 */
export function describeStep(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight ${step.setWeight}`
  if (step.pause)
    return step.pause.duration === undefined ? 'pause until promoted' : `pause ${seconds(step.pause.duration)}`
  if (step.analysis)
    return `analysis ${(step.analysis.templates ?? []).map((one) => one.templateName).join(', ')}`.trim()
  if (step.setCanaryScale) return 'setCanaryScale'
  if (step.setHeaderRoute) return `setHeaderRoute ${step.setHeaderRoute.name}`
  if (step.setMirrorRoute) return `setMirrorRoute ${step.setMirrorRoute.name}`
  if (step.plugin?.name === COLOR_STEP) {
    const color = colorOfStep(step)
    return color ? `color: ${describeColor(color)}` : 'color'
  }
  if (step.plugin) return `plugin ${step.plugin.name}`
  return Object.keys(step)[0] ?? 'empty step'
}

const seconds = (duration: number | string): string => (/^\d+$/.test(String(duration)) ? `${duration}s` : `${duration}`)
