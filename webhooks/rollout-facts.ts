/**
 * What the receiver needs to know of one Rollout, read from the objects in the cache: which revision is on its way, since when it can
 * have had traffic, and which requests are stored. It must not decide anything about alerts.
 */
import { type AbortRequest, readAbortRequests } from '../controller/api/abort-request.ts'
import { POD_TEMPLATE_HASH, REVISION, UNATTRIBUTED_ALERTS } from '../controller/api/labels.ts'
import { readOutbox } from '../controller/api/notice.ts'
import type { ReplicaSet, Rollout } from '../controller/api/rollout.ts'
import { parseInstant } from '../controller/api/scalars.ts'
import { type AlertAction, alertActions } from './mapping.ts'

/** `idle`: nothing is being rolled out (first deploy included); `updating`: a canary is on its way; `aborted`: it was taken back. */
export type UpdateState = 'idle' | 'updating' | 'aborted'

export interface RolloutFacts {
  readonly state: UpdateState
  readonly canaryHash: string
  readonly stableHash: string
  readonly revision: number
  /** Lower bound of the time when the canary first got traffic; undefined when unknown. */
  readonly canaryTrafficSinceMs: number | undefined
  readonly abortedAtMs: number | undefined
  readonly requests: readonly AbortRequest[]
  /** The Rollout's own word on alerts that name no revision. */
  readonly unattributed: AlertAction | undefined
}

const latest = (...times: readonly (number | undefined)[]): number | undefined =>
  times.reduce((newest, time) => (newest === undefined || (time ?? 0) > newest ? time : newest), undefined)

const readRevision = (object: { metadata: { annotations?: Readonly<Record<string, string>> } } | undefined): number => {
  const revision = Number(object?.metadata.annotations?.[REVISION] ?? 0)
  return Number.isSafeInteger(revision) ? revision : 0
}

const readAction = (text: string | undefined): AlertAction | undefined => alertActions.find((action) => action === text)

function readState(rollout: Rollout): UpdateState {
  const { currentPodHash, stableRS, abort } = rollout.status ?? {}
  if (!currentPodHash || !stableRS || currentPodHash === stableRS) return 'idle'
  return abort ? 'aborted' : 'updating'
}

/** `replicaSets` are those that the Rollout owns. */
export function readRolloutFacts(rollout: Rollout, replicaSets: readonly ReplicaSet[]): RolloutFacts {
  const canaryHash = rollout.status?.currentPodHash ?? ''
  const { annotations } = rollout.metadata
  const canary = replicaSets.find((replicaSet) => replicaSet.metadata.labels?.[POD_TEMPLATE_HASH] === canaryHash)
  // The Rollout's number and its ReplicaSet's are written one after the other; the larger is the one that will stay.
  const revision = Math.max(readRevision(rollout), readRevision(canary))
  const started = readOutbox(annotations).find(
    (notice) => notice.kind === 'UpdateStarted' && notice.revision === revision && notice.podHash === canaryHash,
  )
  const createdMs = parseInstant(canary?.metadata.creationTimestamp)
  const abortedAtMs = parseInstant(rollout.status?.abortedAt)
  return {
    state: readState(rollout),
    canaryHash,
    stableHash: rollout.status?.stableRS ?? '',
    revision,
    // A ReplicaSet that is used again after a rollback is older than its revision: then the notice tells. After a retry the former
    // abort stays in status, and what fired before it is about the former try.
    canaryTrafficSinceMs:
      createdMs === undefined ? undefined : latest(createdMs, parseInstant(started?.at), abortedAtMs),
    abortedAtMs,
    requests: readAbortRequests(annotations),
    unattributed: readAction(annotations?.[UNATTRIBUTED_ALERTS]),
  }
}
