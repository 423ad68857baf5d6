/**
 * The decision about one Job: how many pods to start, which to stop, and the status, given its pods. Pure. Counts only grow: a
 * pod that was deleted after it had finished stays counted.
 */
import {
  type Condition,
  conditionOf,
  earliest,
  isActive,
  isReady,
  type Job,
  type Pod,
  parseTime,
  renderTime,
} from '../objects.ts'

export interface JobPlan {
  readonly create: number
  readonly delete: readonly Pod[]
  readonly status: NonNullable<Job['status']> & { readonly ready?: number }
  /** The Job's time to live has run out. */
  readonly isExpired: boolean
  readonly wakeAtMs: number | undefined
}

const DEFAULT_BACKOFF_LIMIT = 6
const FIRST_RETRY_MS = 10_000
const MAX_RETRY_MS = 600_000

/** `owned` are the pods that the Job controls. */
export function decideJob(job: Job, owned: readonly Pod[], nowMs: number): JobPlan {
  const active = owned.filter(isActive)
  const counts = {
    active: active.length,
    ready: active.filter(isReady).length,
    succeeded: Math.max(job.status?.succeeded ?? 0, owned.filter((pod) => pod.status?.phase === 'Succeeded').length),
    failed: Math.max(job.status?.failed ?? 0, owned.filter((pod) => pod.status?.phase === 'Failed').length),
  }
  const still = { create: 0, delete: [], isExpired: false, wakeAtMs: undefined }
  const finishedAtMs = finishTimeOf(job)
  if (finishedAtMs !== undefined)
    return decideFinished(job, finishedAtMs, { ...still, delete: active, status: counts }, nowMs)
  if (job.spec.suspend)
    return { ...still, delete: active, status: { ...counts, conditions: suspend(job, true, nowMs) } }

  const startTime = job.status?.startTime ?? renderTime(nowMs)
  const status = { ...counts, startTime, conditions: suspend(job, false, nowMs) }
  const end = decideEnd(job, owned, counts, startTime, nowMs)
  if (end) {
    const completed = end.type === 'Complete' ? { completionTime: renderTime(nowMs) } : {}
    const ending: Condition = { ...end, status: 'True', lastTransitionTime: renderTime(nowMs) }
    return { ...still, delete: active, status: { ...status, ...completed, conditions: [...status.conditions, ending] } }
  }
  const create = decideCreations(job, counts)
  const retryAtMs = create > 0 ? retryTimeOf(owned, counts.failed) : undefined
  const isTooEarly = retryAtMs !== undefined && nowMs < retryAtMs
  const wakeAtMs = earliest(deadlineOf(job, startTime), isTooEarly ? retryAtMs : undefined)
  return { ...still, create: isTooEarly ? 0 : create, status, wakeAtMs }
}

const finishTimeOf = (job: Job): number | undefined => {
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  return end && (parseTime(end.lastTransitionTime) ?? 0)
}

function decideFinished(job: Job, finishedAtMs: number, plan: JobPlan, nowMs: number): JobPlan {
  const { ttlSecondsAfterFinished: ttl } = job.spec
  if (ttl === undefined) return plan
  const expiresAtMs = finishedAtMs + ttl * 1000
  return nowMs >= expiresAtMs ? { ...plan, isExpired: true } : { ...plan, wakeAtMs: expiresAtMs }
}

interface Counts {
  readonly active: number
  readonly succeeded: number
  readonly failed: number
}

/** Without `completions` a Job with `parallelism` is a work queue: one success ends it once the others have stopped. */
const completionsOf = (job: Job): number | undefined =>
  job.spec.completions ?? (job.spec.parallelism === undefined ? 1 : undefined)

function decideCreations(job: Job, { active, succeeded }: Counts): number {
  const parallelism = job.spec.parallelism ?? 1
  const completions = completionsOf(job)
  const open = completions === undefined ? (succeeded > 0 ? 0 : parallelism) : completions - succeeded
  return Math.max(0, Math.min(parallelism, open) - active)
}

function decideEnd(
  job: Job,
  owned: readonly Pod[],
  counts: Counts,
  startTime: string,
  nowMs: number,
): Pick<Condition, 'type' | 'reason' | 'message'> | undefined {
  const limit = job.spec.backoffLimit ?? DEFAULT_BACKOFF_LIMIT
  if (counts.failed > limit || hasRestartedTooOften(job, owned, limit)) {
    const message = 'Job has reached the specified backoff limit'
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message }
  }
  const deadlineMs = deadlineOf(job, startTime)
  if (deadlineMs !== undefined && nowMs >= deadlineMs) {
    const message = 'Job was active longer than specified deadline'
    return { type: 'Failed', reason: 'DeadlineExceeded', message }
  }
  const completions = completionsOf(job)
  const isDone =
    completions === undefined ? counts.succeeded > 0 && counts.active === 0 : counts.succeeded >= completions
  return isDone
    ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined
}

/** With restartPolicy OnFailure the container's restarts are the failures. */
function hasRestartedTooOften(job: Job, owned: readonly Pod[], limit: number): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false
  const restarts = owned
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .reduce((sum, container) => sum + container.restartCount, 0)
  return limit === 0 ? restarts > 0 : restarts >= limit
}

const deadlineOf = (job: Job, startTime: string): number | undefined => {
  const seconds = job.spec.activeDeadlineSeconds
  return seconds === undefined ? undefined : (parseTime(startTime) ?? 0) + seconds * 1000
}

/** Failed pods are replaced 10 s after the last failure, doubling to ten minutes. */
function retryTimeOf(owned: readonly Pod[], failed: number): number | undefined {
  if (failed === 0) return undefined
  const ends = owned
    .filter((pod) => pod.status?.phase === 'Failed')
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .map((container) => parseTime(container.state?.terminated?.finishedAt) ?? 0)
  return Math.max(0, ...ends) + Math.min(FIRST_RETRY_MS * 2 ** Math.min(failed - 1, 10), MAX_RETRY_MS)
}

/** The Job's conditions with `Suspended` brought up to date; it appears only once a Job has been suspended. */
function suspend(job: Job, isSuspended: boolean, nowMs: number): readonly Condition[] {
  const conditions = job.status?.conditions ?? []
  const known = conditionOf(conditions, 'Suspended')
  const status = isSuspended ? 'True' : 'False'
  if (known ? known.status === status : !isSuspended) return conditions
  const others = conditions.filter(({ type }) => type !== 'Suspended')
  const reason = isSuspended ? 'JobSuspended' : 'JobResumed'
  return [...others, { type: 'Suspended', status, reason, lastTransitionTime: renderTime(nowMs) }]
}
