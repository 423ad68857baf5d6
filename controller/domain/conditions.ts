/**
 * Conditions of a Rollout in Argo's vocabulary, which other tools match on. Decides each condition from the pass; times change only as Argo
 * changes them, because the deadline clock is the Progressing condition's `lastUpdateTime`.
 *
 *   Progressing, first that holds                          status   reason
 *   aborted                                                False    RolloutAborted
 *   deadline exceeded                                      False    ProgressDeadlineExceeded
 *   new revision seen                                      True     NewReplicaSetCreated
 *   paused                                                 Unknown  RolloutPaused
 *   not paused any more / not aborted any more             Unknown  RolloutResumed / RolloutRetry
 *   complete and healthy                                   True     NewReplicaSetAvailable
 *   progressed                                             True     ReplicaSetUpdated (time refreshed)
 *   was NewReplicaSetAvailable, pods are missing           True     ReplicaSetNotAvailable
 *   else                                                   as it was
 */
import type { Condition, RolloutStatus } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import { findCondition } from './deadline.ts'

export interface ConditionFacts {
  readonly now: number
  readonly previous: RolloutStatus
  readonly replicaSetName: string
  readonly revision: number
  /** Why the update is or was aborted; set as long as it is. */
  readonly aborted: { readonly message?: string } | undefined
  readonly deadlineExceeded: boolean
  readonly newRevision: boolean
  readonly paused: boolean
  readonly healthy: boolean
  readonly completed: boolean
  readonly progressed: boolean
  readonly available: boolean
}

type Wanted = Pick<Condition, 'type' | 'status' | 'reason' | 'message'> & { readonly refresh?: boolean }

export function decideConditions(facts: ConditionFacts): Condition[] {
  const wanted = [
    availability(facts),
    flag('Paused', facts.paused, 'RolloutPaused', 'Rollout is paused', 'Rollout is not paused'),
    flag('Healthy', facts.healthy, 'RolloutHealthy', 'Rollout is healthy', 'Rollout is not healthy'),
    flag('Completed', facts.completed, 'RolloutCompleted', 'RolloutCompleted', 'Rollout is not completed'),
    progressing(facts),
  ]
  const kept = (facts.previous.conditions ?? []).filter(
    (condition) => condition.type !== 'InvalidSpec' && !wanted.some((w) => w?.type === condition.type),
  )
  const firstSight = (w: Wanted) =>
    w.status === 'False' && (w.type === 'Paused' || w.type === 'Healthy') && !findCondition(facts.previous, w.type)
  return [...kept, ...wanted.flatMap((w) => (w && !firstSight(w) ? [stamp(facts, w)] : []))]
}

const flag = (type: string, on: boolean, reason: string, yes: string, no: string): Wanted => ({
  type,
  status: on ? 'True' : 'False',
  reason,
  message: on ? yes : no,
})

const availability = ({ available }: ConditionFacts): Wanted =>
  flag(
    'Available',
    available,
    'AvailableReason',
    'Rollout has minimum availability',
    'Rollout does not have minimum availability',
  )

function progressing(facts: ConditionFacts): Wanted | undefined {
  const before = findCondition(facts.previous, 'Progressing')
  const as = (status: Condition['status'], reason: string, message: string, refresh = false): Wanted => ({
    type: 'Progressing',
    status,
    reason,
    message,
    refresh,
  })
  const rs = facts.replicaSetName
  if (facts.aborted) return abortedCondition(facts, before)
  if (facts.newRevision) return as('True', 'NewReplicaSetCreated', `Created new replica set "${rs}"`, true)
  if (facts.deadlineExceeded && !facts.progressed)
    return as('False', 'ProgressDeadlineExceeded', `ReplicaSet "${rs}" has timed out progressing.`)
  if (facts.paused) return as('Unknown', 'RolloutPaused', 'Rollout is paused')
  if (before?.reason === 'RolloutPaused') return as('Unknown', 'RolloutResumed', 'Rollout is resumed')
  if (before?.reason === 'RolloutAborted') return as('Unknown', 'RolloutRetry', 'Retrying Rollout after abort')
  if (facts.completed && facts.healthy)
    return as('True', 'NewReplicaSetAvailable', `ReplicaSet "${rs}" has successfully progressed.`)
  if (before?.reason === 'NewReplicaSetAvailable' || before?.reason === 'ReplicaSetNotAvailable') {
    return as('True', 'ReplicaSetNotAvailable', `ReplicaSet "${rs}" is not available`)
  }
  if (facts.progressed || !before) return as('True', 'ReplicaSetUpdated', `ReplicaSet "${rs}" is progressing.`, true)
  return before
}

function abortedCondition(facts: ConditionFacts, before: Condition | undefined): Wanted {
  const why = facts.aborted?.message ? `: ${facts.aborted.message}` : ''
  const message = `Rollout aborted update to revision ${facts.revision}${why}`
  const told = before?.reason === 'RolloutAborted' && !facts.aborted?.message
  return { type: 'Progressing', status: 'False', reason: 'RolloutAborted', message: told ? before.message : message }
}

/** lastTransitionTime moves with the status; lastUpdateTime with status, reason or message, or on progress. */
function stamp(facts: ConditionFacts, { refresh, ...wanted }: Wanted): Condition {
  const before = findCondition(facts.previous, wanted.type)
  const now = formatInstant(facts.now)
  const unchanged =
    before?.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message
  if (before && unchanged && !refresh) return before
  const lastTransitionTime = before?.status === wanted.status ? (before.lastTransitionTime ?? now) : now
  return {
    type: wanted.type,
    status: wanted.status,
    reason: wanted.reason,
    message: wanted.message,
    lastUpdateTime: now,
    lastTransitionTime,
  }
}
