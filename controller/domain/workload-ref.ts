/**
 * A Rollout whose pods are described by another object: resolves template and selector in memory, never written back, and decides how many pods
 * that object keeps while the Rollout takes over from it. It must not scale the Rollout itself.
 *
 *   scaleDown       revision  Healthy  of the Rollout's pods  | the workload's pods
 *   never, absent   any       any      -                      | untouched
 *   any             > 1       any      -                      | untouched (a migration happens once)
 *   any, and spec.paused                                      | untouched
 *   onsuccess       1         no       -                      | untouched
 *   onsuccess       1         yes      -                      | 0
 *   progressively   1         yes      -                      | 0
 *   progressively   1         no       some available         | replicas − available (argo: − ready), at least 0
 *   progressively   1         no       none                   | all of them again, unless it has 0 (argo: untouched)
 *
 * With minReadySeconds a pod is ready long before it is available; only what is available can take over (S7).
 */
import { POD_TEMPLATE_HASH, WORKLOAD_GENERATION } from '../api/labels.ts'
import type { LabelSelector, PodTemplate } from '../api/meta.ts'
import type { ReplicaSet, Rollout, RolloutSpec, RolloutStatus } from '../api/rollout.ts'
import type { Workload } from '../api/workload.ts'
import { findCondition } from './deadline.ts'
import type { Part } from './plan.ts'
import { availableReplicas } from './replicas.ts'
import { podHashOf, type Revisions } from './revisions.ts'
import type { Problem } from './validation/problem.ts'
import { validatePods } from './validation/rollout.ts'
import type { World } from './world.ts'

/**
 * The World with the template and the selector that the workload has, and its generation on the Rollout as if it were recorded already. While the workload is missing, the revision that runs stands in for it:
 * an abort must find its way back also then (L2).
 */
export function withWorkload(world: World): World {
  const { rollout } = world
  if (!rollout.spec.workloadRef) return world
  const source = sourceOf(world)
  const { template: _leftover, ...spec } = rollout.spec
  const resolved: RolloutSpec = {
    ...spec,
    ...(source?.template ? { template: source.template } : {}),
    ...(spec.selector || !source?.selector ? {} : { selector: writable(source.selector) }),
  }
  const seen = world.workload ? { [WORKLOAD_GENERATION]: generationOf(world.workload) } : {}
  const metadata = { ...rollout.metadata, annotations: { ...rollout.metadata.annotations, ...seen } }
  return { ...world, rollout: { ...rollout, metadata, spec: resolved } satisfies Rollout }
}

interface Source {
  readonly template: PodTemplate | undefined
  readonly selector: LabelSelector | undefined
}

function sourceOf(world: World): Source | undefined {
  const { workload } = world
  if (workload) return { template: workload.spec?.template ?? workload.template, selector: workload.spec?.selector }
  const current = world.replicaSets.find((rs) => podHashOf(rs) === world.rollout.status?.currentPodHash)
  return current ? { template: withoutHash(current.spec.template), selector: selectorOf(current) } : undefined
}

function withoutHash(template: PodTemplate): PodTemplate {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

function selectorOf(rs: ReplicaSet): LabelSelector {
  const { [POD_TEMPLATE_HASH]: _hash, ...matchLabels } = rs.spec.selector.matchLabels ?? {}
  return { ...rs.spec.selector, matchLabels }
}

const writable = ({ matchLabels, matchExpressions }: LabelSelector): NonNullable<RolloutSpec['selector']> => ({
  ...(matchLabels ? { matchLabels: { ...matchLabels } } : {}),
  ...(matchExpressions
    ? {
        matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
          key,
          operator,
          ...(values ? { values: [...values] } : {}),
        })),
      }
    : {}),
})

/** Why there is nothing to decide from: neither a workload nor a revision that runs, or pods that nobody could run. */
export function validateWorkload(world: World): readonly Problem[] {
  const { workloadRef } = world.rollout.spec
  if (!workloadRef) return []
  const { template, selector } = withWorkload(world).rollout.spec
  const missing = findMissingWorkload(world)
  if (!template) return missing ? [missing] : []
  return validatePods({ template, selector }).map((problem) => ({
    ...problem,
    field: problem.field.replace(/^spec\.template/, `spec.workloadRef: ${describe(workloadRef)} spec.template`),
  }))
}

