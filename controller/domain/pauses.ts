/**
 * Which pauses hold an update now, which ended, and when a timed one ends. A pause is written to status and removed by its end, by a person
 * (clients clear `pauseConditions`) or by an abort; `controllerPause` tells "removed" from "never set". It must not move the step index.
 *
 *   at a pause step   condition there   controllerPause   time is up | then
 *   yes               no                no                -          | set it
 *   yes               yes               -                 no         | wait, wake at the end
 *   yes               yes               -                 yes        | over: step complete
 *   yes               no                yes               -          | resumed by somebody: step complete
 *   no                any               any               -          | Inconclusive pauses stay until somebody resumes
 */

import { ABORT_REQUESTS, readAbortRequests } from '../api/abort-request.ts'
import type { AnalysisRun } from '../api/analysis.ts'
import type { PauseCondition } from '../api/rollout.ts'
import { formatInstant, parseInstant } from '../api/scalars.ts'
import { pauseDurationMs } from './canary/steps.ts'
import type { CanaryView } from './canary/view.ts'
import type { Part } from './plan.ts'

export interface PauseDecision {
  readonly conditions: readonly PauseCondition[]
  /** The pause step in force is over. */
  readonly stepDone: boolean
  /** Conditions set in this pass. */
  readonly started: readonly PauseCondition[]
  /** Some pause ended or was lifted in this pass. */
  readonly resumed: boolean
  readonly part: Part
}

const INCONCLUSIVE = 'InconclusiveAnalysisRun'

export function decidePauses(view: CanaryView, inconclusive: AnalysisRun | undefined): PauseDecision {
  const recorded = view.status.pauseConditions ?? []
  const wasPaused = view.status.controllerPause === true
  if (view.mode !== 'updating' || view.promoteFull) return lifted(recorded.length > 0)
  const step = stepPause(view, recorded, wasPaused)
  const kept = recorded.filter((pause) => pause.reason !== 'CanaryPauseStep')
  const halts = (inconclusive !== undefined || view.lifecycle.pauseRequests.length > 0) && !isHalted(recorded)
  const halt = halts ? [{ reason: INCONCLUSIVE, startTime: nextSecond(view.world.now) }] : []
  const started = [...halt, ...(step.started ? [step.started] : [])]
  const conditions = [...kept, ...halt, ...(step.condition ? [step.condition] : [])]
  return {
    conditions,
    stepDone: step.done,
    started,
    resumed: (wasPaused && conditions.length === 0) || (recorded.length > 0 && conditions.length < recorded.length),
    part: {
      ...(step.endsAtMs === undefined ? {} : { wakeAtMs: step.endsAtMs }),
      memory: {
        pauseConditions: conditions.length > 0 ? [...conditions] : null,
        controllerPause: conditions.length > 0,
      },
      actions: consume(view, recorded),
    },
  }
}

const lifted = (resumed: boolean): PauseDecision => ({
  conditions: [],
  stepDone: false,
  started: [],
  resumed,
  part: { memory: { pauseConditions: null, controllerPause: false } },
})

interface StepPause {
  readonly done: boolean
  readonly condition?: PauseCondition
  readonly started?: PauseCondition
  readonly endsAtMs?: number
}

function stepPause(view: CanaryView, recorded: readonly PauseCondition[], wasPaused: boolean): StepPause {
  const { step, world } = view
  const condition = recorded.find((pause) => pause.reason === 'CanaryPauseStep')
  if (!step?.pause) return { done: false }
  if (!condition && wasPaused) return { done: true }
  if (!condition) {
    const started = { reason: 'CanaryPauseStep', startTime: nextSecond(world.now) }
    const durationMs = pauseDurationMs(step)
    return {
      done: false,
      condition: started,
      started,
      ...(durationMs === undefined ? {} : { endsAtMs: world.now + durationMs }),
    }
  }
  const durationMs = pauseDurationMs(step)
  if (durationMs === undefined) return { done: false, condition }
  const endsAtMs = (parseInstant(condition.startTime) ?? world.now) + durationMs
  return world.now >= endsAtMs ? { done: true } : { done: false, condition, endsAtMs }
}

/** A halt that is on record answers every request so far: whoever resumes it has seen them. */
const isHalted = (recorded: readonly PauseCondition[]): boolean =>
  recorded.some((pause) => pause.reason === INCONCLUSIVE)

/** Instants have whole seconds; rounding up keeps a pause from being shorter than it says. */
const nextSecond = (epochMs: number): string => formatInstant(epochMs + 999)

/** Marks obeyed pause requests as consumed, so that resuming is not undone by the same alert. */
function consume(view: CanaryView, recorded: readonly PauseCondition[]) {
  if (view.lifecycle.pauseRequests.length === 0 || !isHalted(recorded)) return []
  const obeyed = new Set(view.lifecycle.pauseRequests.map((request) => request.id))
  const consumedAt = formatInstant(view.world.now)
  const all = readAbortRequests(view.world.rollout.metadata.annotations)
  const marked = all.map((request) =>
    obeyed.has(request.id) && request.action === 'pause' ? { ...request, consumedAt } : request,
  )
  return [{ do: 'annotateRollout', annotations: { [ABORT_REQUESTS]: JSON.stringify(marked) } } as const]
}
