/**
 * What people are told because of this pass. Ids are deterministic (revision, kind, step, attempt), so that repeating a decision after a
 * crash tells nothing twice. It must not know who is told or how.
 */
import type { Notice, NoticeKind } from '../api/notice.ts'
import { formatInstant } from '../api/scalars.ts'
import { fnv1a } from '../argo/pod-hash.ts'
import type { AbortCause } from './lifecycle.ts'
import type { Halt, PauseDecision } from './pauses.ts'
import type { RolloutView } from './view.ts'

interface Telling {
  readonly kind: NoticeKind
  readonly key?: string
  readonly reason: string
  readonly message: string
}

/** Where the update stands, in the strategy's terms. */
export interface Stage {
  readonly stepIndex?: number
  readonly stepCount?: number
  readonly weightPercent?: number
  /** A stage ended with this pass: one sentence. */
  readonly passed?: string | undefined
  /** The strategy's own pause that starts now waits for a person: one sentence. */
  readonly waitsForPeople?: string | undefined
}

export interface PassOutcome {
  readonly abortCause: AbortCause | undefined
  readonly pauses: PauseDecision
  readonly promoted: boolean
  readonly halts: readonly Halt[]
  /** An update starts with this pass: the spec asks for another revision than the stable one. */
  readonly updateStarts: boolean
  readonly stage: Stage
}

export function decideNotices(view: RolloutView, outcome: PassOutcome): readonly Notice[] {
  if (!view.world.notices) return []
  const { stepIndex, stepCount, weightPercent } = outcome.stage
  return tellings(view, outcome).map(({ kind, key, reason, message }) => ({
    id: [view.revision, kind, ...(key === undefined ? [] : [key])].join('/'),
    kind,
    at: formatInstant(view.world.now),
    revision: view.revision,
    podHash: view.podHash,
    ...(stepIndex === undefined ? {} : { stepIndex }),
    ...(stepCount === undefined ? {} : { stepCount }),
    ...(weightPercent === undefined ? {} : { weightPercent }),
    reason: reason.slice(0, 100),
    message: message.slice(0, 1000),
  }))
}

function tellings(view: RolloutView, outcome: PassOutcome): Telling[] {
  const { abortCause, pauses, promoted, stage } = outcome
  const { attempt } = view.lifecycle
  const at = `${stage.stepIndex ?? '-'}/${attempt}`
  const found: Telling[] = []
  if (outcome.updateStarts) {
    const message = `update to revision ${view.revision} started`
    found.push({ kind: 'UpdateStarted', reason: 'RolloutUpdated', message })
  }
  if (abortCause) found.push({ kind: 'Aborted', key: attempt, ...inFull(abortCause) })
  if (promoted && view.mode === 'updating')
    found.push({ kind: 'Promoted', reason: 'RolloutCompleted', message: `revision ${view.revision} is stable` })
  if (stage.passed !== undefined)
    found.push({ kind: 'StagePassed', key: at, reason: 'StagePassed', message: stage.passed })
  const own = pauses.started.find(({ reason }) => isOwn(reason))
  const halt = pauses.started.find(({ reason }) => !isOwn(reason))
  if (halt) {
    const key = `${at}/${haltKey(view, outcome.halts)}`
    found.push({ kind: 'Paused', key, reason: halt.reason, message: haltMessage(view, outcome.halts) })
  }
  if (own && stage.waitsForPeople !== undefined)
    found.push({ kind: 'Paused', key: at, reason: own.reason, message: stage.waitsForPeople })
  return found
}

const isOwn = (reason: string): boolean => reason === 'CanaryPauseStep' || reason === 'BlueGreenPause'

const inFull = ({ reason, message, details }: AbortCause) => ({
  reason,
  message: message === '' ? 'somebody aborted it' : details === undefined ? message : `${message}; ${details}`,
})

/** What halted: the request, or the run (an inconclusive run that follows another is news again). Short, for the id. */
function haltKey(view: RolloutView, halts: readonly Halt[]): string {
  const cause = view.lifecycle.pauseRequests[0]?.id ?? halts[0]?.name ?? ''
  return fnv1a(cause).toString(36)
}

function haltMessage(view: RolloutView, halts: readonly Halt[]): string {
  const asked = view.lifecycle.pauseRequests[0]
  if (asked) return `paused: ${asked.message}`
  return `paused: ${halts[0]?.subject ?? 'an analysis is inconclusive'}; promote to go on, or abort`
}
