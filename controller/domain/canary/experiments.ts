/**
 * The step `experiment`: which Experiment exists for this revision, step and attempt, which is made or ended now, and what its end means for
 * the update. Evidence of another revision, step or attempt never counts (S11). It must not judge an experiment: its phase is the verdict.
 *
 *   experiment of the step          means for the update
 *   none                            create it from the live ReplicaSets, wait
 *   Pending, Running                wait
 *   Successful                      step complete
 *   Inconclusive                    pause InconclusiveExperiment; once somebody resumes, another experiment is asked
 *   Failed, Error                   abort
 *   no such step any more           whatever runs is ended: the step was passed, the update aborted, promoted fully or superseded
 */
import { isCompleted } from '../../api/analysis.ts'
import { type Experiment, type ExperimentStep, experimentStepSchema } from '../../api/experiment.ts'
import { STEP_INDEX } from '../../api/labels.ts'
import type { AdditionalWeight } from '../../api/traffic.ts'
import { ATTEMPT } from '../analysis/analyses.ts'
import { listContainerPorts } from '../experiment/services.ts'
import type { AbortCause } from '../lifecycle.ts'
import type { Halt } from '../pauses.ts'
import type { Hold, Part } from '../plan.ts'
import { sum } from '../replicas.ts'
import { podHashOf, revisionOf } from '../revisions.ts'
import { buildExperiment, renderExperimentName } from './experiment-manifest.ts'
import type { CanaryView } from './view.ts'

export interface ExperimentInquiry {
  /** The experiment that counts; undefined: none yet, or none asked for. */
  readonly experiment: Experiment | undefined
  /** The one to create now. */
  readonly due: Experiment | undefined
  readonly problem?: Hold
}

/** Of an update that asks for none. */
export const NO_EXPERIMENT: ExperimentInquiry = { experiment: undefined, due: undefined }

export function inquireExperiment(view: CanaryView): ExperimentInquiry {
  const step = stepOf(view)
  if (!step || view.mode !== 'updating' || view.promoteFull) return NO_EXPERIMENT
  const latest = experimentsOfStep(view).at(-1)
  if (latest && !wasResumed(view, latest)) return { experiment: latest, due: undefined }
  const name = chooseName(view)
  const built = buildExperiment(view, step, name)
  if ('problem' in built)
    return {
      ...NO_EXPERIMENT,
      problem: { reason: 'InvalidExperiment', message: `Experiment ${name}: ${built.problem}` },
    }
  return { experiment: undefined, due: built.experiment }
}

/** The experiment that the step in force asks for; a shape that validation refuses is none. */
function stepOf({ step }: CanaryView): ExperimentStep | undefined {
  const parsed = experimentStepSchema.safeParse(step?.experiment)
  return parsed.success ? parsed.data : undefined
}

const allOf = ({ world }: CanaryView): readonly Experiment[] => world.experiments ?? []

/** By try, oldest first. One that Argo made carries no attempt: it counts when status names it. */
function experimentsOfStep(view: CanaryView): readonly Experiment[] {
  const base = renderExperimentName(view)
  const ours = allOf(view).filter(({ metadata }) => {
    const { [ATTEMPT]: attempt } = metadata.annotations ?? {}
    const isOfStep =
      attempt === undefined ? metadata.name === base : metadata.labels?.[STEP_INDEX] === String(view.stepIndex)
    const isOfTry =
      attempt === undefined
        ? view.status.canary?.currentExperiment === metadata.name
        : attempt === view.lifecycle.attempt
    return isOfStep && isOfTry && podHashOf({ metadata }) === view.podHash && revisionOf({ metadata }) === view.revision
  })
  return ours.toSorted((a, b) => suffixOf(a, base) - suffixOf(b, base))
}

/** 0 for `base`, 1 for `base-1`; undefined tells of another name. */
const suffixOf = ({ metadata }: Experiment, base: string): number =>
  metadata.name === base ? 0 : Number(metadata.name.slice(base.length + 1))

/** `<rollout>-<hash>-<revision>-<step>`, and `-1`, `-2` ... for further ones: their Services could not hold a dot. */
function chooseName(view: CanaryView): string {
  const base = renderExperimentName(view)
  const taken = allOf(view)
    .map((experiment) => experiment.metadata.name)
    .filter((name) => name === base || (name.startsWith(`${base}-`) && /^\d+$/.test(name.slice(base.length + 1))))
    .map((name) => (name === base ? 0 : Number(name.slice(base.length + 1))))
  return taken.length === 0 ? base : `${base}-${Math.max(...taken) + 1}`
}

/** An Inconclusive experiment halts the update with a pause; when no pause is left though we still had it set, somebody resumed. */
function wasResumed({ status }: CanaryView, experiment: Experiment): boolean {
  const isPaused = (status.pauseConditions ?? []).length > 0
  return experiment.status?.phase === 'Inconclusive' && status.controllerPause === true && !isPaused
}

/** It cannot be built, or nobody has begun with it: that is no wait on purpose, the progress deadline judges it. */
export const isExperimentUnattended = ({ world, step }: CanaryView, { experiment }: ExperimentInquiry): boolean =>
  world.compat === 'strict' && step?.experiment !== undefined && (experiment?.status?.phase ?? '') === ''

export const isExperimentDone = ({ experiment }: ExperimentInquiry): boolean =>
  experiment?.status?.phase === 'Successful'

