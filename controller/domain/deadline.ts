/**
 * Whether an update has made no progress for longer than `progressDeadlineSeconds`. It must not decide what progress is, nor what is waiting on
 * purpose at a step; an abort because of it is only ever of an update (AR#1624).
 *
 *   first that holds                                                     judged
 *   waits on purpose (a pause, spec.paused, a step that takes its time)  no    (AR#3843: a paused one never becomes Degraded)
 *   this pass brings progress                                            no
 *   Progressing is RolloutPaused, RolloutAborted, NewReplicaSetAvailable no    (resuming and retrying restart the clock)
 *   stable with all its pods: only old ones are still to go              no    (AR#3414: a scale-down delay may be longer than the deadline)
 *   compat: an older ReplicaSet waits for its scale-down-deadline        no    (strict: yes, no other revision's delay hides a stuck one: L3)
 *   Progressing is ProgressDeadlineExceeded                              exceeded, until there is progress
 *   else                                                                 exceeded when now > lastUpdateTime + deadline
 */
import { SCALE_DOWN_DEADLINE } from '../api/labels.ts'
import type { Condition, RolloutStatus } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import type { AbortCause } from './lifecycle.ts'
import { availableReplicas, createdReplicas } from './replicas.ts'
import type { RolloutView } from './view.ts'

const DEFAULT_DEADLINE_SECONDS = 600
const NOT_JUDGED = new Set(['RolloutPaused', 'RolloutAborted', 'NewReplicaSetAvailable'])

export interface Deadline {
  readonly exceeded: boolean
  /** When it will be, if nothing progresses. */
  readonly atMs?: number
}

/**
 * @param waits on purpose, so that no progress is expected: a pause, or a step that takes its time
 * @param progressed the pass that is being decided comes further than the update ever was
 */
export function judgeDeadline(view: RolloutView, waits: boolean, progressed = false): Deadline {
  const progressing = findCondition(view.status, 'Progressing')
  const since = parseInstant(progressing?.lastUpdateTime)
  if (waits || progressed || view.mode === 'superseded' || view.mode === 'aborted') return { exceeded: false }
  if (!progressing || NOT_JUDGED.has(progressing.reason) || waitsForOldPods(view)) return { exceeded: false }
  if (progressing.reason === 'ProgressDeadlineExceeded') return { exceeded: true }
  if (since === undefined) return { exceeded: false }
  const atMs = since + (view.world.rollout.spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS) * 1000
  return view.world.now > atMs ? { exceeded: true } : { exceeded: false, atMs: atMs + 1000 }
}

function waitsForOldPods(view: RolloutView): boolean {
  if (view.world.compat === 'argo' && view.others.some((rs) => rs.metadata.annotations?.[SCALE_DOWN_DEADLINE]))
    return true
  const { mode, newRs, replicas } = view
  return mode === 'steady' && createdReplicas(newRs) >= replicas && availableReplicas(newRs) >= replicas
}

/** With `progressDeadlineAbort`, a deadline that passes during an update takes the update back. */
export function abortByDeadline(view: RolloutView, deadline: Deadline): AbortCause | undefined {
  if (!deadline.exceeded || view.mode !== 'updating' || view.world.rollout.spec.progressDeadlineAbort !== true)
    return undefined
  return { reason: 'ProgressDeadlineExceeded', message: timedOutMessage(view) }
}

export const timedOutMessage = (view: RolloutView): string =>
  `ReplicaSet "${view.newRs?.metadata.name ?? view.podHash}" has timed out progressing.`

export const findCondition = (status: RolloutStatus, type: string): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type)
