/**
 * What the simulator is asked to play, from manifests that `plan` has played: the Rollout with its pod template, what it may name, and how long all takes
 * when it goes well. Pure.
 */
import { COMPAT } from '../../controller/api/labels.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { PlannedRollout } from '../plan/plan-rollouts.ts'
import type { ReadManifests } from '../plan/read-manifests.ts'
import { describeStep } from '../view/progress.ts'
import type { SimulationOrder } from './simulator.ts'

export function readOrder(rollout: Rollout, manifests: ReadManifests, { timeline }: PlannedRollout): SimulationOrder {
  const { templates, others } = manifests
  const { namespace } = rollout.metadata
  const isBeside = (other: string | undefined): boolean =>
    namespace === undefined || other === undefined || other === namespace
  const { rows, end } = timeline
  const last = rows.at(-1)
  const endMs = end?.latestMs ?? end?.earliestMs ?? last?.latestMs ?? last?.earliestMs ?? 0
  return {
    rollout: withTemplate(
      { ...rollout, metadata: { ...rollout.metadata, namespace: namespace ?? 'default' } },
      manifests,
    ),
    templates,
    objects: others.filter(({ kind, metadata }) => kind !== 'Namespace' && isBeside(metadata.namespace)),
    compat: rollout.metadata.annotations?.[COMPAT] === 'argo' ? 'argo' : 'strict',
    expected: { momentsMs: [...new Set(rows.map(({ earliestMs }) => earliestMs))], endMs },
    steps: (rollout.spec.strategy?.canary?.steps ?? []).map(describeStep),
  }
}

/** A workload's pods as the Rollout's own. */
function withTemplate(rollout: Rollout, { workloads }: ReadManifests): Rollout {
  const { workloadRef } = rollout.spec
  if (!workloadRef) return rollout
  const workload = workloads.find(
    ({ kind, metadata }) => kind === workloadRef.kind && metadata.name === workloadRef.name,
  )
  const template = workload?.spec?.template ?? workload?.template
  const { matchLabels = {} } = workload?.spec?.selector ?? {}
  const selector = rollout.spec.selector ?? { matchLabels: { ...matchLabels } }
  const replicas = rollout.spec.replicas ?? workload?.spec?.replicas ?? 1
  return { ...rollout, spec: { ...rollout.spec, replicas, selector, ...(template ? { template } : {}) } }
}
