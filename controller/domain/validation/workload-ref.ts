/**
 * Whether `spec.workloadRef` names a workload that a pod template can be taken from, and whether it stands alone. Whether that workload
 * exists is asked by `validate-references.ts`.
 */
import type { RolloutSpec } from '../../api/rollout.ts'
import { type Problem, when } from './problem.ts'

/** `apiVersion/kind` of the workloads that hold a pod template. */
const KINDS: readonly string[] = ['apps/v1/Deployment', 'apps/v1/ReplicaSet', 'v1/PodTemplate']
const SCALE_DOWNS: readonly string[] = ['never', 'onsuccess', 'progressively']

export function validateWorkloadRef({ workloadRef, template }: RolloutSpec): readonly Problem[] {
  if (!workloadRef) return []
  const at = 'spec.workloadRef'
  const { apiVersion = '', kind = '', name = '', scaleDown = 'never' } = workloadRef
  return [
    ...when(
      template !== undefined && Object.keys(template).length > 0,
      'spec.template',
      'template must be empty for workload reference rollout',
      'keep spec.template or spec.workloadRef',
    ),
    ...when(
      !KINDS.includes(`${apiVersion}/${kind}`),
      `${at}.kind`,
      `workload of ${apiVersion}/${kind} is not supported`,
      `one of ${KINDS.join(', ')}`,
    ),
    ...when(name === '', `${at}.name`, 'is required'),
    ...when(!SCALE_DOWNS.includes(scaleDown), `${at}.scaleDown`, `must be one of ${SCALE_DOWNS.join(', ')}`),
  ]
}
