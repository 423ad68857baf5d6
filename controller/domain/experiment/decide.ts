/**
 * The decision about one Experiment, whole: World in, Plan out. Pure and total. Read this first; every line leads to the file that holds the
 * rule.
 */
import { isCompleted } from '../../api/analysis.ts'
import { beginAnalyses, decideAnalyses, observeAnalyses } from './analyses.ts'
import { isEnding } from './ending.ts'
import { decidePhase, isClosing } from './phase.ts'
import { type ExperimentPlan, joinParts } from './plan.ts'
import { judgeSpec, refusedStatus } from './refusal.ts'
import { decideReplicaSets } from './replica-sets.ts'
import { decideServices } from './services.ts'
import { summarizeExperiment, tellChanges } from './summarize.ts'
import { deadlineOf, judgeTemplates } from './templates.ts'
import { type ExperimentView, viewExperiment } from './view.ts'
import type { ExperimentWorld } from './world.ts'

export function decideExperiment(observed: ExperimentWorld): ExperimentPlan {
  const before = observed.experiment.status ?? {}
  if (observed.experiment.metadata.deletionTimestamp !== undefined)
    return { actions: [], events: [], holds: [{ reason: 'BeingDeleted', message: 'being deleted' }], status: before }
  const { world, plan, message } = judgeSpec(observed)
  if (plan) return plan
  const view = viewExperiment(world)
  if (message !== undefined) return refuse(view, message)

  const seen = observeAnalyses(view)
  const ending = isEnding(view, seen)
  const templates = judgeTemplates(view, ending)
  const analyses = ending ? seen : beginAnalyses(view, seen)
  const phase = decidePhase(view, templates, analyses)
  const ended = ending || isCompleted(phase.phase)

  const status = summarizeExperiment(view, templates, analyses, phase)
  const part = joinParts(
    decideReplicaSets(view, templates, ended),
    decideServices(view, templates, ended),
    decideAnalyses(view, analyses, ended || isClosing(templates, analyses)),
    { events: tellChanges(before, status) },
    ended ? {} : nextLook(view),
  )
  return { ...part, status }
}

/** Nothing of a spec that cannot be obeyed is begun; what was begun under another one is taken away. */
function refuse(view: ExperimentView, message: string): ExperimentPlan {
  const status = refusedStatus(view.status, message, view.world.now)
  const isNews = view.status.conditions?.every((condition) => condition.message !== message) ?? true
  const part = joinParts(
    decideReplicaSets(view, [], true),
    decideServices(view, [], true),
    decideAnalyses(view, [], true),
    {
      holds: [{ reason: 'InvalidSpec', message }],
      events: [
        ...(isNews ? [{ type: 'Warning', reason: 'InvalidSpec', message } as const] : []),
        ...tellChanges(view.status, status),
      ],
    },
  )
  return { ...part, status }
}

/** The end of the duration, or the deadline of a template that lacks pods. */
function nextLook(view: ExperimentView) {
  const deadlines = view.templates.map((facts) => deadlineOf(view, facts))
  const moments = [view.endsAtMs, ...deadlines.map((atMs) => (atMs === undefined ? undefined : atMs + 1))].flatMap(
    (atMs) => (atMs !== undefined && atMs > view.world.now ? [atMs] : []),
  )
  return moments.length > 0 ? { wakeAtMs: Math.min(...moments) } : {}
}
