/**
 * The only writer of an Experiment's status, and of the events that tell how it changed. It keeps every field that it does not know. It must not
 * decide anything that moves pods.
 */
import type { ExperimentRunStatus, ExperimentStatus, TemplateStatus } from '../../api/experiment.ts'
import type { AnalysisFacts } from './analyses.ts'
import { decideConditions } from './conditions.ts'
import type { PhaseDecision } from './phase.ts'
import type { ExperimentEvent } from './plan.ts'
import { type ExperimentView, stamp } from './view.ts'

export function summarizeExperiment(
  view: ExperimentView,
  templates: readonly TemplateStatus[],
  analyses: readonly AnalysisFacts[],
  { phase, message }: PhaseDecision,
): ExperimentStatus {
  const { status, world } = view
  const {
    message: _message,
    templateStatuses: _templates,
    analysisRuns: _runs,
    conditions: _conditions,
    ...kept
  } = status
  const runs = analyses.flatMap((facts) => (facts.status ? [facts.status] : []))
  const isAvailable = templates.length > 0 && templates.every((template) => template.status === 'Running')
  const availableAt = status.availableAt ?? (isAvailable ? stamp(world.now) : undefined)
  const next: ExperimentStatus = {
    ...kept,
    phase,
    ...(message ? { message } : {}),
    ...(availableAt ? { availableAt } : {}),
    ...(templates.length > 0 ? { templateStatuses: [...templates] } : {}),
    ...(runs.length > 0 ? { analysisRuns: runs } : {}),
  }
  const { name } = world.experiment.metadata
  const facts = { name, now: world.now, before: status, after: next, durationOver: view.durationOver }
  const conditions = decideConditions(facts)
  return conditions.length > 0 ? { ...next, conditions: [...conditions] } : next
}

/** Each change of a template, an analysis and the whole, in Argo's words. */
export function tellChanges(before: ExperimentStatus, after: ExperimentStatus): readonly ExperimentEvent[] {
  return [
    ...(after.templateStatuses ?? []).flatMap((template) => tellTemplate(before, template)),
    ...(after.analysisRuns ?? []).flatMap((run) => tellRun(before, run)),
    ...(before.phase === after.phase ? [] : [tellPhase(before.phase, after.phase)]),
  ]
}

const BAD = new Set<string | undefined>(['Failed', 'Error', 'Inconclusive'])
const typeOf = (status: string | undefined): 'Normal' | 'Warning' => (BAD.has(status) ? 'Warning' : 'Normal')

const tellPhase = (from: string | undefined, to: string | undefined): ExperimentEvent => ({
  type: typeOf(to),
  reason: `Experiment${to ?? ''}`,
  message: `Experiment transitioned from ${from ?? ''} -> ${to ?? ''}`,
})

function tellTemplate(before: ExperimentStatus, { name, status, message }: TemplateStatus): readonly ExperimentEvent[] {
  const from = before.templateStatuses?.find((template) => template.name === name)?.status
  if (from === status) return []
  const why = message ? `: ${message}` : ''
  const text = `Template '${name}' transitioned from ${from ?? ''} -> ${status ?? ''}${why}`
  return [{ type: typeOf(status), reason: `Template${status ?? ''}`, message: text }]
}

function tellRun(before: ExperimentStatus, { name, phase, message }: ExperimentRunStatus): readonly ExperimentEvent[] {
  const from = before.analysisRuns?.find((run) => run.name === name)?.phase
  if (from === phase) return []
  const why = message ? `: ${message}` : ''
  const text = `AnalysisRun '${name}' transitioned from ${from ?? ''} -> ${phase}${why}`
  return [{ type: typeOf(phase), reason: `AnalysisRun${phase}`, message: text, alsoOnOwner: true }]
}
