/**
 * One pass over one AnalysisRun: observe, decide, apply (take what is due), report (at most one write). Everything that survives a pass is in the
 * run's status, so a pass may be lost or repeated at any point. Looks that brought nothing new are not written: to lose them costs an earlier look.
 */
import {
  type AnalysisRun,
  type AnalysisRunStatus,
  isCompleted,
  type Measurement,
} from '../../controller/api/analysis.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { hasUnknownOutcome } from '../../controller/kube/client.ts'
import { analysisRuns, refOf } from '../../controller/kube/kinds.ts'
import { done, type Result } from '../../controller/kube/work-queue.ts'
import { decide, type RunPlan, type RunWorld } from '../domain/decide.ts'
import { computeInvalidStatus, computeStatus, endsRun } from '../domain/progress.ts'
import { decideSchedule } from '../domain/schedule.ts'
import type { RunDeps } from './deps.ts'
import { type Measured, measure } from './measure.ts'
import { observe } from './observe.ts'
import { renderStatusPatch, report } from './report.ts'

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
  const applied = await apply(world, plan, deps, signal)
  // What was given up is taken again by the pass that the change itself asks for, or by the next leader.
  if (signal.aborted) return done
  if (applied.unwritten.size > 0)
    return wakeAt(nextLook(rememberLooks(world, applied, deps), plan, applied, deps), deps)
  const outcome = await report(key, world, applied.status, deps)
  if (outcome === 'conflict') return { requeueAfterMs: CONFLICT_MS }
  if (outcome === 'gone' || outcome === 'refused' || plan.do === 'refuse') return done
  return wakeAt(nextLook(world, plan, applied, deps), deps)
}

type StatusPlan = Extract<RunPlan, { do: 'refuse' | 'measure' }>

interface Applied {
  /** What the run looks like with the measurements that were taken. */
  readonly status: AnalysisRunStatus
  /** Metrics that were due and have no measurement that has ended. */
  readonly lookedAt: readonly string[]
  /** Looks, by metric, that are all there would be to write and say nothing new; then the stored status stands. */
  readonly unwritten: ReadonlyMap<string, Measurement>
}

const nothingUnwritten: ReadonlyMap<string, Measurement> = new Map()

/** Takes the measurements of the plan. */
async function apply(world: RunWorld, plan: StatusPlan, deps: RunDeps, signal: AbortSignal): Promise<Applied> {
  if (plan.do === 'refuse') return refuse(world, plan.message, deps)
  const taken = await measure(world, plan, deps, signal)
  const { measurements, unresolved } = taken
  if (unresolved !== undefined) return refuse(world, `Unable to resolve metric arguments: ${unresolved}`, deps)
  for (const measurement of measurements.values())
    if (isCompleted(measurement.phase)) deps.metrics.countVerdict(measurement)
  const now = deps.clock.now()
  const { status: stored } = world.run
  const computeWith = (measured: Measured['measurements']): AnalysisRunStatus =>
    computeStatus({ spec: plan.spec, status: stored, measured, metadata: taken.metadata, mode: world.mode, now })
  const lookedAt = plan.due.filter((name) => !isCompleted(measurements.get(name)?.phase))
  const { news, unchanged } = partition(taken)
  const isWorthWriting = unchanged.size === 0 || renderStatusPatch(stored, computeWith(news)) !== undefined
  return { status: computeWith(measurements), lookedAt, unwritten: isWorthWriting ? nothingUnwritten : unchanged }
}

const refuse = ({ run }: RunWorld, message: string, { clock }: RunDeps): Applied => ({
  status: computeInvalidStatus(run.status, message, clock.now()),
  lookedAt: [],
  unwritten: nothingUnwritten,
})

function partition({ measurements, unchanged }: Measured) {
  const select = (isUnchanged: boolean): ReadonlyMap<string, Measurement> =>
    new Map([...measurements].filter(([name]) => unchanged.has(name) === isUnchanged))
  return { news: select(false), unchanged: select(true) }
}

/** The world with what the looks that are not written asked for, so that they are taken again when they would have been. */
function rememberLooks(world: RunWorld, { unwritten }: Applied, deps: RunDeps): RunWorld {
  const asked = [...unwritten].map(([name, { resumeAt }]) => [name, parseInstant(resumeAt) ?? world.now] as const)
  const nextLooks = new Map([...(world.nextLooks ?? []), ...asked])
  deps.nextLooks.set(world.run.metadata.uid ?? '', nextLooks)
  return { ...world, nextLooks }
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
    ...(world.nextLooks === undefined ? {} : { nextLooks: world.nextLooks }),
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
