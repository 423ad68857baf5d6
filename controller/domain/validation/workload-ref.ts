/**
 * Whether `spec.workloadRef` names a workload that a pod template can be taken from, and whether it stands alone. Whether that workload
 * exists is asked by `validate-references.ts`.
 */
import type { RolloutSpec } from '../../api/rollout.ts'
import { type Problem, when } from './problem.ts'

/** `group/kind` of the workloads that hold a pod template; the version is the cluster's business. */
const KINDS: readonly string[] = ['apps/Deployment', 'apps/ReplicaSet', '/PodTemplate']
const SCALE_DOWNS: readonly string[] = ['never', 'onsuccess', 'progressively']

export function validateWorkloadRef({ workloadRef, template }: RolloutSpec): readonly Problem[] {
  if (!workloadRef) return []
  const field = 'spec.workloadRef'
  const { apiVersion = '', kind = '', name = '', scaleDown = '' } = workloadRef
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return [
    ...when(
      isFilled(template),
      'spec.template',
      'template must be empty for workload reference rollout',
      'keep spec.template or spec.workloadRef',
    ),
    ...when(
      !KINDS.includes(`${group}/${kind}`),
      field,
      `workload of type ${group}/${kind} is not supported`,
      'apps/v1 Deployment, apps/v1 ReplicaSet or v1 PodTemplate',
    ),
    ...when(name === '', `${field}.name`, 'is required'),
    ...when(
      scaleDown !== '' && !SCALE_DOWNS.includes(scaleDown),
      `${field}.scaleDown`,
      `must be one of ${SCALE_DOWNS.join(', ')}`,
    ),
  ]
}

/** A template counts by its labels and annotations alone; people leave an empty one behind when they move to a reference. */
const isFilled = (template: RolloutSpec['template']): boolean =>
  Object.keys(template?.metadata?.labels ?? {}).length + Object.keys(template?.metadata?.annotations ?? {}).length > 0
