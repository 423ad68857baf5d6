/**
 * Which AnalysisRuns exist for this revision, step and attempt, which are started or ended now, and what their outcome means for the rollout.
 * Only runs of the same Rollout UID, revision, step and attempt count (S11). It must not judge measurements: a run's phase is the verdict.
 *
 *   inline run      means for the step      background run  means for the update
 *   none            create, wait            none            create from startingStep on
 *   not completed   wait                    not completed   nothing
 *   Successful      step complete           Successful      nothing
 *   Inconclusive    pause                   Inconclusive    pause
 *   Failed, Error   abort                   Failed, Error   abort
 */
import { type AnalysisRun, isCompleted, type MetricResult } from '../../api/analysis.ts'
import { ROLLOUT_TYPE, STEP_INDEX } from '../../api/labels.ts'
import type { RolloutAnalysis, RolloutStatus } from '../../api/rollout.ts'
import type { AbortCause } from '../lifecycle.ts'
import type { Halt } from '../pauses.ts'
import type { AnnotationPatch, Hold, Part } from '../plan.ts'
import { podHashOf, revisionOf } from '../revisions.ts'
import type { RolloutView } from '../view.ts'
import { type AnalysisKind, type AnalysisRunRequest, buildAnalysisRun, renderAnalysisRunName } from './analysis-runs.ts'
import { renderExposedSince } from './exposed-since.ts'
import { describeUndecidedGates, explainsItself } from './gate-words.ts'
import { byName, expiredRuns } from './run-history.ts'
import { renderStage, renderStageChange, type StageFacts } from './tell-stage.ts'

/** Annotation on a run: the attempt of the revision that it judges. */
export const ATTEMPT = 'penstock.dev/attempt'

/** How status names a run: `currentStepAnalysisRunStatus` and its three siblings. */
export interface RunReference {
  readonly name: string
  readonly status?: string | undefined
  readonly message?: string | undefined
}

/** An analysis that the strategy wants at this point of the update. */
export interface Question {
  readonly kind: AnalysisKind
  readonly analysis: RolloutAnalysis
  /** Zero-based; for kind Step. */
  readonly stepIndex?: number
  /** What status says about the run of this kind. */
  readonly recorded: RunReference | null | undefined
  /** Where the release stands. */
  readonly stage?: StageFacts
}

export interface Inquiry {
  readonly kind: AnalysisKind
  /** The run that counts; undefined: none yet. */
  readonly run: AnalysisRun | undefined
  /** The run to create now, when a fresh one is due. */
  readonly due: AnalysisRun | undefined
  /** What `run` does not say yet. */
  readonly change?: AnnotationPatch | undefined
  readonly problem?: Hold
}

export function inquire(view: RolloutView, question: Question): Inquiry {
  const { kind } = question
  const latest = runsOf(view, question).at(-1)
  const resumed = latest?.status?.phase === 'Inconclusive' && wasResumed(view, question, latest.metadata.name)
  if (latest && !resumed)
    return { kind, run: latest, due: undefined, change: renderStageChange(latest, question.stage) }
  const built = buildRun(view, question)
  if ('problem' in built)
    return { kind, run: undefined, due: undefined, problem: { reason: 'InvalidAnalysis', message: built.problem } }
  return { kind, run: undefined, due: built.run }
}

