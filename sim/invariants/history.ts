/**
 * What rules have to know of the past: a fold over all changes, pure like the rules themselves. It holds moments and requests as they were, and
 * judges nothing.
 */
import { ABORT_REQUESTS, type AbortRequest, readAbortRequests } from '../../controller/api/abort-request.ts'
import type { Rollout, RolloutStatus } from '../../controller/api/rollout.ts'
import type { World } from '../cluster/world.ts'
import type { StepCause, WriteCause } from './cause.ts'
import { askedPods, podHashOf, readyPods, rolloutOf, wantedPods } from './reading.ts'

type Cause = WriteCause | StepCause

export type ChangeKind = 'UpdateStarted' | 'Aborted' | 'Promoted' | 'Paused'

/** A turn in the life of an update, which somebody has to be told of. */
export interface Change {
  readonly kind: ChangeKind
  readonly podHash: string
  readonly atMs: number
}

/** Something that a person or an alert asked for and the API server took; `resume` is of a canary's own pause. */
export interface Request {
  readonly kind: 'promoteFull' | 'resume' | 'abort' | 'retry'
  readonly podHash: string
  readonly stepIndex: number
  readonly atMs: number
}

export interface History {
  /** Pod hash → when it last lost a ready pod that nobody had asked to go. */
  readonly lostMs: ReadonlyMap<string, number>
  /** Pod hashes that asked for every pod that was wanted, and were asked to give none away since: what they miss is nobody's doing but the user's. */
  readonly kept: ReadonlySet<string>
  /** Those of them that have had every one of these pods ready. */
  readonly whole: ReadonlySet<string>
  /** Pod hash → when it last began to get requests. */
  readonly begunMs: ReadonlyMap<string, number>
  /** Last change of the Rollout's spec. */
  readonly specMs: number
  /** When what is rolled out was first seen. */
  readonly updateMs: number
  /** Beginning of this try of this revision: another revision or plan, an abort, a retry. */
  readonly attemptMs: number
  /** Since when the update that is under way is taken back. */
  readonly abortedMs: number | undefined
  /** Last change of the status but for its conditions and words. */
  readonly progressMs: number
  readonly changes: readonly Change[]
  readonly requests: readonly Request[]
}

export const emptyHistory: History = {
  lostMs: new Map(),
  kept: new Set(),
  whole: new Set(),
  begunMs: new Map(),
  specMs: 0,
  updateMs: 0,
  attemptMs: 0,
  abortedMs: undefined,
  progressMs: 0,
  changes: [],
  requests: [],
}

/** A pod that goes although its ReplicaSet asks for it; what we evict ourselves is our own doing. */
function rememberLosses(history: History, before: World, after: World, cause: Cause): History {
  if (before.pods === after.pods || cause.kind === 'write') return history
  const [former, now] = [readyPods(before), readyPods(after)]
  const lost = [...former].filter(
    ([hash, ready]) => (now.get(hash) ?? 0) < ready && (now.get(hash) ?? 0) < askedPods(after, hash),
  )
  if (lost.length === 0) return history
  return { ...history, lostMs: new Map([...history.lostMs, ...lost.map(([hash]) => [hash, after.atMs] as const)]) }
}

/** The hashes of before, without those that asked for more than they do now, and with those that are enough. */
function remain(hashes: ReadonlySet<string>, before: World, after: World, isEnough: (hash: string) => boolean) {
  const now = new Set([...after.replicaSets.values()].flatMap((rs) => podHashOf(rs) ?? []))
  const isKept = (hash: string): boolean => hashes.has(hash) && askedPods(after, hash) >= askedPods(before, hash)
  return new Set([...now].filter((hash) => isEnough(hash) || isKept(hash)))
}

function rememberSizes(history: History, before: World, after: World): History {
  const isSame = before.replicaSets === after.replicaSets && before.pods === after.pods
  const wanted = wantedPods(after)
  if (isSame && wantedPods(before) === wanted) return history
  const isAsked = (hash: string): boolean => askedPods(after, hash) >= wanted
  const isWhole = (hash: string): boolean => isAsked(hash) && (readyPods(after).get(hash) ?? 0) >= wanted
  const { kept, whole } = history
  return { ...history, kept: remain(kept, before, after, isAsked), whole: remain(whole, before, after, isWhole) }
}

function rememberRequests(history: History, before: World, after: World): History {
  const former = before.dataPlane.serving
  const begun = [...after.dataPlane.serving].filter((hash) => !former.has(hash))
  if (begun.length === 0) return history
  return { ...history, begunMs: new Map([...history.begunMs, ...begun.map((hash) => [hash, after.atMs] as const)]) }
}

const isUpdating = ({ stableRS, currentPodHash }: RolloutStatus): boolean =>
  stableRS !== undefined && currentPodHash !== undefined && stableRS !== currentPodHash

const isAborted = (status: RolloutStatus): boolean => status.abort === true && isUpdating(status)

const haltsOf = ({ pauseConditions }: RolloutStatus): readonly string[] =>
  (pauseConditions ?? []).filter(({ reason }) => reason.startsWith('Inconclusive')).map(({ startTime }) => startTime)

