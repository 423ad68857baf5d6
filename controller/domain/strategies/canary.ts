/**
 * The canary strategy as a story: settle aborts, then pauses, then what has come true, then weight, Services and pods, in the order that is
 * safe. It composes; every rule lives in the file named after it.
 */
import type { RolloutStatus } from '../../api/rollout.ts'
import { formatInstant, parseInstant } from '../../api/scalars.ts'
import { abortByAnalysis, decideRuns, inconclusiveRun, inquire } from '../analysis/analyses.ts'
import { decideProgress } from '../canary/progress.ts'
import { decideScaling } from '../canary/scaling.ts'
import { decideServices } from '../canary/services.ts'
import { type CanaryView, viewCanary } from '../canary/view.ts'
import { decideRoute, decideWeight } from '../canary/weights.ts'
import { abortByDeadline, judgeDeadline } from '../deadline.ts'
import { type AbortCause, currentStepHash, type Lifecycle } from '../lifecycle.ts'
import { decideNotices } from '../notices.ts'
import { decidePauses, type PauseDecision } from '../pauses.ts'
import { join, type Part, type StrategyOutcome } from '../plan.ts'
import type { Revisions } from '../revisions.ts'
import { summarize } from '../summarize.ts'
import type { World } from '../world.ts'

export function decideCanary(world: World, revisions: Revisions, lifecycle: Lifecycle): StrategyOutcome {
  const observed = viewCanary(world, revisions, lifecycle, world.rollout.spec.strategy?.canary ?? {})
  const deadline = judgeDeadline(observed, isPaused(observed.status, world))
  const asked = inquire(observed)
  const abortCause =
    lifecycle.abortCause ?? abortByAnalysis([asked.background, asked.inline]) ?? abortByDeadline(observed, deadline)
  const view = abortCause
    ? { ...observed, mode: 'aborted' as const, stepIndex: 0, step: observed.steps[0], promoteFull: false }
    : observed
  const inquiries = abortCause ? [] : [asked.inline, asked.background]

  const inconclusive = inconclusiveRun(inquiries)
  const pauses = decidePauses(view, inconclusive)
  const progress = decideProgress(view, pauses, asked.inline)
  const superseded = view.mode === 'superseded'
  const updateStarts =
    superseded && view.status.currentPodHash !== view.podHash && (view.status.stableRS ?? view.podHash) !== view.podHash

  const part = join(
    superseded ? forgetFormerUpdate(view) : {},
    abortMemory(view, abortCause),
    pauses.part,
    decideRuns(view, inquiries),
    decideRoute(view, decideWeight(view)),
    ...decideServices(view),
    decideScaling(view),
    abortEvent(view, abortCause),
    progress.part,
    pauseEvents(view, pauses),
    deadline.atMs === undefined ? {} : { wakeAtMs: deadline.atMs },
    { notices: decideNotices(view, { abortCause, pauses, progress, inconclusive, updateStarts }) },
  )
  const paused = pauses.conditions.length > 0 || (world.rollout.spec.paused === true && view.mode !== 'aborted')
  const summary = {
    memory: part.memory ?? {},
    abortCause,
    paused,
    deadlineExceeded: deadline.exceeded,
    newRevision: superseded,
  }
  return { part, status: summarize(view, summary), aborted: view.mode === 'aborted' }
}

const isPaused = (status: RolloutStatus, world: World): boolean =>
  (status.pauseConditions ?? []).length > 0 || world.rollout.spec.paused === true

/** An abort is one write of status: flag, moment, first step, no pauses. It also voids a full promotion that was asked for (S8). */
function abortMemory(view: CanaryView, cause: AbortCause | undefined): Part {
  if (!cause) return view.mode === 'aborted' && view.status.promoteFull ? { memory: { promoteFull: false } } : {}
  return {
    memory: {
      abort: true,
      abortedAt: formatInstant(Math.max(view.world.now, parseInstant(cause.receivedAt) ?? 0)),
      currentStepIndex: 0,
      promoteFull: false,
    },
  }
}

/** Told after what was scaled because of it, as clients expect. */
function abortEvent(view: CanaryView, cause: AbortCause | undefined): Part {
  if (!cause) return {}
  const message = `Rollout aborted update to revision ${view.revision}: ${cause.message}`
  return { events: [{ type: 'Warning', reason: 'RolloutAborted', message }] }
}

/** A revision or plan that was not seen before: nothing of the former update counts any more (S14). */
function forgetFormerUpdate(view: CanaryView): Part {
  const otherRevision = view.status.currentPodHash !== view.podHash
  const isStable = view.status.stableRS === view.podHash
  return {
    memory: {
      currentPodHash: view.podHash,
      currentStepHash: currentStepHash(view.world),
      currentStepIndex: isStable ? view.steps.length : 0,
      abort: false,
      promoteFull: false,
      ...(otherRevision ? { abortedAt: null } : {}),
    },
  }
}

function pauseEvents(view: CanaryView, { started, resumed }: PauseDecision): Part {
  const message = `Rollout is paused (${started[0]?.reason ?? ''})`
  const paused = { type: 'Normal', reason: 'RolloutPaused', message } as const
  const lifted = { type: 'Normal', reason: 'RolloutResumed', message: 'Rollout is resumed' } as const
  return { events: [...(started.length > 0 ? [paused] : []), ...(resumed && view.mode === 'updating' ? [lifted] : [])] }
}
