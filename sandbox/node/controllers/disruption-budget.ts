/**
 * What a PodDisruptionBudget allows at this moment. Pure.
 *
 * Example: minAvailable 2 with 3 ready pods of 3 expected allows 1 disruption; once one is evicted, 0.
 */
import {
  type Condition,
  conditionOf,
  earliest,
  isActive,
  isReady,
  type Pod,
  type PodDisruptionBudget,
  parseTime,
  renderTime,
} from '../objects.ts'
import { resolveAmount } from './amounts.ts'

export interface BudgetStatus {
  readonly currentHealthy: number
  readonly desiredHealthy: number
  readonly expectedPods: number
  readonly disruptionsAllowed: number
  readonly observedGeneration: number
  readonly disruptedPods: Readonly<Record<string, string>>
  readonly conditions: readonly Condition[]
}

/** An eviction that did not lead to a deletion within this time is taken as having failed. */
const DELETION_TIMEOUT_MS = 120_000

/** `pods` are all that match; `expected` is how many their owners ask for. */
export function summarizeBudget(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: number,
  nowMs: number,
): { readonly status: BudgetStatus; readonly wakeAtMs: number | undefined } {
  const active = pods.filter(isActive)
  const disrupted = Object.entries(budget.status?.disruptedPods ?? {}).filter(
    ([name, since]) =>
      active.some((pod) => pod.metadata.name === name) && nowMs < (parseTime(since) ?? 0) + DELETION_TIMEOUT_MS,
  )
  const leaving = new Set(disrupted.map(([name]) => name))
  const { minAvailable, maxUnavailable } = budget.spec
  // A plain number of available pods needs no owners to be known.
  const expectedPods = typeof minAvailable === 'number' ? active.length : expected
  const desiredHealthy =
    maxUnavailable === undefined
      ? resolveAmount(minAvailable ?? 1, expectedPods, 'up')
      : Math.max(0, expectedPods - resolveAmount(maxUnavailable, expectedPods, 'up'))
  const currentHealthy = active.filter((pod) => isReady(pod) && !leaving.has(pod.metadata.name)).length
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  return {
    status: {
      currentHealthy,
      desiredHealthy,
      expectedPods,
      disruptionsAllowed,
      observedGeneration: budget.metadata.generation ?? 0,
      disruptedPods: Object.fromEntries(disrupted),
      conditions: [renderAllowed(budget, disruptionsAllowed, nowMs)],
    },
    wakeAtMs: earliest(...disrupted.map(([, since]) => (parseTime(since) ?? 0) + DELETION_TIMEOUT_MS)),
  }
}

function renderAllowed(budget: PodDisruptionBudget, disruptionsAllowed: number, nowMs: number): Condition {
  const status = disruptionsAllowed > 0 ? 'True' : 'False'
  const reason = disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods'
  const known = conditionOf(budget.status?.conditions, 'DisruptionAllowed')
  const since = known?.status === status ? known.lastTransitionTime : undefined
  return { type: 'DisruptionAllowed', status, reason, message: '', lastTransitionTime: since ?? renderTime(nowMs) }
}
