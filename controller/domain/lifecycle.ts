/**
 * Where a Rollout stands: which mode the strategy is in, before anything is moved. Requests and aborts are settled here, first, so that no
 * later failure can starve them. It must not look at pods, weights or analyses.
 *
 *   spec's hash     stable   status.abort / request   stable's ReplicaSet | mode
 *   not yet seen    any      any                      any                 | superseded (memory is reset, nothing else of the old update counts)
 *   seen            none     any                      -                   | initial    (first deploy: straight up, no steps)
 *   seen, = stable  -        any                      any                 | steady     (abort of nothing changes nothing: S9)
 *   seen, ≠ stable  other    yes                      any                 | aborted    (abort wins over promoteFull, pauses and spec.paused)
 *   seen, ≠ stable  other    no                       there               | updating
 *   seen, ≠ stable  other    no                       deleted             | initial    (there is nothing to go back to)
 */
import { type AbortRequest, isPending, readAbortRequests } from '../api/abort-request.ts'
import type { RolloutStatus } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import { dialects, stepHash } from '../argo/pod-hash.ts'
import { type Revisions, specWasSeen } from './revisions.ts'
import type { World } from './world.ts'

export type Mode = 'superseded' | 'initial' | 'steady' | 'aborted' | 'updating'

export interface Lifecycle {
  readonly mode: Mode
  /** Set when the abort is new in this pass: why, for condition, event and notice. */
  readonly abortCause?: AbortCause
  /** Pause requests that have not been obeyed yet. */
  readonly pauseRequests: readonly AbortRequest[]
  /** Distinguishes the tries of one revision: the hash of the steps and the moment of the last abort. Evidence never crosses it (S14). */
  readonly attempt: string
  /** Set when status holds the hash of the steps in an unknown dialect: what is to be remembered instead. */
  readonly stepHash?: string
}

export interface AbortCause {
  readonly reason: string
  /** Empty for an abort by hand. */
  readonly message: string
  /** Figures for people that Argo's words leave out. */
  readonly details?: string
  /** Of a stored request: the abort's moment is not before it, which is what spends the request. */
  readonly receivedAt?: string
}

export function decideLifecycle(world: World, revisions: Revisions): Lifecycle {
  const status: RolloutStatus = world.rollout.status ?? {}
  const steps = status.currentPodHash === revisions.podHash ? judgeSteps(world) : 'others'
  if (steps === 'others') return { mode: 'superseded', pauseRequests: [], attempt: '' }
  const stepHash = currentStepHash(world)
  const settled = settle(world, revisions, [stepHash, status.abortedAt ?? ''].join('/'))
  return steps === 'unknown dialect' ? { ...settled, stepHash } : settled
}

/**
 * Whether the steps are those that status was written for; their hash differs between versions of Argo.
 *
 *   status.currentStepHash   status saw this spec   steps
 *   of a known dialect       any                    same
 *   another                  yes                    unknown dialect: the same, and ours is written from now on
 *   another                  no                     others
 */
function judgeSteps({ rollout }: World): 'same' | 'unknown dialect' | 'others' {
  const { canary } = rollout.spec.strategy ?? {}
  const written = rollout.status?.currentStepHash ?? ''
  const isKnown = canary ? dialects.some((dialect) => stepHash(canary.steps, dialect) === written) : written === ''
  if (isKnown) return 'same'
  return canary && written !== '' && specWasSeen(rollout) ? 'unknown dialect' : 'others'
}

function settle(world: World, revisions: Revisions, attempt: string): Lifecycle {
  const status: RolloutStatus = world.rollout.status ?? {}
  if (!status.stableRS) return { mode: 'initial', pauseRequests: [], attempt }
  if (status.stableRS === revisions.podHash) return { mode: 'steady', pauseRequests: [], attempt }
  const pending = pendingRequests(world, revisions)
  const pauseRequests = pending.filter((request) => request.action === 'pause')
  const request = pending.find((candidate) => candidate.action === 'abort')
  if (request) return { mode: 'aborted', abortCause: request, pauseRequests: [], attempt }
  if (!status.abort) return { mode: revisions.stableRs ? 'updating' : 'initial', pauseRequests, attempt }
  const isNew = status.abortedAt === undefined || status.abortedAt === null || isRetryMark(status)
  return { mode: 'aborted', ...(isNew ? { abortCause: BY_HAND } : {}), pauseRequests: [], attempt }
}

/** Argo's words for an abort by hand end before the reason. */
const BY_HAND: AbortCause = { reason: 'AbortRequested', message: '' }

/** After a retry `abortedAt` stays behind as a mark; a second abort is new when our Progressing condition does not tell of it yet. */
function isRetryMark(status: RolloutStatus): boolean {
  const progressing = status.conditions?.find((condition) => condition.type === 'Progressing')
  return progressing?.reason !== 'RolloutAborted' && progressing?.reason !== 'ProgressDeadlineExceeded'
}

/** Empty for a strategy without steps, as Argo writes it. */
export function currentStepHash({ rollout }: Pick<World, 'rollout'>): string {
  const { canary } = rollout.spec.strategy ?? {}
  return canary ? stepHash(canary.steps) : ''
}

function pendingRequests(world: World, revisions: Revisions): readonly AbortRequest[] {
  const current = {
    podHash: revisions.podHash,
    revision: revisions.revision,
    abortedAt: world.rollout.status?.abortedAt,
  }
  return readAbortRequests(world.rollout.metadata.annotations)
    .filter((request) => isPending(request, current))
    .sort((a, b) => (parseInstant(a.receivedAt) ?? 0) - (parseInstant(b.receivedAt) ?? 0))
}
