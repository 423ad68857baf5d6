/**
 * A World and its Plan as a few lines that read like a log written by a careful engineer. The same text is the golden file, the debug log and
 * the middle of `penstock explain`. It must not hide an action or a reason.
 */
import { isCompleted } from '../api/analysis.ts'
import { describeColor } from '../api/color-text.ts'
import { STAGE } from '../api/labels.ts'
import { readStepEntries, type StepEntry } from '../api/step-plugin-status.ts'
import type { Subsets } from '../api/traffic.ts'
import { withReadableStatus } from '../argo/readable-status.ts'
import type { Action, Plan } from './plan.ts'
import { availableReplicas, specReplicas } from './replicas.ts'
import { podHashOf } from './revisions.ts'
import type { RouteReading, World } from './world.ts'

/** Also of objects whose status is of any shape. */
export function renderWorld(observed: World): string {
  const world = { ...observed, rollout: withReadableStatus(observed.rollout) }
  const status = world.rollout.status ?? {}
  const sets = [...world.replicaSets]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((rs) => `${roleOf(world, podHashOf(rs))}${podHashOf(rs)} ${availableReplicas(rs)}/${specReplicas(rs)}`)
  const routes = world.routes.map(renderReading)
  const services = Object.values(world.services).map(
    ({ service }) => `${service.metadata.name}→${service.spec.selector?.['rollouts-pod-template-hash'] ?? '*'}`,
  )
  const subsets = world.routes.flatMap((route) => (route.subsets ? renderSubsets(route.subsets) : []))
  const workload = world.workload
    ? [`${world.workload.kind} ${world.workload.metadata.name} ${world.workload.spec?.replicas ?? ''}`.trim()]
    : []
  const { canary } = world.rollout.spec.strategy ?? {}
  const step = canary ? `step ${status.currentStepIndex ?? '-'}/${(canary.steps ?? []).length}` : ''
  const plugins = readStepEntries(status.canary?.stepPluginStatuses).map(renderEntry)
  const experiments = (world.experiments ?? [])
    .filter((one) => one.metadata.name === status.canary?.currentExperiment || !isCompleted(one.status?.phase))
    .map((one) => `Experiment ${one.metadata.name} ${one.status?.phase || 'Pending'}`)
    .sort()
  const flags = [
    status.abort ? 'abort' : '',
    status.promoteFull ? 'promoteFull' : '',
    status.blueGreen?.scaleUpPreviewCheckPoint ? 'checkpoint' : '',
    ...(status.pauseConditions ?? []).map((pause) => pause.reason),
  ]
  return [...sets, ...workload, ...services, ...subsets, ...routes, step, ...plugins, ...experiments, ...flags]
    .filter(Boolean)
    .join('  ')
}

const renderSubsets = ({ service, stable, canary }: Subsets): readonly string[] =>
  [stable, canary].map(({ name, podHash }) => `${service}/${name}→${podHash || '*'}`)

/** Such as `plugin 2 Run Running (called)`. */
function renderEntry({ index, operation, phase, disabled, status }: StepEntry): string {
  const called = status.call === undefined ? '' : ' (called)'
  return `plugin ${index + 1} ${operation} ${disabled ? 'disabled' : (phase ?? '-')}${called}`
}

function roleOf(world: World, hash: string): string {
  const { stableRS, currentPodHash } = world.rollout.status ?? {}
  if (hash === stableRS) return 'stable='
  const fresh = world.rollout.spec.strategy?.blueGreen ? 'preview=' : 'canary='
  return hash === currentPodHash ? fresh : 'old='
}

/** One line per write, hold and event of note, in order. */
export function renderPlan(plan: Plan): readonly string[] {
  return [
    ...plan.actions.map(renderAction),
    ...plan.holds.map(({ reason, message }) => `hold ${reason} "${message}"`),
    ...plan.events
      .filter(({ action }) => action === undefined)
      .map(({ reason, message }) => `tell ${reason} "${message}"`),
    `phase ${plan.status.phase ?? '-'}${plan.status.message ? `: ${plan.status.message}` : ''}`,
  ]
}

