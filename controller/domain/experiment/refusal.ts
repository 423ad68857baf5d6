/**
 * What becomes of an experiment whose spec cannot be obeyed: it ends with Error before anything is begun, and says which field and what to write.
 * Analysis templates that are applied together with it get a moment to arrive. It must not look at pods.
 *
 *   spec or templates   phase on record           | then
 *   sound               none, or one that runs    | go on
 *   sound               Error, nothing was begun  | go on, as if new (but not when a Rollout has seen the Error)
 *   spec broken         one that ended            | go on without templates: what is left is taken away
 *   spec broken         otherwise                 | Error, and what is there is taken away
 *   template missing    none, younger than 10 s   | wait
 *   template missing    none                      | Error
 *   template missing    pods were available       | go on: the run that cannot be built says so
 */
import type { Experiment, ExperimentStatus } from '../../api/experiment.ts'
import { parseInstant } from '../../api/scalars.ts'
import { type Problem, renderProblems } from '../validation/problem.ts'
import { validateExperiment, validateExperimentReferences } from '../validation/validate-experiment.ts'
import { invalidSpec } from './conditions.ts'
import type { ExperimentPlan } from './plan.ts'
import type { ExperimentWorld } from './world.ts'

const REFERENCE_GRACE_MS = 10_000

export interface Soundness {
  /** The world to decide from: of a broken spec nothing is left but what must be taken away. */
  readonly world: ExperimentWorld
  /** The whole decision, when nothing of the experiment may be looked at. */
  readonly plan?: ExperimentPlan
  /** Why the experiment ends with Error. */
  readonly message?: string
}

export function judgeSpec(world: ExperimentWorld): Soundness {
  const problems = validateExperiment(world.experiment)
  if (problems.length > 0) return { world: withoutTemplates(world), message: describe(world.experiment, problems) }
  const revived = wasRefused(world.experiment) ? withStatus(world, {}) : world
  const { status } = revived.experiment
  if (status?.availableAt || isOver(status)) return { world: revived }
  const missing = validateExperimentReferences(world.experiment.spec, world.templates)
  if (missing.length === 0) return { world: revived }
  const message = describe(world.experiment, missing)
  const untilMs = (parseInstant(world.experiment.metadata.creationTimestamp) ?? 0) + REFERENCE_GRACE_MS
  if (world.now >= untilMs || wasRefused(world.experiment)) return { world, message }
  const holds = [{ reason: 'InvalidSpec', message }]
  return { world, plan: { actions: [], status: status ?? {}, events: [], holds, wakeAtMs: untilMs } }
}

/** The status of an experiment that cannot be obeyed; a phase that ended before stays. */
export function refusedStatus(status: ExperimentStatus, message: string, now: number): ExperimentStatus {
  const phase = isOver(status) ? {} : { phase: 'Error', message }
  return { ...status, ...phase, conditions: [...invalidSpec(status, message, now)] }
}

const describe = ({ metadata }: Experiment, problems: readonly Problem[]): string =>
  `The Experiment "${metadata.name}" is invalid: ${renderProblems(problems)}`

const isOver = (status: ExperimentStatus | undefined): boolean =>
  ['Successful', 'Failed', 'Error', 'Inconclusive'].includes(status?.phase ?? '')

/** Ended before it was begun, and nobody has drawn a conclusion from that. */
function wasRefused({ status, metadata }: Experiment): boolean {
  const isInvalid = status?.conditions?.some(({ type, status: is }) => type === 'InvalidSpec' && is === 'True')
  const isOwned = metadata.ownerReferences?.some(({ kind, controller }) => kind === 'Rollout' && controller === true)
  return status?.phase === 'Error' && isInvalid === true && !isOwned && (status.templateStatuses ?? []).length === 0
}

const withStatus = (world: ExperimentWorld, status: ExperimentStatus): ExperimentWorld => ({
  ...world,
  experiment: { ...world.experiment, status },
})

const withoutTemplates = (world: ExperimentWorld): ExperimentWorld => ({
  ...world,
  experiment: { ...world.experiment, spec: { scaleDownDelaySeconds: 0, templates: [] } },
})
