/**
 * The facts about a canary that several decisions share, derived once per pass: steps, weights, services, sizes. It concludes nothing about
 * what to do next.
 */
import type { CanaryStep, CanaryStrategy, RolloutStatus } from '../../api/rollout.ts'
import type { Mode } from '../lifecycle.ts'
import { availableReplicas, meetsThreshold, podsForWeight } from '../replicas.ts'
import type { RolloutView } from '../view.ts'
import { type CanaryParts, partsOf } from './parts.ts'
import { canaryScaleAt, pluginOfStep, weightAt } from './steps.ts'
import { type TrafficView, viewTraffic } from './traffic.ts'

export interface CanaryView extends RolloutView, TrafficView, CanaryParts {
  readonly strategy: CanaryStrategy
  readonly steps: readonly CanaryStep[]
  /** Index of the step in force, 0 … steps.length. */
  readonly stepIndex: number
  readonly step: CanaryStep | undefined
  readonly maxWeight: number
  /** A traffic router carries the weights. */
  readonly routed: boolean
  /** The update is halted for want of a verdict: the revision gets no more traffic than it has. Never so in compat: Argo shifts to 100 % all the same. */
  readonly undecided: boolean
}

export function viewCanary(base: RolloutView, strategy: CanaryStrategy): CanaryView {
  const { world, status, mode } = base
  const steps = strategy.steps ?? []
  const stepIndex = indexInForce(mode, status, steps.length)
  return {
    ...base,
    ...viewTraffic(world),
    strategy,
    steps,
    stepIndex,
    step: steps[stepIndex],
    maxWeight: strategy.trafficRouting?.maxTrafficWeight ?? 100,
    routed: strategy.trafficRouting !== undefined,
    undecided: false,
    ...partsOf(world),
  }
}

function indexInForce(mode: Mode, status: RolloutStatus, count: number): number {
  if (mode === 'aborted') return 0
  if (mode === 'initial' || mode === 'steady') return count
  return Math.min(Math.max(status.currentStepIndex ?? 0, 0), count)
}

/** Weight that the step in force asks for; all of it once everything is promoted or asked for. */
export const wantedWeight = (view: CanaryView): number =>
  view.promoteFull ? view.maxWeight : weightAt(view.steps, view.stepIndex, view.maxWeight)

/** Pods that the canary is to have at the step in force, with a router. */
export function wantedCanaryPods(view: CanaryView): number {
  const { replicas, maxWeight, strategy } = view
  if (view.mode !== 'updating' || view.promoteFull) return replicas
  const scale = canaryScaleAt(view.steps, view.stepIndex)
  if (scale === 'matchTrafficWeight')
    return podsForWeight(replicas, wantedWeight(view), maxWeight, strategy.minPodsPerReplicaSet)
  // A number of pods is a number of pods; Argo's floor overrules it where stable is sized too.
  const floor = strategy.dynamicStableScale ? Math.min(strategy.minPodsPerReplicaSet ?? 0, replicas) : 0
  return 'replicas' in scale
    ? Math.max(scale.replicas, scale.replicas === 0 ? 0 : floor)
    : podsForWeight(replicas, scale.weight, 100, strategy.minPodsPerReplicaSet)
}

/** Enough of the revision's pods are available for `desired`. */
export const isReadyFor = (view: CanaryView, desired: number): boolean =>
  meetsThreshold(availableReplicas(view.newRs), desired, view.strategy.replicaProgressThreshold)

/** Where the step asks for pods as well, it has them: its pause has begun, or begins now. */
const isScaled = (view: CanaryView): boolean =>
  view.step?.setCanaryScale === undefined || isReadyFor(view, wantedCanaryPods(view))

/** No progress is expected: paused, or the step in force takes its time. */
export function waitsOnPurpose(view: CanaryView): boolean {
  const paused = (view.status.pauseConditions ?? []).length > 0 || view.specPaused
  const { pause, analysis, experiment } = view.step ?? {}
  // A plugin step has a time of its own; Argo's deadline goes on beside it.
  const lasts =
    (pause !== undefined && isScaled(view)) ||
    analysis !== undefined ||
    experiment !== undefined ||
    (pluginOfStep(view.step) !== undefined && view.world.compat === 'strict')
  return paused || (view.mode === 'updating' && lasts)
}
