/**
 * Which pauses hold an update now, and which ended. A pause is written to status and removed by its end, by a person (clients clear
 * `pauseConditions`) or by an abort; `controllerPause` tells "removed" from "never set". The strategy says what its own pause wants; a halt
 * (an analysis without a verdict, an alert) stays until somebody resumes. It must not move a step.
 *
 *   own pause wanted   condition there   controllerPause   time is up   spec.paused | then
 *   yes                no                no                -            no          | set it
 *   yes                no                no                -            yes         | nothing begins
 *   yes, but early     no                no                -            -           | nothing begins
 *   yes                yes               -                 no           -           | wait, wake at the end
 *   yes                yes               -                 yes          no          | over
 *   yes                yes               -                 yes          yes         | stays on record, over once spec.paused is gone
 *   yes                no                yes, of this step -            -           | released by somebody: over, spec.paused or not
 *   yes                any               yes, of another   -            -           | a client skipped that step: cleared, set in the next pass
 *   no                 yes               -                 -            -           | removed
 *
 * A client that skips a paused step leaves `controllerPause` behind. Where the next step is a pause too, that would read as if somebody had
 * released it; so where a pause begins in front of a pause, its place is kept in an annotation. Other plans write none.
 */
import { ABORT_REQUESTS, readAbortRequests } from '../api/abort-request.ts'
import type { PauseCondition } from '../api/rollout.ts'
import { formatInstant, parseInstant } from '../api/scalars.ts'
import type { Action, Part } from './plan.ts'
import type { RolloutView } from './view.ts'
import { readWaitPolicy } from './wait-policy.ts'

export type OwnPauseReason = 'CanaryPauseStep' | 'BlueGreenPause'
export type HaltReason = 'InconclusiveAnalysisRun' | 'InconclusiveExperiment'

/** Something without a verdict that keeps the update from going on until a person has looked. */
export interface Halt {
  readonly reason: HaltReason
  /** Name of the run or experiment: another one is another halt. */
  readonly name: string
  /** What has no verdict, for people; absent: an analysis. */
  readonly subject?: string
}

/** The pause that the strategy itself wants at this point; `durationMs` undefined: until somebody resumes. */
export interface OwnPause {
  readonly reason: OwnPauseReason
  readonly durationMs: number | undefined
  /** It was never on record: `controllerPause` tells of another pause, which still is. */
  readonly beginsBesideAnother?: boolean
  /** What stands beside it in the step is not done: it begins after that. One that has begun goes on. */
  readonly isEarly?: boolean
}

/** Where an update stands when it is paused. */
export interface PausePlace {
  /** Revision, try and step. */
  readonly at: string
  /** The next step is a pause as well. */
  readonly beforePause: boolean
}

/** Annotation on a Rollout: the place of a pause in front of another one. */
export const PAUSED_AT = 'penstock.dev/paused-at'

export interface PauseDecision {
  readonly conditions: readonly PauseCondition[]
  /** The strategy's own pause is over. */
  readonly over: boolean
  /** It is over because somebody said so: a request, which is obeyed at once. */
  readonly released: boolean
  /** Conditions set in this pass. */
  readonly started: readonly PauseCondition[]
  /** Some pause ended or was lifted in this pass. */
  readonly resumed: boolean
  readonly part: Part
}

const OWN: ReadonlySet<string> = new Set<OwnPauseReason>(['CanaryPauseStep', 'BlueGreenPause'])
const HALTS: ReadonlySet<string> = new Set<HaltReason>(['InconclusiveAnalysisRun', 'InconclusiveExperiment'])

/** A verdict is missing: nothing goes on before somebody resumes. */
export const lacksVerdict = ({ conditions }: PauseDecision): boolean =>
  conditions.some(({ reason }) => HALTS.has(reason))

/** @param place undefined for a strategy whose pauses never follow each other */
export function decidePauses(
  view: RolloutView,
  wanted: OwnPause | undefined,
  halts: readonly Halt[],
  place?: PausePlace,
): PauseDecision {
  const recorded = view.status.pauseConditions ?? []
  const wasPaused = view.status.controllerPause === true
  if (view.mode !== 'updating' || view.promoteFull) return lifted(recorded.length > 0)
  const own: OwnPauseState = wanted ? judgeOwnPause(view, withDeadline(view, wanted), place) : { over: false }
  const kept = recorded.filter((pause) => !OWN.has(pause.reason))
  const halt = startHalt(view, halts)
  const started = [...halt, ...(own.started ? [own.started] : [])]
  const conditions = [...kept, ...halt, ...(own.condition ? [own.condition] : [])]
  return {
    conditions,
    over: own.over,
    released: own.released === true,
    started,
    resumed: (wasPaused && conditions.length === 0) || (recorded.length > 0 && conditions.length < recorded.length),
    part: {
      ...(own.endsAtMs === undefined ? {} : { wakeAtMs: own.endsAtMs }),
      memory: {
        pauseConditions: conditions.length > 0 ? [...conditions] : null,
        controllerPause: conditions.length > 0,
      },
      actions: [...consume(view), ...(started.length > 0 && place ? keepPlace(view, place) : [])],
    },
  }
}