function runsOf(view: RolloutView, question: Question): AnalysisRun[] {
  const { kind, stepIndex } = question
  const ours = view.world.analysisRuns.filter((run) => {
    const { labels, annotations } = run.metadata
    const sameStep = kind !== 'Step' || labels?.[STEP_INDEX] === String(stepIndex)
    const sameTry = annotations?.[ATTEMPT] === view.lifecycle.attempt || isInherited(view, question, run)
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

/** Argo's runs do not tell their attempt: the one that status names is of this one, unless an abort lies between. */
const isInherited = ({ status }: RolloutView, { recorded }: Question, { metadata }: AnalysisRun): boolean =>
  metadata.annotations?.[ATTEMPT] === undefined && recorded?.name === metadata.name && !status.abortedAt

const isOfThisAttempt = (view: RolloutView, run: AnalysisRun): boolean =>
  run.metadata.annotations?.[ATTEMPT] === view.lifecycle.attempt &&
  podHashOf(run) === view.podHash &&
  revisionOf(run) === view.revision

const suffixOf = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)

/** An Inconclusive run halts the rollout with a pause; when that pause is gone though we still had it set, somebody resumed: ask again. */
function wasResumed({ status }: RolloutView, { recorded }: Question, name: string): boolean {
  const halted = status.pauseConditions?.some((pause) => pause.reason === 'InconclusiveAnalysisRun') ?? false
  return recorded?.name === name && recorded.status === 'Inconclusive' && !halted
}

function buildRun(view: RolloutView, { kind, stepIndex, analysis, stage }: Question) {
  const { world } = view
  const request: Omit<AnalysisRunRequest, 'nameSuffix'> = {
    rollout: world.rollout,
    podHash: { latest: view.podHash, stable: view.status.stableRS ?? '' },
    revision: view.revision,
    kind,
    ...(stepIndex === undefined ? {} : { stepIndex }),
    analysis,
    templates: world.templates,
    ...(world.instanceId === undefined ? {} : { instanceId: world.instanceId }),
  }
  const firstName = renderAnalysisRunName({ ...request, nameSuffix: '' })
  const taken = world.analysisRuns.filter((run) => run.metadata.name.replace(/\.\d+$/, '') === firstName)
  const nameSuffix = taken.length === 0 ? '' : `.${Math.max(...taken.map((run) => suffixOf(run.metadata.name))) + 1}`
  const built = buildAnalysisRun({ ...request, nameSuffix })
  if ('problem' in built) return built
  const annotations = {
    ...built.run.metadata.annotations,
    ...renderExposedSince(
      view,
      built.run,
      world.analysisRuns.filter((run) => isOfThisAttempt(view, run)),
    ),
    ...renderStage(built.run, stage),
    [ATTEMPT]: view.lifecycle.attempt,
  }
  return { run: { ...built.run, metadata: { ...built.run.metadata, annotations } } }
}

const WORDS: Readonly<Record<AnalysisKind, string>> = {
  Step: 'Step-based',
  Background: 'Background',
  PrePromotion: 'Blue/green pre-promotion',
  PostPromotion: 'Blue/green post-promotion',
}

/** Failed and Error runs abort; the message carries the run's own words. */
export function abortByAnalysis(inquiries: readonly (Inquiry | undefined)[]): AbortCause | undefined {
  for (const found of inquiries) {
    const status = found?.run?.status
    if (found && (status?.phase === 'Failed' || status?.phase === 'Error')) {
      const why = status.message ? `: ${status.message}` : ''
      const message = `${WORDS[found.kind]} analysis phase error/failed${why}`
      const cause = { reason: `Analysis${status.phase}`, message }
      const details = describeFailures(status.metricResults ?? [])
      return details === '' ? cause : { ...cause, details }
    }
  }
  return undefined
}

/** What the metrics that failed measured last. */
const describeFailures = (results: readonly MetricResult[]): string =>
  results
    .filter((result) => (result.phase === 'Failed' || result.phase === 'Error') && !result.dryRun)
    .filter((result) => !explainsItself(result))
    .flatMap(({ name, measurements }) => {
      const value = measurements?.at(-1)?.value
      return value === undefined || value === '' ? [] : [`${name} measured ${value.slice(0, 100)}`]
    })
    .join(', ')

/** What became of the runs since status last told of them, in Argo's words: notification triggers are named after these events. */
export function runEvents({ status }: RolloutView, inquiries: readonly (Inquiry | undefined)[]): Part {
  const events = inquiries.flatMap((found) => {
    const { metadata, status: { phase } = {} } = found?.run ?? {}
    if (!found || !metadata || !phase) return []
    const before = recordedRun(status, found.kind)
    if (before && (before.name !== metadata.name || before.status === phase)) return []
    const type = phase === 'Failed' || phase === 'Error' ? ('Warning' as const) : ('Normal' as const)
    const previous = before ? (before.status ?? '') : 'NoPreviousStatus'
    const message = `${found.kind} Analysis Run '${metadata.name}' Status New: '${phase}' Previous: '${previous}'`
    return [{ type, reason: `AnalysisRun${phase}`, message }]
  })
  return { events }
}

function recordedRun({ canary, blueGreen }: RolloutStatus, kind: AnalysisKind): RunReference | null | undefined {
  switch (kind) {
    case 'Step':
      return canary?.currentStepAnalysisRunStatus
    case 'Background':
      return canary?.currentBackgroundAnalysisRunStatus
    case 'PrePromotion':
      return blueGreen?.prePromotionAnalysisRunStatus
    case 'PostPromotion':
      return blueGreen?.postPromotionAnalysisRunStatus
  }
}

/** Runs without a verdict halt the update. */
export const haltsOf = (inquiries: readonly (Inquiry | undefined)[]): readonly Halt[] =>
  inquiries.flatMap((found) => {
    if (found?.run?.status?.phase !== 'Inconclusive') return []
    const subject = describeUndecidedGates(found.run)
    const halt = { reason: 'InconclusiveAnalysisRun', name: found.run.metadata.name } as const
    return [subject === undefined ? halt : { ...halt, subject }]
  })

/** Creates what is due, ends what no longer counts and deletes what history no longer keeps. */
export function decideRuns(view: RolloutView, inquiries: readonly (Inquiry | undefined)[]): Part {
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
  }
}

/** Notes the stage on the runs that count. The gates' texts are all that depends on it, so it comes last. */
export const tellStages = (inquiries: readonly (Inquiry | undefined)[]): Part => ({
  actions: inquiries.flatMap((found) =>
    found?.run && found.change
      ? [{ do: 'annotateAnalysisRun', run: found.run, annotations: found.change } as const]
      : [],
  ),
})

/** What status says about an inquiry's run; null clears the field. */
export function referenceOf(found: Inquiry | undefined): { name: string; status: string; message?: string } | null {
  const run = found?.run ?? found?.due
  if (!run) return null
  return {
    name: run.metadata.name,
    status: run.status?.phase ?? '',
    ...(run.status?.message ? { message: run.status.message } : {}),
  }
}
