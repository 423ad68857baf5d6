/**
 * One pass over one AnalysisRun: observe, decide, apply (take what is due), report (one write). Everything that survives a pass is in the run's
 * status, so a pass may be lost or repeated at any point.
 */
import { type AnalysisRun, type AnalysisRunStatus, isCompleted } from '../../controller/api/analysis.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { hasUnknownOutcome } from '../../controller/kube/client.ts'
import { analysisRuns, refOf } from '../../controller/kube/kinds.ts'
import { done, type Result } from '../../controller/kube/work-queue.ts'
import { decide, type RunPlan, type RunWorld } from '../domain/decide.ts'
import { computeInvalidStatus, computeStatus, endsRun } from '../domain/progress.ts'
import { decideSchedule } from '../domain/schedule.ts'
import type { RunDeps } from './deps.ts'
import { measure } from './measure.ts'
import { observe } from './observe.ts'
import { report } from './report.ts'

const BEHIND_MS = 100
const CONFLICT_MS = 100
/** Instants in a status have whole seconds; waking a moment later avoids a pass that finds nothing due. */
const WAKE_MARGIN_MS = 5

/** `signal` gives up measurements in flight: the run was ended or deleted, or we stop. */
export async function reconcileAnalysisRun(key: string, deps: RunDeps, signal: AbortSignal): Promise<Result> {
  const seen = await observe(key, deps)
  if (seen.kind === 'gone') return done
  if (seen.kind === 'behind') return { requeueAfterMs: BEHIND_MS }
  const { world } = seen
  const plan = decide(world)
  if (plan.do === 'nothing') return wakeAt(plan.wakeAt, deps)
  if (plan.do === 'delete') return deleteRun(key, world.run, deps)
  const { status, lookedAt } = await apply(world, plan, deps, signal)
  // What was given up is taken again by the pass that the change itself asks for, or by the next leader.
  if (signal.aborted) return done
  const outcome = await report(key, world, status, deps)
  if (outcome === 'conflict') return { requeueAfterMs: CONFLICT_MS }
  if (outcome === 'gone' || outcome === 'refused' || plan.do === 'refuse') return done
  return wakeAt(nextLook(world, plan, { status, lookedAt }, deps), deps)
}

type StatusPlan = Extract<RunPlan, { do: 'refuse' | 'measure' }>

interface Applied {
  /** What the run looks like with the measurements that were taken. */
  readonly status: AnalysisRunStatus
  /** Metrics that were due and have no measurement that has ended. */
  readonly lookedAt: readonly string[]
}

/** Takes the measurements of the plan. */
async function apply(world: RunWorld, plan: StatusPlan, deps: RunDeps, signal: AbortSignal): Promise<Applied> {
  if (plan.do === 'refuse')
    return { status: computeInvalidStatus(world.run.status, plan.message, deps.clock.now()), lookedAt: [] }
  const { measurements, metadata, unresolved } = await measure(world, plan, deps, signal)
  if (unresolved !== undefined) {
    const message = `Unable to resolve metric arguments: ${unresolved}`
    return { status: computeInvalidStatus(world.run.status, message, deps.clock.now()), lookedAt: [] }
  }
  for (const measurement of measurements.values())
    if (isCompleted(measurement.phase)) deps.metrics.countVerdict(measurement)
  const status = computeStatus({
    spec: plan.spec,
    status: world.run.status,
    measured: measurements,
    metadata,
    mode: world.mode,
    now: deps.clock.now(),
  })
  return { status, lookedAt: plan.due.filter((name) => !isCompleted(measurements.get(name)?.phase)) }
}

/** Epoch milliseconds; a run that has just completed comes back through its own change if it has a time to live. */
function nextLook(world: RunWorld, plan: StatusPlan, { status, lookedAt }: Applied, deps: RunDeps): number | undefined {
  if (plan.do === 'refuse' || isCompleted(status.phase)) return undefined
  const now = deps.clock.now()
  const { due, wakeAt: at } = decideSchedule({
    metrics: plan.spec.metrics,
    results: status.metricResults ?? [],
    lookedAt,
    startedAtMs: parseInstant(status.startedAt) ?? world.now,
    isTerminating: endsRun(plan.spec, status),
    now,
  })
  return due.length > 0 ? now : at
}

const wakeAt = (at: number | undefined, deps: RunDeps): Result =>
  at === undefined ? done : { requeueAfterMs: Math.max(0, at - deps.clock.now()) + WAKE_MARGIN_MS }

async function deleteRun(key: string, run: AnalysisRun, deps: RunDeps): Promise<Result> {
  const ref = refOf(analysisRuns, run)
  const { uid = '' } = run.metadata
  try {
    await deps.client.delete(ref, { uid, propagationPolicy: 'Background' })
    deps.fence.recordDelete(key, ref, uid)
  } catch (error) {
    if (hasUnknownOutcome(error)) deps.fence.recordUnknown(key, ref)
    throw error
  }
  return done
}
