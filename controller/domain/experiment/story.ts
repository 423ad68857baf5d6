/** The world and the plan of an experiment as the lines that people read, in golden files and in the log. It must not hide a write or a reason. */
import { SCALE_DOWN_DEADLINE } from '../../api/labels.ts'
import { availableReplicas, specReplicas } from '../replicas.ts'
import type { ExperimentAction, ExperimentPlan } from './plan.ts'
import { viewExperiment } from './view.ts'
import type { ExperimentWorld } from './world.ts'

export function renderExperimentWorld(world: ExperimentWorld): string {
  const { status = {}, spec } = world.experiment
  const { templates } = viewExperiment(world)
  const pods = templates.map(({ template, rs }) => {
    const leaving = rs?.metadata.annotations?.[SCALE_DOWN_DEADLINE] === undefined ? '' : ' leaving'
    return rs ? `${template.name} ${availableReplicas(rs)}/${specReplicas(rs)}${leaving}` : `${template.name} -`
  })
  const services = templates.flatMap(({ service, isRouted }) =>
    service ? [`Service ${service.metadata.name}${isRouted ? ' routed' : ''}`] : [],
  )
  const runs = [...world.analysisRuns].map((run) => `${run.metadata.name} ${run.status?.phase || 'Pending'}`).sort()
  const flags = spec.terminate === true ? ['terminate'] : []
  return [status.phase ?? 'new', ...pods, ...services, ...runs, ...flags].join('  ')
}

/** One line per write, hold, event of note, and the phase. */
export const renderExperimentPlan = (plan: ExperimentPlan): readonly string[] => [
  ...plan.actions.map(renderExperimentAction),
  ...plan.holds.map(({ reason, message }) => `hold ${reason} "${message}"`),
  ...plan.events
    .filter(({ action }) => action === undefined)
    .map(({ reason, message }) => `tell ${reason} "${message}"`),
  `phase ${plan.status.phase ?? '-'}${plan.status.message ? `: ${plan.status.message}` : ''}`,
]

export function renderExperimentAction(action: ExperimentAction): string {
  switch (action.do) {
    case 'createReplicaSet':
      return `create ReplicaSet ${action.replicaSet.metadata.name}`
    case 'scale':
      return `scale ${action.replicaSet.metadata.name} ${specReplicas(action.replicaSet)}→${action.to}`
    case 'annotateReplicaSet':
      return `annotate ${action.replicaSet.metadata.name} ${Object.entries(action.annotations)
        .map(([key, value]) => (value === null ? `-${key}` : `${key}=${value}`))
        .join(' ')}`
    case 'createService':
      return `create Service ${action.service.metadata.name}`
    case 'deleteService':
      return `delete Service ${action.service.metadata.name}`
    case 'createAnalysisRun':
      return `analyse ${action.run.metadata.name}`
    case 'terminateAnalysisRun':
      return `terminate ${action.run.metadata.name}`
  }
}
