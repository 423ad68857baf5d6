/**
 * Which AnalysisRuns exist for this revision, step and attempt, which are started or ended now, and what their outcome means for the rollout.
 * Only runs of the same Rollout UID, revision, step and attempt count (S11). It must not judge measurements: a run's phase is the verdict.
 *
 *   inline run      means for the step      background run  means
 *   none            create, wait            none            create from startingStep on
 *   not completed   wait                    not completed   nothing
 *   Successful      step complete           Successful      nothing
 *   Inconclusive    pause                   Inconclusive    pause
 *   Failed, Error   abort                   Failed, Error   abort
 */
import { type AnalysisRun, isCompleted, type MetricResult } from '../../api/analysis.ts'
import { ROLLOUT_TYPE, STEP_INDEX } from '../../api/labels.ts'
import type { RolloutAnalysis } from '../../api/rollout.ts'
import type { CanaryView } from '../canary/view.ts'
import type { AbortCause } from '../lifecycle.ts'
import type { Hold, Part } from '../plan.ts'
import { podHashOf, revisionOf } from '../revisions.ts'
import { type AnalysisRunRequest, buildAnalysisRun, renderAnalysisRunName } from './analysis-runs.ts'

/** Annotation on a run: the attempt of the revision that it judges. */
export const ATTEMPT = 'penstock.dev/attempt'

export type RunKind = 'Step' | 'Background'

export interface Inquiry {
  readonly kind: RunKind
  /** The run that counts; undefined: none yet. */
  readonly run: AnalysisRun | undefined
  /** The run to create now, when a fresh one is due. */
  readonly due: AnalysisRun | undefined
  readonly problem?: Hold
}

/** The inline and background runs of this pass. Nothing is due while an update is not under way. */
export function inquire(view: CanaryView): {
  readonly inline: Inquiry | undefined
  readonly background: Inquiry | undefined
} {
  if (view.mode !== 'updating' || view.promoteFull) return { inline: undefined, background: undefined }
  const inline = view.step?.analysis ? inquiry(view, 'Step', view.step.analysis) : undefined
  const background = view.strategy.analysis
  const started = background && view.stepIndex >= (background.startingStep ?? 0) && view.stepIndex < view.steps.length
  return { inline, background: background?.templates && started ? inquiry(view, 'Background', background) : undefined }
}

function inquiry(view: CanaryView, kind: RunKind, analysis: RolloutAnalysis): Inquiry {
  const runs = runsOf(view, kind)
  const latest = runs.at(-1)
  const resumed =
    latest !== undefined && latest.status?.phase === 'Inconclusive' && wasResumed(view, kind, latest.metadata.name)
  if (latest && !resumed) return { kind, run: latest, due: undefined }
  const built = buildRun(view, kind, analysis)
  if ('problem' in built)
    return { kind, run: undefined, due: undefined, problem: { reason: 'InvalidAnalysis', message: built.problem } }
  return { kind, run: undefined, due: built.run }
}

function runsOf(view: CanaryView, kind: RunKind): AnalysisRun[] {
  const ours = view.world.analysisRuns.filter((run) => {
    const { labels, annotations } = run.metadata
    const sameStep = kind === 'Background' || labels?.[STEP_INDEX] === String(view.stepIndex)
    const sameTry = (annotations?.[ATTEMPT] ?? '') === view.lifecycle.attempt
    return (
      labels?.[ROLLOUT_TYPE] === kind &&
      sameStep &&
      sameTry &&
      podHashOf(run) === view.podHash &&
      revisionOf(run) === view.revision
    )
  })
  return ours.sort((a, b) => suffixOf(a.metadata.name) - suffixOf(b.metadata.name))
}

const suffixOf = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)

/** An Inconclusive run halts the rollout with a pause; when that pause is gone though we still had it set, somebody resumed: ask again. */
function wasResumed(view: CanaryView, kind: RunKind, name: string): boolean {
  const canary = view.status.canary
  const recorded = kind === 'Step' ? canary?.currentStepAnalysisRunStatus : canary?.currentBackgroundAnalysisRunStatus
  const paused = view.status.pauseConditions?.some((pause) => pause.reason === 'InconclusiveAnalysisRun') ?? false
  return recorded?.name === name && recorded.status === 'Inconclusive' && !paused
}

function buildRun(view: CanaryView, kind: RunKind, analysis: RolloutAnalysis) {
  const { world } = view
  const request: Omit<AnalysisRunRequest, 'nameSuffix'> = {
    rollout: world.rollout,
    podHash: { latest: view.podHash, stable: view.status.stableRS ?? '' },
    revision: view.revision,
    kind,
    stepIndex: view.stepIndex,
    analysis,
    templates: world.templates,
    ...(world.instanceId === undefined ? {} : { instanceId: world.instanceId }),
  }
  const firstName = renderAnalysisRunName({ ...request, nameSuffix: '' })
  const taken = world.analysisRuns.filter((run) => run.metadata.name.replace(/\.\d+$/, '') === firstName)
  const nameSuffix = taken.length === 0 ? '' : `.${Math.max(...taken.map((run) => suffixOf(run.metadata.name))) + 1}`
  const built = buildAnalysisRun({ ...request, nameSuffix })
  if ('problem' in built) return built
  const annotations = { ...built.run.metadata.annotations, [ATTEMPT]: view.lifecycle.attempt }
  return { run: { ...built.run, metadata: { ...built.run.metadata, annotations } } }
}

