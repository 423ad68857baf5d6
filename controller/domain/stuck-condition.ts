/**
 * The condition that tells of passes that repeat themselves and change nothing: set while they do, gone with the first pass that has nothing left
 * to try. What a loop is, is counted where passes are made.
 */
import type { Condition, RolloutStatus } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import { findCondition } from './deadline.ts'

const STUCK = 'Stuck'

/** @param what the same attempt, again and again, in words for people */
export function withStuck(
  status: RolloutStatus,
  facts: { readonly now: number; readonly what: string },
): RolloutStatus {
  if (findCondition(status, STUCK)) return status
  const now = formatInstant(facts.now)
  const condition: Condition = {
    type: STUCK,
    status: 'True',
    reason: 'HotLoop',
    message: `the same pass is repeated and changes nothing: ${facts.what}`,
    lastUpdateTime: now,
    lastTransitionTime: now,
  }
  return { ...status, conditions: [...(status.conditions ?? []), condition] }
}

export function withoutStuck(status: RolloutStatus): RolloutStatus {
  if (!findCondition(status, STUCK)) return status
  return { ...status, conditions: (status.conditions ?? []).filter(({ type }) => type !== STUCK) }
}
