/**
 * Conditions of a Rollout in Argo's vocabulary, which other tools match on. Decides each condition from the pass; a condition of the same status
 * and reason is not rewritten, because the deadline clock is the Progressing condition's `lastUpdateTime`.
 *
 *   Progressing, first that holds                          status   reason
 *   aborted                                                False    RolloutAborted
 *   new revision, its ReplicaSet is created                True     NewReplicaSetCreated        (clock restarts)
 *   new revision, its ReplicaSet is there already          True     FoundNewReplicaSet when nothing was told before, else ReplicaSetUpdated
 *   stable, and everything is where it belongs             True     NewReplicaSetAvailable
 *   paused, and not stable yet                             Unknown  RolloutPaused
 *   deadline exceeded, and no progress                     False    ProgressDeadlineExceeded
 *   not paused any more / not aborted any more             Unknown  RolloutResumed / RolloutRetry
 *   its ReplicaSet could not be created, and now is there  True     NewReplicaSetCreated        (clock restarts)
 *   the deadline is not judged any more                    True     ReplicaSetUpdated           (clock restarts)
 *   was complete, and lost pods                            True     ReplicaSetNotAvailable      (clock restarts)
 *   progressed, or nothing was told before                 True     ReplicaSetUpdated           (clock restarts)
 *   else                                                   as it was
 *
 *   Available       enough pods serve
 *   Paused          a pause is on record, or spec.paused; absent until the first pause; while aborted as it was
 *   Healthy         stable, everything where it belongs, not paused, not a new revision; absent until first healthy
 *   Completed       the newest revision is stable
 *   Conflict, TrafficRoutingError
 *                   a hold that somebody has to mend, in its words; absent when there is none
 *   ReplicaFailure  copied from the new ReplicaSet, else from another; absent when none tells of one
 */
import type { Condition, ReplicaSet, RolloutStatus } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import { findCondition } from './deadline.ts'
import type { Hold } from './plan.ts'
import { isTrouble } from './troubles.ts'

export interface ConditionFacts {
  readonly now: number
  readonly previous: RolloutStatus
  readonly replicaSetName: string
  /** The ReplicaSet of the newest revision exists. */
  readonly replicaSetExists: boolean
  readonly revision: number
  /** Why the update is or was aborted; set as long as it is. */
  readonly aborted: { readonly message?: string } | undefined
  readonly deadlineExceeded: boolean
  /** A revision that status does not name yet; another plan of steps for the same revision is none. */
  readonly newRevision: boolean
  readonly paused: boolean
  /** Pods and Services are where they belong. */
  readonly deployed: boolean
  /** The newest revision is the stable one. */
  readonly completed: boolean
  readonly progressed: boolean
  /** Every pod was available in the pass before, and now some are not. */
  readonly lostPods: boolean
  readonly available: boolean
  readonly replicaFailure: Condition | undefined
  /** Holds that are conditions of their own, one of a kind. */
  readonly troubles?: readonly Hold[]
}

type Wanted = Pick<Condition, 'type' | 'status' | 'reason' | 'message'> & { readonly refresh?: boolean }

export function decideConditions(facts: ConditionFacts): Condition[] {
  const { paused, completed, deployed, newRevision } = facts
  const healthy = completed && deployed && !paused && !newRevision
  const wanted = [
    availability(facts),
    pausedCondition(facts),
    flag('Healthy', healthy, 'RolloutHealthy', 'Rollout is healthy', 'Rollout is not healthy'),
    flag('Completed', completed, 'RolloutCompleted', 'RolloutCompleted', 'RolloutCompleted'),
    progressing(facts),
    ...(facts.troubles ?? []).map(({ reason, message }) => flag(reason, true, reason, message, '')),
  ]
  const ours = new Set(['InvalidSpec', REPLICA_FAILURE, ...wanted.flatMap((one) => (one ? [one.type] : []))])
  const kept = (facts.previous.conditions ?? []).filter(({ type }) => !ours.has(type) && !isTrouble(type))
  const firstSight = (w: Wanted) =>
    w.status === 'False' && (w.type === 'Paused' || w.type === 'Healthy') && !findCondition(facts.previous, w.type)
  return [
    ...kept,
    ...wanted.flatMap((w) => (w && !firstSight(w) ? [stamp(facts, w)] : [])),
    ...(facts.replicaFailure ? [copied(facts.previous, facts.replicaFailure)] : []),
  ]
}

const flag = (type: string, on: boolean, reason: string, yes: string, no: string): Wanted => ({
  type,
  status: on ? 'True' : 'False',
  reason,
  message: on ? yes : no,
})

/** As Argo does, an abort leaves it as it was: it tells how the update was found. */
function pausedCondition({ aborted, paused, previous }: ConditionFacts): Wanted {
  const wasPaused = findCondition(previous, 'Paused')?.status === 'True'
  const on = aborted ? wasPaused : paused
  return flag('Paused', on, 'RolloutPaused', 'Rollout is paused', 'Rollout is not paused')
}

const NOT_AVAILABLE = 'Rollout does not have minimum availability'

const availability = ({ available }: ConditionFacts): Wanted =>
  flag('Available', available, 'AvailableReason', 'Rollout has minimum availability', NOT_AVAILABLE)

