/**
 * How many pods every revision gets in this pass. Capacity goes up before weight and down after it: a revision shrinks only once no router
 * can still send to it, and a revision that served goes to 0 only a delay after that was confirmed (invariants S5, S6, S7).
 *
 *   routed             new                               stable     others
 *   initial, steady    all                               -          0 after scaleDownDelaySeconds, once unnamed and without weight
 *   updating           the step's size, not below what   all        same
 *                      the written weight needs
 *   aborted            kept; 0 after the abort delay     all        same
 *                      once weight is 0 and stable full
 *   unrouted           `replica-ratio.ts`: the share of pods is the share of traffic
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import { join, type Part } from '../plan.ts'
import { availableReplicas, podsForWeight, rollingBudget, specReplicas, sum } from '../replicas.ts'
import { type Retirement, retire, retireOthers, scale } from '../scale.ts'
import { hashOf, isNamed } from '../view.ts'
import { ratioTarget } from './progress.ts'
import { drainOlder, nextSplit } from './replica-ratio.ts'
import { type CanaryView, wantedCanaryPods } from './view.ts'

export function decideScaling(view: CanaryView): Part {
  if (view.mode === 'superseded') return {}
  if (view.specPaused && view.mode !== 'aborted') return {}
  return view.routed ? scaleRouted(view) : scaleUnrouted(view)
}

function scaleRouted(view: CanaryView): Part {
  const { newRs, stableRs, replicas } = view
  const stable = stableRs && stableRs !== newRs ? [scale(view, stableRs, replicas)] : []
  const canary = !newRs
    ? []
    : view.mode === 'aborted'
      ? [scaleAborted(view, newRs)]
      : [scale(view, newRs, routedTarget(view, newRs))]
  const { scaleDownDelaySeconds, scaleDownDelayRevisionLimit } = view.strategy
  const others = retireOthers(view, retirement(view, scaleDownDelaySeconds), scaleDownDelayRevisionLimit)
  return join(...stable, ...canary, others)
}

/** The step's size, but never below what the weight needs that routers may still apply. */
function routedTarget(view: CanaryView, newRs: ReplicaSet): number {
  const wanted = wantedCanaryPods(view)
  if (view.mode !== 'updating' || wanted >= specReplicas(newRs)) return wanted
  if (!view.settled || view.programmed === undefined) return Math.max(wanted, specReplicas(newRs))
  return Math.max(wanted, Math.min(specReplicas(newRs), podsForWeight(view.replicas, view.programmed, view.maxWeight)))
}

function scaleAborted(view: CanaryView, newRs: ReplicaSet): Part {
  const delaySeconds = view.strategy.abortScaleDownDelaySeconds
  if (delaySeconds === 0) return {}
  const stableIsFull = availableReplicas(view.stableRs) >= view.replicas
  return stableIsFull ? retire(view, newRs, retirement(view, delaySeconds)) : {}
}

/** Traffic may still come: a Service names the revision, or a router has not settled what it was told last. */
const retirement = (view: CanaryView, delaySeconds: number | undefined): Retirement => ({
  delaySeconds,
  isReached: (rs) => isNamed(view.world, hashOf(rs)) || !view.settled,
})

function scaleUnrouted(view: CanaryView): Part {
  const { newRs, stableRs, others, replicas } = view
  const budget = rollingBudget(view.strategy, replicas)
  const stable = stableRs === newRs ? undefined : stableRs
  const older = { spec: sum(others.map(specReplicas)), available: sum(others.map(availableReplicas)) }
  const counts = (rs: ReplicaSet | undefined) => ({ spec: specReplicas(rs), available: availableReplicas(rs) })
  if (older.spec > 0) {
    const spare =
      availableReplicas(newRs) + availableReplicas(stable) + older.available - (replicas - budget.maxUnavailable)
    const sizes = drainOlder(others.map(counts), spare)
    const drained = join(...others.map((rs, at) => scale(view, rs, sizes[at] ?? 0)))
    if ((drained.actions ?? []).length > 0) return drained
  }
  const target = ratioTarget(view)
  if (!stable) return newRs ? scale(view, newRs, view.mode === 'aborted' ? specReplicas(newRs) : target.canary) : {}
  const next = nextSplit({ replicas, budget, target, canary: counts(newRs), stable: counts(stable), older })
  return join(scale(view, stable, next.stable), newRs ? scale(view, newRs, next.canary) : {})
}
