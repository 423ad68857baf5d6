/**
 * What people are told because of this pass. Ids are deterministic (revision, kind, step, attempt), so that repeating a decision after a
 * crash tells nothing twice. It must not know who is told or how.
 */
import type { AnalysisRun } from '../api/analysis.ts'
import type { Notice, NoticeKind } from '../api/notice.ts'
import { formatInstant } from '../api/scalars.ts'
import { fnv1a } from '../argo/pod-hash.ts'
import type { Progress } from './canary/progress.ts'
import { describeStep, endsStage, weightAt } from './canary/steps.ts'
import type { CanaryView } from './canary/view.ts'
import type { AbortCause } from './lifecycle.ts'
import type { PauseDecision } from './pauses.ts'

interface Telling {
  readonly kind: NoticeKind
  readonly key?: string
  readonly reason: string
  readonly message: string
}

export interface PassOutcome {
  readonly abortCause: AbortCause | undefined
  readonly pauses: PauseDecision
  readonly progress: Progress
  /** The run without a verdict that halts the update. */
  readonly inconclusive: AnalysisRun | undefined
  /** An update starts with this pass: the spec asks for another revision than the stable one. */
  readonly updateStarts: boolean
}

export function decideNotices(view: CanaryView, outcome: PassOutcome): readonly Notice[] {
  if (!view.world.notices) return []
  return tellings(view, outcome).map(({ kind, key, reason, message }) => ({
    id: [view.revision, kind, ...(key === undefined ? [] : [key])].join('/'),
    kind,
    at: formatInstant(view.world.now),
    revision: view.revision,
    podHash: view.podHash,
    stepIndex: view.stepIndex,
    stepCount: view.steps.length,
    ...(view.programmed === undefined ? {} : { weightPercent: (view.programmed * 100) / view.maxWeight }),
    reason: reason.slice(0, 100),
    message: message.slice(0, 1000),
  }))
}

function tellings(view: CanaryView, outcome: PassOutcome): Telling[] {
  const { abortCause, pauses, progress, updateStarts } = outcome
  const at = `${view.stepIndex}/${view.lifecycle.attempt}`
  const found: Telling[] = []
  if (updateStarts)
    found.push({
      kind: 'UpdateStarted',
      reason: 'RolloutUpdated',
      message: `update to revision ${view.revision} started`,
    })
  if (abortCause) found.push({ kind: 'Aborted', key: view.lifecycle.attempt, ...inFull(abortCause) })
  if (progress.promoted && view.mode === 'updating')
    found.push({ kind: 'Promoted', reason: 'RolloutCompleted', message: `revision ${view.revision} is stable` })
  if (progress.stepDone && view.step && endsStage(view.steps, view.stepIndex)) found.push(stagePassed(view, at))
  const halt = pauses.started.find((pause) => pause.reason !== 'CanaryPauseStep')
  if (halt)
    found.push({
      kind: 'Paused',
      key: `${at}/${haltKey(view, outcome)}`,
      reason: halt.reason,
      message: haltMessage(view),
    })
  const forPeople =
    pauses.started.some((pause) => pause.reason === 'CanaryPauseStep') && view.step?.pause?.duration === undefined
  if (forPeople)
    found.push({
      kind: 'Paused',
      key: at,
      reason: 'CanaryPauseStep',
      message: `paused at step ${view.stepIndex + 1} until somebody promotes`,
    })
  return found
}

const inFull = ({ reason, message, details }: AbortCause) => ({
  reason,
  message: details === undefined ? message : `${message}; ${details}`,
})

function stagePassed(view: CanaryView, at: string): Telling {
  const weight = weightAt(view.steps, view.stepIndex, view.maxWeight)
  const last = view.step ? describeStep(view.step) : ''
  const message = `stage at weight ${weight} of ${view.maxWeight} passed with step ${view.stepIndex + 1}/${view.steps.length} (${last})`
  return { kind: 'StagePassed', key: at, reason: 'StagePassed', message }
}

/** What halted: the request, or the run (an inconclusive run that follows another is news again). Short, for the id. */
function haltKey(view: CanaryView, { inconclusive }: PassOutcome): string {
  const cause = view.lifecycle.pauseRequests[0]?.id ?? inconclusive?.metadata.name ?? ''
  return fnv1a(cause).toString(36)
}

function haltMessage(view: CanaryView): string {
  const asked = view.lifecycle.pauseRequests[0]
  if (asked) return `paused: ${asked.message}`
  return 'paused: an analysis is inconclusive; promote to go on, or abort'
}
