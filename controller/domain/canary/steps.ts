/**
 * What the steps of a canary say at an index: the weight in force, the canary's size in force, the name of a step. Reading only; whether a
 * step is complete is decided in `progress.ts`.
 */
import type { CanaryStep } from '../../api/rollout.ts'
import { parseDurationMs } from '../../api/scalars.ts'
import type { OwnPause } from '../pauses.ts'

/** Weight in force while the step at `index` runs: that of the nearest setWeight at or before it, 0 before the first, all past the end. */
export function weightAt(steps: readonly CanaryStep[], index: number, maxWeight: number): number {
  if (index >= steps.length) return maxWeight
  for (let at = index; at >= 0; at--) {
    const weight = steps[at]?.setWeight
    if (weight !== undefined) return weight
  }
  return 0
}

export type CanaryScale = { readonly replicas: number } | { readonly weight: number } | 'matchTrafficWeight'

/** Size of the canary in force: the nearest setCanaryScale at or before `index`; past the end the weight decides again. */
export function canaryScaleAt(steps: readonly CanaryStep[], index: number): CanaryScale {
  if (index >= steps.length) return 'matchTrafficWeight'
  for (let at = index; at >= 0; at--) {
    const scale = steps[at]?.setCanaryScale
    if (!scale) continue
    if (scale.replicas !== undefined) return { replicas: scale.replicas }
    if (scale.weight !== undefined) return { weight: scale.weight }
    return 'matchTrafficWeight'
  }
  return 'matchTrafficWeight'
}

/** The pause that a step asks for; undefined: it asks for none. */
export function pauseOfStep(step: CanaryStep | undefined): OwnPause | undefined {
  if (!step?.pause) return undefined
  const { duration } = step.pause
  return { reason: 'CanaryPauseStep', durationMs: duration === undefined ? undefined : parseDurationMs(duration) }
}

/** The step as Argo's event texts name it, for instance `setWeight: 20`. */
export function describeStep(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`
  if (step.pause) return step.pause.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`
  if (step.plugin) return `plugin: ${step.plugin.name}`
  const kind = Object.keys(step)[0] ?? 'empty'
  return kind
}

/** True when the stage ends behind `index`: the next step changes the weight, or there is none. */
export const endsStage = (steps: readonly CanaryStep[], index: number): boolean =>
  index + 1 >= steps.length || steps[index + 1]?.setWeight !== undefined
