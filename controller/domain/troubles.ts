/**
 * Holds that do not pass by themselves because somebody has to mend something: each is a condition of its type as long as it lasts. Which hold there
 * is, is decided elsewhere.
 */
import type { RolloutStatus } from '../api/rollout.ts'
import { findCondition } from './deadline.ts'
import type { Hold, PlannedEvent } from './plan.ts'

/** In the order in which they are told where there is room for one. */
const TROUBLES = ['Conflict', 'TrafficRoutingError'] as const
export const isTrouble = (reason: string): boolean => TROUBLES.some((trouble) => trouble === reason)

/** The first of each kind. */
export const troublesOf = (holds: readonly Hold[]): readonly Hold[] =>
  TROUBLES.flatMap((reason) => holds.find((hold) => hold.reason === reason) ?? [])

/** A router's problem is told when it begins and when its words change; a Conflict is told by whoever finds it. */
export const tellTroubles = (troubles: readonly Hold[], previous: RolloutStatus): readonly PlannedEvent[] =>
  troubles
    .filter(({ reason, message }) => reason !== 'Conflict' && findCondition(previous, reason)?.message !== message)
    .map(({ reason, message }) => ({ type: 'Warning', reason, message }))

/** For the message of a Rollout that gets on no further. */
export function describeTrouble(status: RolloutStatus): string | undefined {
  const condition = TROUBLES.flatMap((type) => findCondition(status, type) ?? [])[0]
  return condition && `${condition.type}: ${condition.message}`
}