const told = (status: Condition['status'], reason: string, message: string, refresh = false): Wanted => ({
  type: 'Progressing',
  status,
  reason,
  message,
  refresh,
})

function progressing(facts: ConditionFacts): Wanted | undefined {
  const before = findCondition(facts.previous, 'Progressing')
  const rs = facts.replicaSetName
  if (facts.aborted) return abortedCondition(facts)
  if (facts.newRevision) return newRevisionCondition(facts, before)
  if (facts.completed && facts.deployed)
    return told('True', 'NewReplicaSetAvailable', `ReplicaSet "${rs}" has successfully progressed.`)
  if (facts.paused && !facts.completed) return told('Unknown', 'RolloutPaused', 'Rollout is paused')
  if (facts.deadlineExceeded && !facts.progressed)
    return told('False', 'ProgressDeadlineExceeded', `ReplicaSet "${rs}" has timed out progressing.`)
  return leftBehind(facts, before) ?? pace(facts, before)
}

const created = (rs: string): Wanted => told('True', 'NewReplicaSetCreated', `Created new replica set "${rs}"`, true)

function newRevisionCondition({ replicaSetName, replicaSetExists }: ConditionFacts, before: Condition | undefined) {
  if (!replicaSetExists) return created(replicaSetName)
  return before
    ? updated(replicaSetName)
    : told('True', 'FoundNewReplicaSet', `Found new replica set "${replicaSetName}"`)
}

const updated = (rs: string): Wanted => told('True', 'ReplicaSetUpdated', `ReplicaSet "${rs}" is progressing.`, true)

/** What the last pass told is over. */
function leftBehind(facts: ConditionFacts, before: Condition | undefined): Wanted | undefined {
  if (before?.reason === 'RolloutPaused') return told('Unknown', 'RolloutResumed', 'Rollout is resumed')
  if (before?.reason === 'RolloutAborted') return told('Unknown', 'RolloutRetry', 'Retrying Rollout after abort')
  if (before?.reason === CREATE_ERROR && facts.replicaSetExists) return created(facts.replicaSetName)
  if (before?.reason === 'ProgressDeadlineExceeded') return updated(facts.replicaSetName)
  return undefined
}

function pace(facts: ConditionFacts, before: Condition | undefined): Wanted | undefined {
  const wasComplete = before?.reason === 'NewReplicaSetAvailable' || (facts.completed && facts.lostPods)
  if (wasComplete) return told('True', 'ReplicaSetNotAvailable', NOT_AVAILABLE, true)
  return facts.progressed || !before ? updated(facts.replicaSetName) : before
}

function abortedCondition(facts: ConditionFacts): Wanted {
  const why = facts.aborted?.message ? `: ${facts.aborted.message}` : ''
  return told('False', 'RolloutAborted', `Rollout aborted update to revision ${facts.revision}${why}`)
}

/** lastTransitionTime moves with the status; lastUpdateTime with status or reason, or on progress. */
function stamp(facts: ConditionFacts, { refresh, ...wanted }: Wanted): Condition {
  const before = findCondition(facts.previous, wanted.type)
  const now = formatInstant(facts.now)
  if (before?.status === wanted.status && before.reason === wanted.reason && !refresh) return before
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

const REPLICA_FAILURE = 'ReplicaFailure'

/** Why pods cannot be made (a quota, an admission webhook): the new ReplicaSet's word first, then that of the others by name. */
export function findReplicaFailure(replicaSets: readonly ReplicaSet[], newRs: ReplicaSet | undefined) {
  const byName = replicaSets.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const found = [...(newRs ? [newRs] : []), ...byName]
    .flatMap((rs) => rs.status?.conditions ?? [])
    .find(({ type, status }) => type === REPLICA_FAILURE && status === 'True')
  if (!found) return undefined
  const { reason = '', message = '', lastTransitionTime } = found
  const times = lastTransitionTime === undefined ? {} : { lastUpdateTime: lastTransitionTime, lastTransitionTime }
  return { type: REPLICA_FAILURE, status: 'True', reason, message, ...times } satisfies Condition
}

/** The ReplicaSet words its failure anew with every pod that it tries: the first words stay. */
function copied(previous: RolloutStatus, failure: Condition): Condition {
  const before = findCondition(previous, REPLICA_FAILURE)
  return before?.status === failure.status && before.reason === failure.reason ? before : failure
}

const CREATE_ERROR = 'ReplicaSetCreateError'

/** The status after the new ReplicaSet was refused: said in Progressing, unless an abort or the deadline says more. */
export function withCreateError(
  status: RolloutStatus,
  facts: { now: number; name: string; why: string },
): RolloutStatus {
  const before = findCondition(status, 'Progressing')
  const says = before?.reason
  if (says === CREATE_ERROR || says === 'RolloutAborted' || says === 'ProgressDeadlineExceeded') return status
  const now = formatInstant(facts.now)
  const condition: Condition = {
    type: 'Progressing',
    status: 'False',
    reason: CREATE_ERROR,
    message: `Failed to create new replica set "${facts.name}": ${facts.why}`,
    lastUpdateTime: now,
    lastTransitionTime: now,
  }
  return { ...status, conditions: (status.conditions ?? []).map((one) => (one === before ? condition : one)) }
}