/** Failed and Error runs abort; the message carries the run's own words. */
export function abortByAnalysis(inquiries: readonly (Inquiry | undefined)[]): AbortCause | undefined {
  for (const found of inquiries) {
    const status = found?.run?.status
    if (found && (status?.phase === 'Failed' || status?.phase === 'Error')) {
      const kind = found.kind === 'Step' ? 'Step-based' : 'Background'
      const why = status.message ? `: ${status.message}` : ''
      const cause = { reason: `Analysis${status.phase}`, message: `${kind} analysis phase error/failed${why}` }
      const details = describeFailures(status.metricResults ?? [])
      return details === '' ? cause : { ...cause, details }
    }
  }
  return undefined
}

/** What the metrics that failed measured last. */
const describeFailures = (results: readonly MetricResult[]): string =>
  results
    .filter(({ phase, dryRun }) => (phase === 'Failed' || phase === 'Error') && !dryRun)
    .flatMap(({ name, measurements }) => {
      const value = measurements?.at(-1)?.value
      return value === undefined || value === '' ? [] : [`${name} measured ${value.slice(0, 100)}`]
    })
    .join(', ')

export const inconclusiveRun = (inquiries: readonly (Inquiry | undefined)[]): AnalysisRun | undefined =>
  inquiries.find((found) => found?.run?.status?.phase === 'Inconclusive')?.run

/** Creates what is due, ends what no longer counts, deletes what history no longer keeps, and records the current runs. */
export function decideRuns(view: CanaryView, inquiries: readonly (Inquiry | undefined)[]): Part {
  const due = inquiries.flatMap((found) => (found?.due ? [found.due] : []))
  const current = inquiries.flatMap((found) => (found?.run ? [found.run] : []))
  const currentNames = new Set(current.map((run) => run.metadata.name))
  const stale = view.world.analysisRuns
    .filter(
      (run) => !currentNames.has(run.metadata.name) && !isCompleted(run.status?.phase) && run.spec.terminate !== true,
    )
    .sort(byName)
  return {
    actions: [
      ...due.map((run) => ({ do: 'createAnalysisRun', run }) as const),
      ...stale.map((run) => ({ do: 'terminateAnalysisRun', run }) as const),
      ...expiredRuns(view).map((run) => ({ do: 'deleteAnalysisRun', run }) as const),
    ],
    holds: inquiries.flatMap((found) => (found?.problem ? [found.problem] : [])),
    memory: {
      canary: {
        currentStepAnalysisRunStatus: refOf(inquiries.find((found) => found?.kind === 'Step')),
        currentBackgroundAnalysisRunStatus: refOf(inquiries.find((found) => found?.kind === 'Background')),
      },
    },
  }
}

function refOf(found: Inquiry | undefined) {
  const run = found?.run ?? found?.due
  if (!run) return null
  return {
    name: run.metadata.name,
    status: run.status?.phase ?? '',
    ...(run.status?.message ? { message: run.status.message } : {}),
  }
}

/** Completed runs beyond the history limits (newest kept, 5 Successful and 5 others by default), and those whose ReplicaSet is gone. */
function expiredRuns(view: CanaryView): AnalysisRun[] {
  const limits = view.world.rollout.spec.analysis
  const hashes = new Set(view.world.replicaSets.map(podHashOf))
  const done = view.world.analysisRuns.filter(
    (run) => isCompleted(run.status?.phase) && !run.metadata.deletionTimestamp,
  )
  const orphaned = done.filter((run) => !hashes.has(podHashOf(run))).sort(byName)
  const kept = done.filter((run) => hashes.has(podHashOf(run))).sort((a, b) => newestFirst(a, b))
  const successful = kept
    .filter((run) => run.status?.phase === 'Successful')
    .slice(limits?.successfulRunHistoryLimit ?? 5)
  const others = kept
    .filter((run) => run.status?.phase !== 'Successful')
    .slice(limits?.unsuccessfulRunHistoryLimit ?? 5)
  const current = new Set([
    view.status.canary?.currentStepAnalysisRunStatus?.name,
    view.status.canary?.currentBackgroundAnalysisRunStatus?.name,
  ])
  return [...orphaned, ...successful, ...others].filter((run) => !current.has(run.metadata.name))
}

const byName = (a: AnalysisRun, b: AnalysisRun): number => (a.metadata.name < b.metadata.name ? -1 : 1)

function newestFirst(a: AnalysisRun, b: AnalysisRun): number {
  const [left, right] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return left === right ? (a.metadata.name < b.metadata.name ? 1 : -1) : left < right ? 1 : -1
}