function findChanges(was: RolloutStatus, is: RolloutStatus, atMs: number): readonly Change[] {
  const podHash = is.currentPodHash ?? ''
  const found: ChangeKind[] = []
  if (was.currentPodHash !== is.currentPodHash && isUpdating(is)) found.push('UpdateStarted')
  if (isAborted(is) && is.abortedAt && is.abortedAt !== was.abortedAt) found.push('Aborted')
  if (isUpdating(was) && is.stableRS === was.currentPodHash) found.push('Promoted')
  if (haltsOf(is).some((halt) => !haltsOf(was).includes(halt))) found.push('Paused')
  return found.map((kind) => ({ kind, podHash, atMs }))
}

const isPausedByStep = ({ pauseConditions }: RolloutStatus): boolean =>
  (pauseConditions ?? []).some(({ reason }) => reason === 'CanaryPauseStep')

/** Patches of people, and of nobody else. */
function findRequests(was: RolloutStatus, is: RolloutStatus, atMs: number): readonly Request[] {
  const found: Request['kind'][] = []
  const isReleased = isPausedByStep(was) && !isPausedByStep(is)
  if (is.promoteFull && !was.promoteFull) found.push('promoteFull')
  if (isReleased && was.currentStepIndex === is.currentStepIndex) found.push('resume')
  if (is.abort && !was.abort) found.push('abort')
  if (was.abort && !is.abort) found.push('retry')
  return found.map((kind) => ({ kind, podHash: is.currentPodHash ?? '', stepIndex: is.currentStepIndex ?? 0, atMs }))
}

const withoutWords = ({ conditions: _conditions, message: _message, ...rest }: RolloutStatus): string =>
  JSON.stringify(rest)

function rememberStatus(history: History, was: RolloutStatus, is: RolloutStatus, cause: Cause, atMs: number): History {
  const isAnother = was.currentPodHash !== is.currentPodHash || was.currentStepHash !== is.currentStepHash
  const isTaken = isAborted(is)
  const isNewTry =
    isAnother || (was.abort === true) !== (is.abort === true) || (is.abortedAt ?? '') !== (was.abortedAt ?? '')
  const isWrite = cause.kind === 'write'
  const changes = isWrite ? findChanges(was, is, atMs) : []
  const requests = isWrite ? [] : findRequests(was, is, atMs)
  return {
    ...history,
    updateMs: was.currentPodHash === is.currentPodHash ? history.updateMs : atMs,
    attemptMs: isNewTry ? atMs : history.attemptMs,
    abortedMs: isTaken ? (isAborted(was) && !isAnother ? history.abortedMs : atMs) : undefined,
    progressMs: withoutWords(was) === withoutWords(is) ? history.progressMs : atMs,
    changes: changes.length > 0 ? [...history.changes, ...changes] : history.changes,
    requests: requests.length > 0 ? [...history.requests, ...requests] : history.requests,
  }
}

/** Aborts by alerts that are new on the Rollout. */
export function findStored(was: Rollout | undefined, is: Rollout | undefined): readonly AbortRequest[] {
  const [former, now] = [was, is].map((rollout) => rollout?.metadata.annotations?.[ABORT_REQUESTS])
  if (former === now) return []
  const known = new Set(readAbortRequests(was?.metadata.annotations).map(keyOf))
  return readAbortRequests(is?.metadata.annotations).filter(
    (request) => request.action === 'abort' && !known.has(keyOf(request)),
  )
}

const keyOf = ({ id, podHash, revision, action }: AbortRequest): string => [id, podHash, revision, action].join(' ')

const generationOf = (rollout: Rollout | undefined): unknown => rollout?.metadata.generation

/** The history with one change more. */
export function remember(history: History, before: World, after: World, cause: Cause): History {
  const served = rememberRequests(history, before, after)
  const lossy = rememberSizes(rememberLosses(served, before, after, cause), before, after)
  const [was, is] = [rolloutOf(before), rolloutOf(after)]
  if (was === is) return lossy
  const isOtherSpec = generationOf(was) !== generationOf(is)
  const told = isOtherSpec ? { ...lossy, specMs: after.atMs, progressMs: after.atMs } : lossy
  const stored = findStored(was, is).map(
    ({ podHash }): Request => ({ kind: 'abort', podHash, stepIndex: 0, atMs: after.atMs }),
  )
  const asked = stored.length > 0 ? { ...told, requests: [...told.requests, ...stored] } : told
  return rememberStatus(asked, was?.status ?? {}, is?.status ?? {}, cause, after.atMs)
}

/** Somebody wants what is rolled out to be taken back, and nobody has retried it. */
export function isAskedToAbort(world: World, { requests, updateMs }: History): boolean {
  const { currentPodHash, stableRS } = rolloutOf(world)?.status ?? {}
  if (stableRS === undefined || currentPodHash === stableRS) return false
  const last = requests.findLast(
    ({ kind, podHash, atMs }) =>
      (kind === 'abort' || kind === 'retry') && podHash === currentPodHash && atMs >= updateMs,
  )
  return last?.kind === 'abort'
}