/** In Argo's words. */
export function abortByExperiment({ experiment }: ExperimentInquiry): AbortCause | undefined {
  const { phase, message } = experiment?.status ?? {}
  if (phase !== 'Failed' && phase !== 'Error') return undefined
  const why = message ? `: ${message}` : ''
  return { reason: `Experiment${phase}`, message: `Experiment analysis phase is error/failed${why}` }
}

export function haltByExperiment({ experiment }: ExperimentInquiry): readonly Halt[] {
  if (experiment?.status?.phase !== 'Inconclusive') return []
  const { name } = experiment.metadata
  return [{ reason: 'InconclusiveExperiment', name, subject: `Experiment ${name} is inconclusive` }]
}

export const describeExperimentStep = ({ experiment }: ExperimentInquiry): string =>
  experiment
    ? `Experiment ${experiment.metadata.name} is ${experiment.status?.phase || 'Pending'}`
    : 'the Experiment is not there yet'

/** @param inquiry of an update that is not aborted in this pass; else nothing is asked for */
export function decideExperiments(view: CanaryView, inquiry: ExperimentInquiry): Part {
  const { experiment: current, due, problem } = inquiry
  const others = allOf(view).filter((experiment) => experiment !== current)
  const running = others.filter(({ status, spec }) => !isCompleted(status?.phase) && spec.terminate !== true)
  const created = due ? ({ do: 'createExperiment', experiment: due } as const) : undefined
  const message = `Created Experiment '${due?.metadata.name ?? ''}'`
  return {
    actions: [
      ...(created ? [created] : []),
      ...running.map((experiment) => ({ do: 'terminateExperiment', experiment }) as const),
      ...expired(view, others).map((experiment) => ({ do: 'deleteExperiment', experiment }) as const),
    ],
    events: created ? [{ type: 'Normal', reason: 'ExperimentCreated', message, action: created }] : [],
    holds: problem ? [problem] : [],
    memory: { canary: { currentExperiment: isExperimentDone(inquiry) ? undefined : (current ?? due)?.metadata.name } },
  }
}

/** Ended ones beyond the limits of analysis runs (newest kept), and those whose ReplicaSet is gone; never one that still has pods. */
function expired(view: CanaryView, others: readonly Experiment[]): readonly Experiment[] {
  const limits = view.world.rollout.spec.analysis
  const hashes = new Set(view.world.replicaSets.map(podHashOf))
  const ended = others.filter(
    ({ status, metadata }) =>
      isCompleted(status?.phase) &&
      metadata.deletionTimestamp === undefined &&
      sum((status?.templateStatuses ?? []).map(({ replicas }) => replicas)) === 0,
  )
  const kept = ended.filter((experiment) => hashes.has(podHashOf(experiment))).toSorted(newestFirst)
  const isPassed = ({ status }: Experiment): boolean => status?.phase === 'Successful'
  return [
    ...ended.filter((experiment) => !hashes.has(podHashOf(experiment))).toSorted(newestFirst),
    ...kept.filter(isPassed).slice(limits?.successfulRunHistoryLimit ?? 5),
    ...kept.filter((experiment) => !isPassed(experiment)).slice(limits?.unsuccessfulRunHistoryLimit ?? 5),
  ]
}

function newestFirst(a: Experiment, b: Experiment): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`)
  return (left ?? '') < (right ?? '') ? 1 : -1
}

/** Where the step in force sends traffic besides stable and canary. */
export interface ExperimentDestination {
  readonly serviceName: string
  readonly podTemplateHash: string
  readonly weight: number
  /** Of the Service: the one that leads to the same container port as the canary Service's first, else the first. */
  readonly port?: number
  /** Its pods are available: only then may it get traffic (S1, AR#3420). */
  readonly ready: boolean
}

/** In the order of the step; a template whose Service does not exist yet is no destination. */
export function experimentDestinations(view: CanaryView): readonly ExperimentDestination[] {
  const { experiment } = inquireExperiment(view)
  const templates = stepOf(view)?.templates ?? []
  return templates.flatMap(({ name, weight }) => {
    const found = experiment?.status?.templateStatuses?.find((template) => template.name === name)
    if (!weight || !found?.serviceName || !found.podTemplateHash) return []
    const ready = experiment?.status?.phase === 'Running' && found.status === 'Running' && found.availableReplicas > 0
    const port = experiment ? portOf(view, experiment, name) : undefined
    const { serviceName, podTemplateHash } = found
    return [{ serviceName, podTemplateHash, weight, ...(port === undefined ? {} : { port }), ready }]
  })
}

/** A Service of an experiment has the ports of its containers, where the canary Service has its own in front of them. */
function portOf({ world, canaryService }: CanaryView, { spec }: Experiment, name: string): number | undefined {
  const ports = listContainerPorts(spec.templates.find((template) => template.name === name)?.template.spec)
  const service = canaryService ? world.services[canaryService.name]?.service : undefined
  const target = service?.spec.ports?.[0]?.targetPort ?? service?.spec.ports?.[0]?.port
  const same = ports.find((port) => port.name === target || port.containerPort === target)
  return (same ?? ports[0])?.containerPort
}

/** Weights for `decideRoute`: of those that may get traffic now. */
export const experimentWeights = (view: CanaryView): readonly AdditionalWeight[] =>
  experimentDestinations(view).flatMap(({ serviceName, podTemplateHash, weight, port, ready }) =>
    ready ? [{ service: serviceName, weight, podHash: podTemplateHash, ...(port === undefined ? {} : { port }) }] : [],
  )
