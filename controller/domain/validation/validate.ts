/**
 * Whether a Rollout's spec can be obeyed, from the manifest alone: shape, then rules, in Argo's words where Argo has words. Used at every
 * reconcile and by `penstock lint`. It only composes; each rule stands in the file of its idea, and other objects are asked by
 * `validate-references.ts`.
 */
import { onceFrozen } from '../../api/once-frozen.ts'
import { type Rollout, type RolloutSpec, rolloutSpecSchema } from '../../api/rollout.ts'
import { validateBlueGreen } from './blue-green.ts'
import { validateCanary } from './canary.ts'
import { validatePodMetadata } from './pod-metadata.ts'
import type { Problem } from './problem.ts'
import { validateSpec } from './rollout.ts'
import { listShapeProblems } from './shape.ts'
import { validateWaits } from './waits.ts'
import { validateWorkloadRef } from './workload-ref.ts'

/** Empty when the spec can be obeyed. */
export function validateRollout(rollout: Rollout): readonly Problem[] {
  const { spec } = rollout
  const own = isRecord(spec) ? readSpec(spec) : judgeSpec(spec)
  if ('misshapen' in own) return own.misshapen
  return [...own.early, ...validateStrategy(rollout), ...own.late, ...validateWaits(rollout.metadata.annotations)]
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null

/** In front of the strategy's problems and behind them. */
type SpecProblems =
  | { readonly misshapen: readonly Problem[] }
  | { readonly early: readonly Problem[]; readonly late: readonly Problem[] }

/** The strategy may ask for labels of the Rollout: it is judged with it. */
function judgeSpec(spec: RolloutSpec): SpecProblems {
  const shape = rolloutSpecSchema.safeParse(spec)
  if (!shape.success) return { misshapen: listShapeProblems(shape.error, 'spec') }
  return { early: [...validateSpec(spec), ...validateWorkloadRef(spec)], late: validatePodMetadata(spec) }
}

const readSpec = onceFrozen(judgeSpec)

const validateStrategy = onceFrozen((rollout: Rollout): readonly Problem[] => {
  const field = 'spec.strategy'
  const { canary, blueGreen } = rollout.spec.strategy ?? {}
  if (canary && blueGreen)
    return [{ field, message: 'Multiple Strategies can not be listed', fix: 'keep canary or blueGreen' }]
  if (blueGreen) return validateBlueGreen(blueGreen, rollout)
  if (canary) return validateCanary(canary, rollout)
  const message = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
  return [{ field, message, fix: 'add strategy.canary' }]
})
