/**
 * Why a rollout stands where it stands: where it is, what it waits for and what it did, in sentences. Told from what the objects say
 * (status, conditions, analysis runs, events, notices, abort requests), so that it works on any cluster. Pure.
 */
import { isPending, readAbortRequests } from '../../controller/api/abort-request.ts'
import { REVISION } from '../../controller/api/labels.ts'
import { readOutbox } from '../../controller/api/notice.ts'
import type { PauseCondition, Rollout } from '../../controller/api/rollout.ts'
import { parseDurationMs, parseInstant } from '../../controller/api/scalars.ts'
import { eventTime, type KubeEvent, type Picture } from '../cluster/picture.ts'
import { renderSpan } from './age.ts'
import { describeMetric, viewAnalysisRun } from './analysis-run-view.ts'
import { listVerdicts, type ToldVerdict } from './gate-verdicts.ts'
import { computePhase, type PhaseView } from './phase.ts'
import { computeProgress, describeStep } from './progress.ts'

export interface Deed {
  /** RFC 3339; '' when the source does not say. */
  readonly at: string
  readonly source: 'event' | 'notice' | 'abort-request'
  readonly reason: string
  readonly message: string
}

export interface Explanation extends PhaseView {
  readonly name: string
  readonly namespace: string
  readonly stands: readonly string[]
  readonly waitsFor: readonly string[]
  /** What the gates of the current revision said last. */
  readonly verdicts: readonly ToldVerdict[]
  /** Oldest first. */
  readonly did: readonly Deed[]
  /** What the controller's own decision says, when it can be asked. */
  readonly story?: readonly string[]
}

export function explain(picture: Picture, events: readonly KubeEvent[]): Explanation {
  const { rollout } = picture
  const phase = computePhase(rollout)
  return {
    name: rollout.metadata.name,
    namespace: rollout.metadata.namespace ?? '',
    ...phase,
    stands: describeStanding(picture),
    waitsFor: describeWaits(picture, phase),
    verdicts: listVerdicts(picture),
    did: listDeeds(rollout, events),
  }
}

function describeStanding(picture: Picture): readonly string[] {
  const { rollout } = picture
  const { status } = rollout
  const revision = rollout.metadata.annotations?.[REVISION]
  const current = status?.currentPodHash ?? ''
  const stable = status?.stableRS ?? ''
  const progress = computeProgress(rollout, picture.replicaSets)
  const sentences: string[] = []
  if (stable === '') sentences.push('No revision is stable yet: this is the first deployment.')
  else if (current === stable)
    sentences.push(`Revision ${revision ?? '?'} (${stable}) is stable and serves everything.`)
  else if (status?.abort === true)
    sentences.push(`Revision ${revision ?? '?'} (${current}) was taken back; ${stable} is stable.`)
  else sentences.push(`Revision ${revision ?? '?'} (${current}) is being released; ${stable} is stable.`)
  if (progress?.step && current !== stable && stable !== '' && status?.abort !== true)
    sentences.push(
      `It is at step ${progress.stepIndex + 1} of ${progress.stepCount} (${describeStep(progress.step)}), with weight ${progress.actualWeight} of the ${progress.setWeight} asked for.`,
    )
  if (status?.abort === true)
    sentences.push(
      `The update was aborted${status.abortedAt ? ` at ${status.abortedAt}` : ''}${because(rollout, 'RolloutAborted')}`,
    )
  if (conditionOf(rollout, 'ProgressDeadlineExceeded'))
    sentences.push(`It made no progress in time${because(rollout, 'ProgressDeadlineExceeded')}`)
  return sentences
}

const conditionOf = (rollout: Rollout, reason: string) =>
  rollout.status?.conditions?.find((condition) => condition.reason === reason)

const because = (rollout: Rollout, reason: string): string => {
  const message = conditionOf(rollout, reason)?.message
  return message ? `: ${message}` : '.'
}

/** Every reason that holds, the most binding first; never empty. */
function describeWaits(picture: Picture, phase: PhaseView): readonly string[] {
  const { rollout } = picture
  const { name, generation } = rollout.metadata
  const { status } = rollout
  const invalid = status?.conditions?.find(
    (condition) => condition.type === 'InvalidSpec' && condition.status === 'True',
  )
  const observed = status?.observedGeneration
  const waits = [
    ...(observed === undefined || (generation !== undefined && observed !== String(generation))
      ? [`For the controller to see generation ${generation ?? '?'} (it has seen ${observed ?? 'none'}).`]
      : []),
    ...(invalid ? [`For the spec to be corrected: ${invalid.message}`] : []),
    ...pendingAborts(rollout),
    ...(rollout.spec.paused === true
      ? [`For a person: spec.paused is set; resume with: penstock promote ${name}`]
      : []),
    ...(status?.abort === true ? [`For a new revision, or for: penstock retry ${name}`] : []),
    ...(status?.pauseConditions ?? []).map((pause) => describePause(pause, picture)),
    ...describeAnalyses(picture),
  ]
  if (waits.length > 0) return waits
  return [
    phase.phase === 'Healthy'
      ? 'For nothing: the release is complete.'
      : `For the cluster: ${phase.message || phase.phase}.`,
  ]
}

