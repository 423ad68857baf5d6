/**
 * The conditions of an experiment, with Argo's types, reasons and words: how it progresses, and whether its spec can be obeyed. It must not
 * decide the phase.
 */
import { isCompleted } from '../../api/analysis.ts'
import type { ExperimentStatus, TemplateStatus } from '../../api/experiment.ts'
import type { Condition } from '../../api/rollout.ts'
import { formatInstant } from '../../api/scalars.ts'

type Words = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

export interface ConditionFacts {
  readonly name: string
  readonly now: number
  readonly before: ExperimentStatus
  readonly after: ExperimentStatus
  readonly durationOver: boolean
}

/** `InvalidSpec` is gone once the spec can be obeyed again. */
export function decideConditions(facts: ConditionFacts): readonly Condition[] {
  const kept = (facts.before.conditions ?? []).filter(({ type }) => type !== 'InvalidSpec')
  const words = describeProgress(facts)
  return words ? set(kept, words, facts.now) : kept
}

function describeProgress({ name, before, after, durationOver }: ConditionFacts): Words | undefined {
  const type = 'Progressing'
  if (after.phase === 'Successful')
    return {
      type,
      status: 'False',
      reason: 'ExperimentCompleted',
      message: `Experiment "${name}" has successfully ran and completed.`,
    }
  if (isCompleted(after.phase)) return undefined
  if (hasProgressed(before.templateStatuses ?? [], after.templateStatuses ?? []))
    return { type, status: 'True', reason: 'ReplicaSetUpdated', message: `Experiment "${name}" is progressing.` }
  if (after.phase === 'Running' && before.availableAt && !durationOver)
    return { type, status: 'True', reason: 'NewReplicaSetAvailable', message: `Experiment "${name}" is running.` }
  return undefined
}

const COUNTS = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'] as const

const hasProgressed = (before: readonly TemplateStatus[], after: readonly TemplateStatus[]): boolean =>
  after.some((status) => {
    const old = before.find(({ name }) => name === status.name)
    return !old || COUNTS.some((count) => old[count] !== status[count])
  })

export const invalidSpec = (before: ExperimentStatus, message: string, now: number): readonly Condition[] =>
  set(before.conditions ?? [], { type: 'InvalidSpec', status: 'True', reason: 'InvalidSpec', message }, now)

/** A condition that says the same stays untouched; progress of the same kind renews the update's moment. */
function set(conditions: readonly Condition[], words: Words, now: number): readonly Condition[] {
  const old = conditions.find(({ type }) => type === words.type)
  const says = old?.status === words.status && old.reason === words.reason
  if (says && old.message === words.message && words.reason !== 'ReplicaSetUpdated') return conditions
  const at = formatInstant(now)
  const lastTransitionTime = old?.status === words.status ? (old.lastTransitionTime ?? at) : at
  return [...conditions.filter((one) => one !== old), { ...words, lastUpdateTime: at, lastTransitionTime }]
}
