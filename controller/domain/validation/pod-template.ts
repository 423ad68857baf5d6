/**
 * Whether the API server would take the pod template in a ReplicaSet, as far as the template alone tells, in the server's words. A template
 * that it refuses must become InvalidSpec here, never a ReplicaSet that is tried again and again. What only a newer or an older server
 * refuses, quotas and policies are left to the server.
 */
import type { PodTemplate } from '../../api/meta.ts'
import { podTemplateShape } from '../../api/pod-template.ts'
import { validateAnnotations, validateLabels } from './pods/labels.ts'
import { validatePodSpec } from './pods/pod-spec.ts'
import type { Problem } from './problem.ts'
import { listShapeProblems } from './shape.ts'

/** @param field Path of the template, such as `spec.template`. */
export function validatePodTemplate(template: PodTemplate, field: string): readonly Problem[] {
  const { data, error } = podTemplateShape.safeParse(template)
  if (error) return listShapeProblems(error, field)
  return [
    ...validateLabels(data.metadata?.labels ?? {}, `${field}.metadata.labels`),
    ...validateAnnotations(data.metadata?.annotations ?? {}, `${field}.metadata.annotations`),
    ...validatePodSpec(data.spec ?? {}, `${field}.spec`),
  ]
}
