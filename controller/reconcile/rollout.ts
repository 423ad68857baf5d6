/**
 * One pass over one Rollout: observe, decide, apply, report, and nothing else. A view older than our own last write decides nothing (S16); a
 * conflict means that somebody was faster, and the next pass sees what they did.
 */
import { decide } from '../domain/decide.ts'
import { recordsAbort, withoutClaims } from '../domain/lost-race.ts'
import type { Plan } from '../domain/plan.ts'
import { renderAction } from '../domain/story.ts'
import type { World } from '../domain/world.ts'
import { isPreconditionFailed } from '../kube/apply.ts'
import { done, type Result } from '../kube/work-queue.ts'
import type { Clock } from '../runtime/clock.ts'
import { apply, type Outcome } from './apply.ts'
import { type ObserveOptions, observe } from './observe.ts'
import { observeLive } from './observe-live.ts'
import { hasLostRace, type RaceWatch } from './races.ts'
import { type ReportDeps, report } from './report.ts'
import type { StuckWatch } from './stuck.ts'
import { isStableUnseen } from './unseen-stable.ts'

export interface RolloutDeps extends ReportDeps {
  readonly observe: ObserveOptions
  readonly clock: Clock
  readonly stuck: StuckWatch
  readonly races: RaceWatch
}

/** Look again when a watch event that should come does not. */
const BEHIND_RECHECK_MS = 200
/** Another pass follows at once after a conflict, when the caches have had a moment. */
const CONFLICT_RECHECK_MS = 20
/** A pass that only repeats the last one comes no sooner than this; whatever changes in the world still comes at once. */
const HELD_BACK_MS = 10_000

export async function reconcileRollout(key: string, deps: RolloutDeps): Promise<Result> {
  if (await isBehind(key, deps)) return { requeueAfterMs: BEHIND_RECHECK_MS }
  const cached = observe(key, deps.observe)
  if (!cached) return gone(key, deps)
  if (deps.caches.routes.isFilling(cached.rollout, deps.clock.monotonicMs()))
    return { requeueAfterMs: BEHIND_RECHECK_MS }
  const startedMs = deps.clock.monotonicMs()
  try {
    if (await isStableUnseen(key, cached, deps)) return { requeueAfterMs: BEHIND_RECHECK_MS }
    const world = await observeLive(cached, deps)
    const plan = decide(world)
    const outcome = withLoop(await apply(key, world, plan, deps), { key, world, plan }, deps)
    const isSilent = deps.races.note(key, outcome) && !recordsAbort(world, plan)
    await report(key, world, isSilent ? withoutClaims(world, plan) : plan, outcome, deps)
    return requeue(world, plan, outcome)
  } catch (error) {
    if (isPreconditionFailed(error)) return { requeueAfterMs: CONFLICT_RECHECK_MS }
    deps.metrics.failed(key)
    throw error
  } finally {
    deps.metrics.passed((deps.clock.monotonicMs() - startedMs) / 1000)
  }
}

function withLoop(
  outcome: Outcome,
  { key, world, plan }: { readonly key: string; readonly world: World; readonly plan: Plan },
  { stuck }: RolloutDeps,
): Outcome {
  const loop = stuck.note(key, world, plan, outcome)
  return loop === undefined ? outcome : { ...outcome, loop }
}

async function isBehind(key: string, { fence }: RolloutDeps): Promise<boolean> {
  if (fence.behind(key).length === 0) return false
  await fence.catchUp(key)
  return fence.behind(key).length > 0
}

function gone(key: string, deps: RolloutDeps): Result {
  deps.fence.forget(key)
  deps.stuck.forget(key)
  deps.races.forget(key)
  deps.metrics.forget(key)
  return done
}

/** A failed write is thrown after the report, so that the queue backs off while what happened is on record. */
function requeue(world: World, plan: Plan, outcome: Outcome): Result {
  if (hasLostRace(outcome)) return { requeueAfterMs: CONFLICT_RECHECK_MS }
  if (outcome.failure) {
    const failed = new Error(`${renderAction(outcome.failure.action)} failed`, { cause: outcome.failure.error })
    throw outcome.loop === undefined ? failed : Object.assign(failed, { retryAfterMs: HELD_BACK_MS })
  }
  if (outcome.loop !== undefined) return { requeueAfterMs: HELD_BACK_MS }
  if (outcome.deferred.length > 0) return { requeueAfterMs: BEHIND_RECHECK_MS }
  return plan.wakeAtMs === undefined ? done : { requeueAfterMs: Math.max(0, plan.wakeAtMs - world.now) }
}