const lifted = (resumed: boolean): PauseDecision => ({
  conditions: [],
  over: false,
  released: false,
  started: [],
  resumed,
  part: { memory: { pauseConditions: null, controllerPause: false } },
})

interface OwnPauseState {
  readonly over: boolean
  readonly released?: boolean
  readonly condition?: PauseCondition
  readonly started?: PauseCondition
  readonly endsAtMs?: number
}

/** A pause without an end has the one that the Rollout asks for, when it asks to be promoted then. */
function withDeadline({ world }: RolloutView, wanted: OwnPause): OwnPause {
  const policy = wanted.durationMs === undefined ? readWaitPolicy(world) : undefined
  return policy?.action === 'promote' ? { ...wanted, durationMs: policy.deadlineMs } : wanted
}

function judgeOwnPause(view: RolloutView, wanted: OwnPause, place: PausePlace | undefined): OwnPauseState {
  const { status, world } = view
  const { reason, durationMs } = wanted
  const isLeftBehind = status.controllerPause === true && isOfAnotherStep(view, place)
  if (isLeftBehind) return { over: false }
  const condition = status.pauseConditions?.find((pause) => pause.reason === reason)
  const isReleased = !condition && status.controllerPause === true && !wanted.beginsBesideAnother
  if (isReleased) return { over: true, released: true }
  if (!condition) {
    if (view.specPaused || wanted.isEarly) return { over: false }
    const started = { reason, startTime: nextSecond(world.now) }
    const ends = durationMs === undefined ? {} : { endsAtMs: world.now + durationMs }
    return { over: false, condition: started, started, ...ends }
  }
  if (durationMs === undefined) return { over: false, condition }
  const endsAtMs = (parseInstant(condition.startTime) ?? world.now) + durationMs
  if (world.now < endsAtMs) return { over: false, condition, endsAtMs }
  return view.specPaused ? { over: false, condition } : { over: true }
}

/** What status tells of a pause is about a step that a client has skipped meanwhile. */
function isOfAnotherStep({ world }: RolloutView, place: PausePlace | undefined): boolean {
  const kept = world.rollout.metadata.annotations?.[PAUSED_AT]
  return kept !== undefined && place !== undefined && kept !== place.at
}

function keepPlace({ world }: RolloutView, { at, beforePause }: PausePlace): Action[] {
  const kept = world.rollout.metadata.annotations?.[PAUSED_AT]
  const wanted = beforePause ? at : undefined
  return kept === wanted ? [] : [{ do: 'annotateRollout', annotations: { [PAUSED_AT]: wanted ?? null } }]
}

/** One halt at a time: whoever resumes it has seen whatever halted. An alert that asks for a pause halts as a run without a verdict does. */
function startHalt(view: RolloutView, halts: readonly Halt[]): PauseCondition[] {
  const asked = view.lifecycle.pauseRequests.length > 0
  const reason = halts[0]?.reason ?? (asked ? 'InconclusiveAnalysisRun' : undefined)
  return reason === undefined || isHalted(view) ? [] : [{ reason, startTime: nextSecond(view.world.now) }]
}

const isHalted = ({ status }: RolloutView): boolean =>
  (status.pauseConditions ?? []).some((pause) => HALTS.has(pause.reason))

/** Instants have whole seconds; rounding up keeps a pause from being shorter than it says. */
const nextSecond = (epochMs: number): string => formatInstant(epochMs + 999)

/** Marks obeyed pause requests as consumed, so that resuming is not undone by the same alert. */
function consume(view: RolloutView): Action[] {
  if (view.lifecycle.pauseRequests.length === 0 || !isHalted(view)) return []
  const obeyed = new Set(view.lifecycle.pauseRequests.map((request) => request.id))
  const consumedAt = formatInstant(view.world.now)
  const all = readAbortRequests(view.world.rollout.metadata.annotations)
  const marked = all.map((request) =>
    obeyed.has(request.id) && request.action === 'pause' ? { ...request, consumedAt } : request,
  )
  return [{ do: 'annotateRollout', annotations: { [ABORT_REQUESTS]: JSON.stringify(marked) } }]
}

/** Events in Argo's words; a pause that ends because the update is over is not news. */
export function pauseEvents(view: RolloutView, { started, resumed }: PauseDecision): Part {
  const message = `Rollout is paused (${started[0]?.reason ?? ''})`
  const paused = { type: 'Normal', reason: 'RolloutPaused', message } as const
  const lift = { type: 'Normal', reason: 'RolloutResumed', message: 'Rollout is resumed' } as const
  return { events: [...(started.length > 0 ? [paused] : []), ...(resumed && view.mode === 'updating' ? [lift] : [])] }
}

/** Paused for people to see: a pause on record, or spec.paused while it is obeyed. */
export const isPaused = (view: RolloutView, pauses: PauseDecision): boolean =>
  pauses.conditions.length > 0 || (view.specPaused && view.mode !== 'aborted')
