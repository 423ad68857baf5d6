/**
 * Canary without a traffic router: the share of pods is the share of traffic. Decides how many pods the canary and the stable revision get
 * for a weight, and how far each may move in one pass. Semantics of Argo Rollouts (`docs/reference/rollout.md`).
 *
 *   weight target    R=5 w=10 → 1 canary + 4 stable      R=10 w=25, surge 1 → 3 of 11 (27 %) beats 2 of 10 (20 %)
 *   up               at most R + maxSurge pods in all, stable first
 *   down             at least R − maxUnavailable available; the side that must shrink pays
 */
import type { Budget } from '../replicas.ts'

export interface Split {
  readonly canary: number
  readonly stable: number
}

/**
 * Pods for canary and stable whose ratio comes nearest to `weight`; of equals the first candidate wins (rounded up before rounded down,
 * without surge before with it). Zero or all pods only for weight 0 or all, or when there is just one pod and no surge.
 */
export function approximateWeight(replicas: number, weight: number, maxWeight: number, maxSurge: number): Split {
  if (replicas === 0) return { canary: 0, stable: 0 }
  if (weight <= 0) return { canary: 0, stable: replicas }
  if (weight >= maxWeight) return { canary: replicas, stable: 0 }
  const up = Math.ceil((replicas * weight) / maxWeight)
  const down = Math.floor((replicas * weight) / maxWeight)
  const totals = maxSurge > 0 ? [replicas, replicas + 1] : [replicas]
  const extremesAllowed = replicas === 1 && maxSurge === 0
  const candidates = totals
    .flatMap((total) => [up, down].map((canary) => ({ canary, total })))
    .filter(({ canary, total }) => extremesAllowed || (canary > 0 && canary < total))
  const distance = ({ canary, total }: { canary: number; total: number }) =>
    Math.abs(canary / total - weight / maxWeight)
  const best = candidates.reduce(
    (a, b) => (distance(b) < distance(a) - 1e-12 ? b : a),
    candidates[0] ?? { canary: up, total: replicas },
  )
  return { canary: best.canary, stable: Math.max(0, best.total - best.canary) }
}

export interface Counts {
  readonly spec: number
  readonly available: number
}

export interface RatioInput {
  readonly replicas: number
  readonly budget: Budget
  readonly target: Split
  readonly canary: Counts
  readonly stable: Counts
  /** All older revisions together; they are drained first, and as long as they are there nothing else shrinks. */
  readonly older: Counts
}

/** Next sizes of both revisions: one bounded move towards the target, never past R + maxSurge pods or below R − maxUnavailable available. */
export function nextSplit(input: RatioInput): Split {
  const grown = scaleUp(input)
  if (grown) return grown
  return scaleDown(input)
}

function scaleUp({ replicas, budget, target, canary, stable, older }: RatioInput): Split | undefined {
  const room = replicas + budget.maxSurge - canary.spec - stable.spec - older.spec
  const stableUp = Math.min(Math.max(0, target.stable - stable.spec), Math.max(0, room))
  const canaryUp = Math.min(Math.max(0, target.canary - canary.spec), Math.max(0, room - stableUp))
  if (stableUp + canaryUp === 0) return undefined
  return { canary: canary.spec + canaryUp, stable: stable.spec + stableUp }
}

/**
 * One side gives pods. It counts by what it has, for its own missing pods are no reason to take more; the side that is kept counts by what
 * answers. Two broken revisions therefore stay as they are.
 */
function scaleDown(input: RatioInput): Split {
  const { replicas, budget, target, canary, stable, older } = input
  const same = { canary: canary.spec, stable: stable.spec }
  if (older.spec > 0) return same
  const isIncreasing = target.canary >= canary.spec
  const [drained, kept] = isIncreasing ? [stable, canary] : [canary, stable]
  const surplus = Math.max(0, drained.spec - (isIncreasing ? target.stable : target.canary))
  const spare = drained.spec + kept.available - (replicas - budget.maxUnavailable)
  if (spare <= 0) return same
  const next = fitSurge(input, { ...drained, spec: drained.spec - Math.min(surplus, spare) }, kept)
  return isIncreasing ? { canary: next.kept, stable: next.drained } : { canary: next.drained, stable: next.kept }
}

/**
 * After a scale-in both sides together may still be more than the surge allows: the kept side gives first, but no pod whose answer is needed; the
 * drained side gives the rest.
 */
function fitSurge(
  { replicas, budget }: RatioInput,
  drained: Counts,
  kept: Counts,
): { readonly drained: number; readonly kept: number } {
  const most = replicas + budget.maxSurge
  const given = Math.max(0, drained.spec + kept.spec - most)
  const left = kept.spec - given
  const available = Math.min(drained.available, drained.spec) + Math.min(kept.available, left)
  const needed = Math.max(0, replicas - budget.maxUnavailable - available)
  const size = left + Math.min(Math.max(0, kept.available - left), needed)
  return { kept: size, drained: drained.spec - Math.max(0, drained.spec + size - most) }
}

/** How many pods older revisions may lose now: unhealthy ones at once, healthy ones within the availability that is to spare. */
export function drainOlder(older: readonly Counts[], spare: number): readonly number[] {
  let left = Math.max(0, spare)
  return older.map(({ spec, available }) => {
    const taken = Math.min(available, left)
    left -= taken
    return Math.min(spec, available) - taken
  })
}
