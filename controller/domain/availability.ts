/**
 * How many pods of a Rollout may be missing or too many while something moves, whatever the strategy and whoever moves them: update, restart and
 * the workload that hands over share this one budget (invariant S7). It must not decide what moves.
 */
import type { RolloutSpec } from '../api/rollout.ts'
import { type Budget, resolveIntOrPercent, rollingBudget } from './replicas.ts'

/** A second set of pods is what blue-green is made of: it may always have one pod more. */
const BLUE_GREEN_SURGE = 1

export function budgetOf(spec: RolloutSpec): Budget {
  const replicas = spec.replicas ?? 1
  const { canary, blueGreen } = spec.strategy ?? {}
  if (!blueGreen) return rollingBudget(canary ?? {}, replicas)
  const maxUnavailable = resolveIntOrPercent(blueGreen.maxUnavailable ?? '25%', replicas, 'down') ?? 0
  return { maxSurge: BLUE_GREEN_SURGE, maxUnavailable: Math.min(maxUnavailable, replicas) }
}
