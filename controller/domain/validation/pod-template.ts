/**
 * Whether the API server would take the pod template in a ReplicaSet, as far as the template alone tells. A template that it refuses must
 * become InvalidSpec here, never a ReplicaSet that is tried again and again.
 */
import type { PodTemplate } from '../../api/meta.ts'
import { type Problem, when } from './problem.ts'

export function validatePodTemplate(template: PodTemplate, field: string): readonly Problem[] {
  return when(
    !hasContainers(template.spec),
    `${field}.spec.containers`,
    'at least one container with name and image is required',
  )
}

function hasContainers(spec: Readonly<Record<string, unknown>> | undefined): boolean {
  const containers = spec?.containers
  return (
    Array.isArray(containers) &&
    containers.length > 0 &&
    containers.every((one) => typeof one?.name === 'string' && typeof one?.image === 'string')
  )
}
