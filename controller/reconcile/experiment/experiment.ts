/**
 * One pass over one Experiment: observe, decide, apply, report. What the API server refused for good is decided upon in the same pass, so that
 * it is on record with what was written; a view older than our own last write decides nothing (S16).
 */
import { decideExperiment } from '../../domain/experiment/decide.ts'
import type { ExperimentPlan } from '../../domain/experiment/plan.ts'
import { renderExperimentAction } from '../../domain/experiment/story.ts'
import { isPreconditionFailed } from '../../kube/apply.ts'
import { done, type Result } from '../../kube/work-queue.ts'
import type { Clock } from '../../runtime/clock.ts'
import { applyExperiment, type ExperimentOutcome } from './apply.ts'
import { type ExperimentObserveOptions, observeExperiment } from './observe.ts'
import { type ExperimentReportDeps, reportExperiment } from './report.ts'

export interface ExperimentDeps extends ExperimentReportDeps {
  readonly observe: ExperimentObserveOptions
  readonly clock: Clock
}

/** Look again when a watch event that should come does not. */
const BEHIND_RECHECK_MS = 200
/** Another pass follows at once after a conflict, when the caches have had a moment. */
const CONFLICT_RECHECK_MS = 20
/** Traffic that a live read still showed is looked for again. */
const DEFERRED_RECHECK_MS = 1_000

export async function reconcileExperiment(key: string, deps: ExperimentDeps): Promise<Result> {
  if (deps.fence.behind(key).length > 0) {
    await deps.fence.catchUp(key)
    if (deps.fence.behind(key).length > 0) return { requeueAfterMs: BEHIND_RECHECK_MS }
  }
  const world = observeExperiment(key, deps.observe)
  const [namespace = '', name = ''] = key.split('/')
  if (!world) {
    deps.fence.forget(key)
    deps.metrics.forget(namespace, name)
    return done
  }
  const startedMs = deps.clock.monotonicMs()
  try {
    const plan = decideExperiment(world)
    const outcome = await applyExperiment(key, world, plan, deps)
    const { refusals } = outcome
    const told = refusals.length > 0 ? decideExperiment({ ...world, refusals }) : plan
    await reportExperiment(key, world, told, outcome, deps)
    return requeue(world.now, told, outcome)
  } catch (error) {
    if (isPreconditionFailed(error)) return { requeueAfterMs: CONFLICT_RECHECK_MS }
    deps.metrics.failed(namespace, name)
    throw error
  } finally {
    deps.metrics.passed(namespace, name, (deps.clock.monotonicMs() - startedMs) / 1000)
  }
}

/** A failed write is thrown after the report, so that the queue backs off while what happened is on record. */
function requeue(now: number, plan: ExperimentPlan, { failure, deferred }: ExperimentOutcome): Result {
  if (failure) {
    if (isPreconditionFailed(failure.error)) return { requeueAfterMs: CONFLICT_RECHECK_MS }
    throw new Error(`${renderExperimentAction(failure.action)} failed`, { cause: failure.error })
  }
  if (deferred.length > 0) return { requeueAfterMs: DEFERRED_RECHECK_MS }
  return plan.wakeAtMs === undefined ? done : { requeueAfterMs: Math.max(0, plan.wakeAtMs - now) }
}
