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

/** The growing side counts by what is available, the shrinking side by what may be taken: unavailable pods of it cost nothing. */
function scaleDown({ replicas, budget, target, canary, stable, older }: RatioInput): Split {
  if (older.spec > 0) return { canary: canary.spec, stable: stable.spec }
  const minAvailable = replicas - budget.maxUnavailable
  const spare = canary.available + stable.available - minAvailable
  const stableDown = shrink(stable, target.stable, spare)
  const canaryDown = shrink(canary, target.canary, spare - stableDown.cost)
  const next = { canary: canary.spec - canaryDown.pods, stable: stable.spec - stableDown.pods }
  const excess = next.canary + next.stable - replicas - budget.maxSurge
  return excess > 0 ? { ...next, canary: next.canary - dispensable(canary, next.canary, excess) } : next
}

/** After a scale-in both targets together may still be more than the surge allows: pods of the canary that serve nobody go first. */
const dispensable = (canary: Counts, size: number, excess: number): number =>
  Math.min(excess, Math.max(0, size - canary.available))

function shrink(side: Counts, target: number, spare: number): { pods: number; cost: number } {
  const surplus = Math.max(0, side.spec - target)
  const unavailable = side.spec - side.available
  const free = Math.min(surplus, unavailable)
  const cost = Math.min(surplus - free, Math.max(0, spare))
  return { pods: free + cost, cost }
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