/** What keeps the Rollout from following its workload, though the revision that runs is known. */
export function findMissingWorkload({ rollout, workload, workloadProblem }: World): Problem | undefined {
  const { workloadRef } = rollout.spec
  if (!workloadRef) return undefined
  const name = describe(workloadRef)
  if (workloadProblem !== undefined)
    return {
      field: 'spec.workloadRef',
      message: `${name} cannot be read: ${workloadProblem}`,
      fix: 'let the controller get, list and watch it',
    }
  if (!workload) return { field: 'spec.workloadRef.name', message: `${name} not found`, fix: 'create it' }
  if (!workload.spec?.template && !workload.template)
    return { field: 'spec.workloadRef', message: `${name} has no pod template`, fix: 'give it one' }
  return undefined
}

const describe = ({ kind = 'workload', name = '' }: NonNullable<RolloutSpec['workloadRef']>): string =>
  `${kind} "${name}"`

/** The status with the generation of the workload that this pass has seen: unchanged while it cannot be seen, none without a reference. */
export function withObservedWorkload({ rollout, workload }: World, status: RolloutStatus): RolloutStatus {
  if (rollout.spec.workloadRef)
    return workload ? { ...status, workloadObservedGeneration: generationOf(workload) } : status
  const { workloadObservedGeneration: _before, ...rest } = status
  return rest
}

const generationOf = (workload: Workload): string => String(workload.metadata.generation ?? 0)

/** Of the World as it was read. Clients compare the annotation with `status.workloadObservedGeneration` to see whether the last change has been taken up. */
export function recordWorkload({ rollout, workload }: World): Part {
  const recorded = rollout.metadata.annotations?.[WORKLOAD_GENERATION]
  if (!rollout.spec.workloadRef)
    return recorded === undefined
      ? {}
      : { actions: [{ do: 'annotateRollout', annotations: { [WORKLOAD_GENERATION]: null } }] }
  if (!workload || recorded === generationOf(workload)) return {}
  return { actions: [{ do: 'annotateRollout', annotations: { [WORKLOAD_GENERATION]: generationOf(workload) } }] }
}

/** The write that brings the workload to the pods that it is to keep. */
export function scaleDownWorkload(world: World, revisions: Revisions): Part {
  const { workload } = world
  const to = workload ? wantedPods(world, revisions, workload) : undefined
  if (!workload || to === undefined || to === podsOf(workload)) return {}
  const owner = workload.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner) {
    const message = `${workload.kind} "${workload.metadata.name}" is not scaled: ${owner.kind} "${owner.name}" controls it`
    return { holds: [{ reason: 'WorkloadNotScaled', message }] }
  }
  return { actions: [{ do: 'scaleWorkload', workload, to }] }
}

/** A PodTemplate has none. */
const podsOf = (workload: Workload): number => workload.spec?.replicas ?? (workload.template ? 0 : 1)

function wantedPods(world: World, revisions: Revisions, workload: Workload): number | undefined {
  const { spec, status } = world.rollout
  const { newRs, revision } = revisions
  const mode = spec.workloadRef?.scaleDown ?? 'never'
  const isMigration = (mode === 'onsuccess' || mode === 'progressively') && revision === 1 && newRs !== undefined
  if (!isMigration || spec.paused === true || workload.template) return undefined
  if (findCondition(status ?? {}, 'Healthy')?.status === 'True') return 0
  return mode === 'progressively' ? handedOver(world, newRs, podsOf(workload)) : undefined
}

function handedOver(world: World, newRs: ReplicaSet, current: number): number | undefined {
  const replicas = world.rollout.spec.replicas ?? 1
  const taken = world.compat === 'argo' ? (newRs.status?.readyReplicas ?? 0) : availableReplicas(newRs)
  if (taken > 0) return Math.max(0, replicas - taken)
  return world.compat === 'argo' || current === 0 ? undefined : replicas
}
