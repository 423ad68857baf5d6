/**
 * The facts about an Experiment that its decisions share, derived once per pass: each template with its ReplicaSet, Service and recorded
 * status, and the times that the spec means. It concludes nothing.
 */
import type { ExperimentStatus, ExperimentTemplate, TemplateStatus } from '../../api/experiment.ts'
import { EXPERIMENT_TEMPLATE } from '../../api/labels.ts'
import type { KubeObject } from '../../api/meta.ts'
import type { ReplicaSet, Service } from '../../api/rollout.ts'
import { formatInstant, parseGoDuration, parseInstant } from '../../api/scalars.ts'
import type { ExperimentWorld } from './world.ts'

const DEFAULT_PROGRESS_DEADLINE_S = 600
const DEFAULT_SCALE_DOWN_DELAY_S = 30

/** What there is of one template. */
export interface Possession {
  readonly rs: ReplicaSet | undefined
  readonly service: Service | undefined
  /** Routers of the owning Rollout send traffic to the Service. */
  readonly isRouted: boolean
}

export interface TemplateFacts extends Possession {
  readonly template: ExperimentTemplate
  /** Pods while the experiment runs. */
  readonly replicas: number
  readonly recorded: TemplateStatus | undefined
}

export interface ExperimentView {
  readonly world: ExperimentWorld
  readonly status: ExperimentStatus
  readonly templates: readonly TemplateFacts[]
  /** What there is of templates that the spec does not name any more. */
  readonly strays: readonly Possession[]
  readonly progressDeadlineS: number
  readonly scaleDownDelayMs: number
  /** Epoch milliseconds of `availableAt` + `duration`; undefined while one of them is. */
  readonly endsAtMs: number | undefined
  readonly durationOver: boolean
}

export function viewExperiment(world: ExperimentWorld): ExperimentView {
  const { spec, status = {} } = world.experiment
  const named = new Set(spec.templates.map(({ name }) => name))
  const found = new Set([...world.replicaSets, ...world.services].map(templateOf))
  const endsAtMs = computeEnd(status.availableAt, spec.duration)
  return {
    world,
    status,
    templates: spec.templates.map((template) => ({
      template,
      replicas: template.replicas ?? 1,
      ...possessionOf(world, template.name),
      recorded: status.templateStatuses?.find(({ name }) => name === template.name),
    })),
    strays: [...found].filter((name) => !named.has(name)).map((name) => possessionOf(world, name)),
    progressDeadlineS: spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S,
    scaleDownDelayMs: (spec.scaleDownDelaySeconds ?? DEFAULT_SCALE_DOWN_DELAY_S) * 1000,
    endsAtMs,
    durationOver: endsAtMs !== undefined && world.now >= endsAtMs,
  }
}

/** What is being deleted is gone already. */
function possessionOf(world: ExperimentWorld, template: string): Possession {
  const isAlive = (object: KubeObject): boolean =>
    object.metadata.deletionTimestamp === undefined && templateOf(object) === template
  const service = world.services.find(isAlive)
  const isRouted = service !== undefined && world.routedServices.includes(service.metadata.name)
  return { rs: world.replicaSets.find(isAlive), service, isRouted }
}

const templateOf = (object: KubeObject): string => object.metadata.annotations?.[EXPERIMENT_TEMPLATE] ?? ''

/** Epoch milliseconds at which an experiment that is available since `availableAt` is over. */
export function computeEnd(availableAt: string | null | undefined, duration: string | undefined): number | undefined {
  const [startMs, durationMs] = [parseInstant(availableAt), duration ? parseGoDuration(duration) : undefined]
  return startMs === undefined || durationMs === undefined ? undefined : startMs + durationMs
}

/** Instants have whole seconds; rounding up keeps whatever is measured from them from being shorter than it says. */
export const stamp = (epochMs: number): string => formatInstant(epochMs + 999)
