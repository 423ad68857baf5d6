/**
 * A canary without a router, as it stands: which sizes its step asks for, and which ones both sides get in this pass. The arithmetic is
 * `replica-ratio.ts`.
 */
import type { ReplicaSet } from '../../api/rollout.ts'
import { availableReplicas, type Budget, createdReplicas, rollingBudget, specReplicas, sum } from '../replicas.ts'
import { countSurges } from '../restart-surge.ts'
import { approximateWeight, type Counts, nextSplit, type Split } from './replica-ratio.ts'
import { type CanaryView, wantedWeight } from './view.ts'

/** Pods that both sides are to have; without a verdict the canary gets none beyond those it has. */
export function ratioTarget(view: CanaryView): Split {
  if (view.mode === 'aborted') return { canary: 0, stable: view.replicas }
  if (view.mode !== 'updating') return { canary: view.replicas, stable: 0 }
  const { maxSurge } = rollingBudget(view.strategy, view.replicas)
  const target = approximateWeight(view.replicas, wantedWeight(view), view.maxWeight, maxSurge)
  const canary = specReplicas(view.newRs)
  if (!view.undecided || target.canary <= canary) return target
  return { canary, stable: Math.max(0, view.replicas - canary) }
}

export const countsOf = (rs: ReplicaSet | undefined): Counts => ({
  spec: specReplicas(rs),
  available: availableReplicas(rs),
})

/** A pod that a restart has added is one that the update may not add (S7). */
const withoutSurge = (view: CanaryView, budget: Budget): Budget => ({
  ...budget,
  maxSurge: Math.max(0, budget.maxSurge - countSurges(view.world)),
})

/** Sizes for this pass, with a stable revision beside the new one. */
export function nextSizes(view: CanaryView, stable: ReplicaSet): Split {
  const { newRs, others, replicas } = view
  const budget = withoutSurge(view, rollingBudget(view.strategy, replicas))
  const older = { spec: sum(others.map(specReplicas)), available: sum(others.map(availableReplicas)) }
  return nextSplit({
    replicas,
    budget,
    target: ratioTarget(view),
    canary: countsOf(newRs),
    stable: countsOf(stable),
    older,
  })
}

/** Stable gives no pod in this pass, and those that it gave are gone. */
export function hasStableSettled(view: CanaryView): boolean {
  const { stableRs } = view
  if (!stableRs || stableRs === view.newRs) return true
  return (
    nextSizes(view, stableRs).stable >= specReplicas(stableRs) && createdReplicas(stableRs) <= specReplicas(stableRs)
  )
}