function pendingAborts(rollout: Rollout): readonly string[] {
  const current = {
    podHash: rollout.status?.currentPodHash ?? '',
    revision: Number(rollout.metadata.annotations?.[REVISION] ?? 0),
    abortedAt: rollout.status?.abortedAt,
  }
  return readAbortRequests(rollout.metadata.annotations)
    .filter((request) => isPending(request, current))
    .map((request) => `For the controller to ${request.action}, as asked at ${request.receivedAt}: ${request.message}`)
}

function describePause(pause: PauseCondition, picture: Picture): string {
  const { name } = picture.rollout.metadata
  const byPerson = `continue with: penstock promote ${name}; take it back with: penstock abort ${name}`
  const endMs = pauseEnd(pause, picture.rollout)
  if (endMs !== undefined) {
    const end = new Date(endMs).toISOString().slice(0, 19)
    return `For the pause to end at ${end}Z (in ${renderSpan(endMs - picture.atMs)}); ${byPerson}`
  }
  if (pause.reason.startsWith('Inconclusive'))
    return `For a person: the evidence was not conclusive (${pause.reason}); ${byPerson}`
  return `For a person: it is paused until promoted (${pause.reason}); ${byPerson}`
}

/** When a timed pause is over, epoch ms; undefined when only a person ends it. */
function pauseEnd(pause: PauseCondition, rollout: Rollout): number | undefined {
  const startMs = parseInstant(pause.startTime)
  const duration =
    pause.reason === 'CanaryPauseStep'
      ? rollout.spec.strategy?.canary?.steps?.[rollout.status?.currentStepIndex ?? 0]?.pause?.duration
      : pause.reason === 'BlueGreenPause'
        ? rollout.spec.strategy?.blueGreen?.autoPromotionSeconds
        : undefined
  const durationMs = duration === undefined ? undefined : parseDurationMs(duration)
  return startMs === undefined || !durationMs ? undefined : startMs + durationMs
}

/** The analyses that the status names: those that block say what is missing, the background one is told as a watch. */
function describeAnalyses(picture: Picture): readonly string[] {
  const { canary, blueGreen } = picture.rollout.status ?? {}
  const blocking = [
    canary?.currentStepAnalysisRunStatus,
    blueGreen?.prePromotionAnalysisRunStatus,
    blueGreen?.postPromotionAnalysisRunStatus,
  ]
  const background = canary?.currentBackgroundAnalysisRunStatus
  const describe = (name: string, lead: string): readonly string[] => {
    const run = picture.analysisRuns.find((candidate) => candidate.metadata.name === name)
    if (!run) return [`${lead} ${name}, which does not exist (yet).`]
    return viewAnalysisRun(run).metrics.map(
      (metric) => `${lead} ${name}, metric ${metric.name}: ${describeMetric(metric)}`,
    )
  }
  const isOpen = (status: string | undefined): boolean =>
    status === undefined || ['', 'Pending', 'Running'].includes(status)
  return [
    ...blocking.flatMap((run) => (run && isOpen(run.status) ? describe(run.name, 'For the verdict of') : [])),
    ...(background && isOpen(background.status) ? describe(background.name, 'Meanwhile it is watched by') : []),
  ]
}

function listDeeds(rollout: Rollout, events: readonly KubeEvent[]): readonly Deed[] {
  const { annotations } = rollout.metadata
  const deeds: Deed[] = [
    ...events.map((event) => ({
      at: eventTime(event),
      source: 'event' as const,
      reason: event.reason ?? '',
      message: `${event.message ?? ''}${(event.count ?? 1) > 1 ? ` (${event.count} times)` : ''}`,
    })),
    ...readOutbox(annotations).map((notice) => ({
      at: notice.at,
      source: 'notice' as const,
      reason: notice.reason,
      message: `${notice.message}${notice.deliveredAt === undefined ? ' (not delivered yet)' : ''}`,
    })),
    ...readAbortRequests(annotations).map((request) => ({
      at: request.receivedAt,
      source: 'abort-request' as const,
      reason: request.reason,
      message: request.message,
    })),
  ]
  return deeds.toSorted((left, right) => (parseInstant(left.at) ?? 0) - (parseInstant(right.at) ?? 0))
}
