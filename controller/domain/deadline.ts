/**
 * Whether an update has made no progress for longer than `progressDeadlineSeconds`. Waiting on purpose (a pause, an analysis, spec.paused)
 * is not lack of progress, and a Rollout that once was healthy with this revision is not judged again (AR#1624).
 */
import type { Condition, RolloutStatus } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import type { AbortCause } from './lifecycle.ts'
import type { RolloutView } from './view.ts'

const DEFAULT_DEADLINE_SECONDS = 600
const NOT_JUDGED = new Set(['RolloutPaused', 'RolloutAborted', 'NewReplicaSetAvailable', 'ReplicaSetNotAvailable'])

export interface Deadline {
  readonly exceeded: boolean
  /** When it will be, if nothing progresses. */
  readonly atMs?: number
}

/** @param waits on purpose, so that no progress is expected: a pause, or a step that takes its time */
export function judgeDeadline(view: RolloutView, waits: boolean): Deadline {
  const progressing = findCondition(view.status, 'Progressing')
  const since = parseInstant(progressing?.lastUpdateTime)
  if (waits || view.mode === 'superseded' || view.mode === 'aborted' || since === undefined) return { exceeded: false }
  if (progressing && NOT_JUDGED.has(progressing.reason)) return { exceeded: false }
  if (progressing?.reason === 'ProgressDeadlineExceeded') return { exceeded: true }
  const atMs = since + (view.world.rollout.spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS) * 1000
  return view.world.now > atMs ? { exceeded: true } : { exceeded: false, atMs: atMs + 1000 }
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
