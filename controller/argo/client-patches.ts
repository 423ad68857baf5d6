/**
 * What a client writes to tell the controller something: the patches of Argo's plugin, in the order in which they must arrive (status
 * first, then the spec: unpausing first would let the controller pass the step that the status patch is about to pass, and skip one).
 * Pure: it decides bodies and order, never sends them.
 *
 * promote, by what the Rollout shows:
 * | pauseConditions | step analysis           | strategy   | status patch                                                     |
 * |-----------------|-------------------------|------------|------------------------------------------------------------------|
 * | some            | Inconclusive, we paused | any        | pauseConditions null, controllerPause false, index + 1           |
 * | an experiment's | -                       | canary     | the same (Argo's plugin resumes only, which asks it again)       |
 * | some            | other                   | any        | pauseConditions null                                             |
 * | none            | any                     | canary     | pauseConditions null, index + 1 (skips what the step waits for)  |
 * | none            | any                     | blue-green | none                                                             |
 * and `spec.paused: false` after it when the spec is paused.
 */
import { POD_TEMPLATE_HASH, REVISION } from '../api/labels.ts'
import type { PodTemplate } from '../api/meta.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { withoutInjections } from './pod-template.ts'

export interface ClientPatch {
  /** `workload` is the Deployment that `spec.workloadRef` names. */
  readonly target: 'rollout' | 'workload'
  readonly subresource?: 'status'
  readonly kind: 'merge' | 'json'
  readonly body: unknown
}

/** Why an action has nothing to do or cannot be done: one sentence that says what to do instead. */
export interface Refusal {
  readonly refusal: string
}

const status = (fields: Record<string, unknown>): ClientPatch => ({
  target: 'rollout',
  subresource: 'status',
  kind: 'merge',
  body: { status: fields },
})
const spec = (fields: Record<string, unknown>): ClientPatch => ({
  target: 'rollout',
  kind: 'merge',
  body: { spec: fields },
})

export function promotePatches(rollout: Rollout): readonly ClientPatch[] {
  const fields = promotedStatus(rollout)
  return [...(fields ? [status(fields)] : []), ...unpausePatches(rollout)]
}

/** Skips every remaining step and analysis. Only the unpausing remains when the newest revision is stable already. */
export function promoteFullPatches(rollout: Rollout): readonly ClientPatch[] {
  const { currentPodHash, stableRS } = rollout.status ?? {}
  return [...(currentPodHash === stableRS ? [] : [status({ promoteFull: true })]), ...unpausePatches(rollout)]
}

export const abortPatches = (): readonly ClientPatch[] => [status({ abort: true })]
export const retryPatches = (): readonly ClientPatch[] => [status({ abort: false })]
export const pausePatches = (): readonly ClientPatch[] => [spec({ paused: true })]

const unpausePatches = (rollout: Rollout): readonly ClientPatch[] =>
  rollout.spec.paused === true ? [spec({ paused: false })] : []

function promotedStatus(rollout: Rollout): Record<string, unknown> | undefined {
  const isPaused = (rollout.status?.pauseConditions ?? []).length > 0
  const nextIndex = nextStepIndex(rollout)
  if (isPaused && rollout.status?.controllerPause === true && gateIsInconclusive(rollout))
    return { pauseConditions: null, controllerPause: false, ...nextIndex }
  if (isPaused) return { pauseConditions: null }
  return nextIndex && { pauseConditions: null, ...nextIndex }
}

const gateIsInconclusive = ({ status: seen }: Rollout): boolean =>
  seen?.canary?.currentStepAnalysisRunStatus?.status === 'Inconclusive' ||
  (seen?.pauseConditions ?? []).some(({ reason }) => reason === 'InconclusiveExperiment')

/** The step after the current one, at most "past the last"; undefined for a strategy without steps. */
function nextStepIndex(rollout: Rollout): { currentStepIndex: number } | undefined {
  const steps = rollout.spec.strategy?.canary?.steps ?? []
  if (steps.length === 0) return undefined
  return { currentStepIndex: Math.min((rollout.status?.currentStepIndex ?? 0) + 1, steps.length) }
}

/**
 * Takes the pod template back to that of an earlier revision. `toRevision` 0 or undefined means the one before the newest.
 * @param replicaSets those owned by the Rollout, in any order
 */
export function undoPatches(
  rollout: Rollout,
  replicaSets: readonly ReplicaSet[],
  toRevision?: number,
): readonly ClientPatch[] | Refusal {
  const found = findRevision(replicaSets, toRevision ?? 0)
  if ('refusal' in found) return found
  if (rollout.status?.currentPodHash === found.metadata.labels?.[POD_TEMPLATE_HASH])
    return { refusal: `revision ${revisionOf(found)} is what the spec describes already; choose another --to-revision` }
  const workload = rollout.spec.workloadRef
  if (workload && workload.kind !== 'Deployment')
    return { refusal: `the pods come from ${workload.kind} ${workload.name}; change that object instead` }
  const body = [{ op: 'replace', path: '/spec/template', value: withoutHash(withoutInjections(found)) }]
  return [{ target: workload ? 'workload' : 'rollout', kind: 'json', body }]
}

/** The revision number that the ReplicaSet carries; 0 when it carries none. */
export const revisionOf = (replicaSet: ReplicaSet): number =>
  Number.parseInt(replicaSet.metadata.annotations?.[REVISION] ?? '0', 10) || 0

function findRevision(replicaSets: readonly ReplicaSet[], toRevision: number): ReplicaSet | Refusal {
  const newestFirst = replicaSets
    .filter((replicaSet) => revisionOf(replicaSet) > 0)
    .toSorted((left, right) => revisionOf(right) - revisionOf(left))
  const found = toRevision === 0 ? newestFirst[1] : newestFirst.find((one) => revisionOf(one) === toRevision)
  if (found) return found
  const kept = newestFirst.map(revisionOf).join(', ')
  if (toRevision === 0) return { refusal: `there is no revision before the newest one (kept: ${kept || 'none'})` }
  return { refusal: `revision ${toRevision} is not kept any more; choose --to-revision from: ${kept || 'none'}` }
}

/** The hash label belongs to the ReplicaSet, not to the template that people write. */
function withoutHash(template: PodTemplate): PodTemplate {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}