export function renderAction(action: Action): string {
  switch (action.do) {
    case 'createReplicaSet':
      return `create ReplicaSet ${action.replicaSet.metadata.name}`
    case 'scale':
      return `scale ${podHashOf(action.replicaSet)} ${specReplicas(action.replicaSet)}→${action.to}`
    case 'annotateReplicaSet':
      return `annotate ${podHashOf(action.replicaSet)} ${renderAnnotations(action.annotations)}`
    case 'setMinReady':
      return `set minReadySeconds of ${podHashOf(action.replicaSet)} to ${action.seconds}`
    case 'deleteReplicaSet':
      return `delete ReplicaSet ${action.replicaSet.metadata.name}`
    case 'adoptReplicaSet':
      return `adopt ReplicaSet ${action.replicaSet.metadata.name}`
    case 'releaseReplicaSet':
      return `release ReplicaSet ${action.replicaSet.metadata.name}`
    case 'amendTemplate':
      return `amend ${podHashOf(action.replicaSet)} ${renderTemplatePatch(action)}`
    case 'evict':
      return `evict ${action.pods.map(({ metadata }) => metadata.name).join(', ')}`
    case 'labelPods':
      return `relabel ${action.pods.length} pods of ${podHashOf(action.replicaSet)}`
    case 'scaleWorkload':
      return `scale ${action.workload.kind ?? 'workload'} ${action.workload.metadata.name} ${action.workload.spec?.replicas ?? 1}→${action.to}`
    case 'setDefaultReplicas':
      return 'set spec.replicas 1'
    case 'annotateRollout':
      return `annotate rollout ${renderAnnotations(action.annotations)}`
    case 'select':
      return `select ${action.service}${action.subset === undefined ? '' : `/${action.subset}`}→${action.podHash}`
    case 'release':
      return `release ${action.kind === undefined ? '' : `${action.kind} `}${action.service}`
    case 'route':
      return renderRouteAction(action)
    case 'releaseRoutes':
      return `release field ownership of ${action.objects.join(', ')}`
    case 'createAnalysisRun':
      return `analyse ${action.run.metadata.name}${renderStage(action.run.metadata.annotations?.[STAGE])}`
    case 'annotateAnalysisRun':
      return `annotate ${action.run.metadata.name} ${renderAnnotations(action.annotations)}`
    case 'terminateAnalysisRun':
      return `terminate ${action.run.metadata.name}`
    case 'deleteAnalysisRun':
      return `delete AnalysisRun ${action.run.metadata.name}`
    case 'createExperiment':
      return `create Experiment ${action.experiment.metadata.name}`
    case 'terminateExperiment':
      return `terminate Experiment ${action.experiment.metadata.name}`
    case 'deleteExperiment':
      return `delete Experiment ${action.experiment.metadata.name}`
  }
}

/** What is longer is for machines, but for what gates are told: that is what such a line is about. */
const LONGEST_SHOWN = 60

const renderAnnotations = (annotations: Readonly<Record<string, string | null>>): string =>
  Object.entries(annotations)
    .map(([key, value]) => {
      if (value === null) return `-${key}`
      return `${key}=${value.length > LONGEST_SHOWN && key !== STAGE ? '…' : value}`
    })
    .join(' ')

const renderStage = (stage: string | undefined): string =>
  stage === undefined ? '' : ` ${renderAnnotations({ [STAGE]: stage })}`

/** Weights as they are written; what only some rollouts have is told only where it is. */
function renderReading({ programmedCanary, additional, managedRoutes, confirmation, isGone }: RouteReading): string {
  if (isGone) return 'route gone'
  const added = Object.entries(additional ?? {}).map(([service, weight]) => `+${service} ${weight}`)
  const managed = (managedRoutes ?? []).map(
    ({ route, intact }) => `${route.kind} ${route.name}${intact ? '' : ' broken'}`,
  )
  return [`weight ${programmedCanary ?? 'unset'}`, ...added, ...managed, confirmation].join(' ')
}

function renderRouteAction(action: Extract<Action, { do: 'route' }>): string {
  const { from, canary, additional, managedRoutes, corrects } = action
  const added = additional.map(({ service, weight }) => `${service} ${weight}`)
  const managed = managedRoutes.map(
    (route) => `${route.kind} ${route.kind === 'color' ? describeColor(route) : route.name}`,
  )
  const beside = [...added, ...managed].join(', ')
  const after = corrects === undefined ? '' : `, correcting ${corrects}`
  if (from === canary) return `route canary stays at ${canary}, beside it ${beside || 'nothing'}${after}`
  return `route canary ${from ?? 'unset'}→${canary}${beside ? `, beside it ${beside}` : ''}${after}`
}

const renderTemplatePatch = ({ template, annotations }: Extract<Action, { do: 'amendTemplate' }>): string =>
  [
    ...(template.metadata
      ? [`pods: ${renderAnnotations({ ...template.metadata.labels, ...template.metadata.annotations })}`]
      : []),
    ...(template.spec ? ['anti-affinity'] : []),
    ...Object.entries(annotations).map(([key, value]) => (value === null ? `-${key}` : `${key}=${value}`)),
  ].join(' ')
