/**
 * Whether the labels and annotations that tell a pod's role can be injected: the API server takes them, and they leave alone what selects pods. A
 * label of the selector would take the pods away from their ReplicaSet.
 */
import { POD_TEMPLATE_HASH } from '../../api/labels.ts'
import type { PodMetadata, RolloutSpec } from '../../api/rollout.ts'
import { validateAnnotations, validateLabels } from './pods/labels.ts'
import { type Problem, when } from './problem.ts'

export function validatePodMetadata({ selector, strategy }: RolloutSpec): readonly Problem[] {
  const { canary, blueGreen } = strategy ?? {}
  const fields: readonly (readonly [string, PodMetadata | undefined])[] = [
    ['canary.canaryMetadata', canary?.canaryMetadata],
    ['canary.stableMetadata', canary?.stableMetadata],
    ['blueGreen.previewMetadata', blueGreen?.previewMetadata],
    ['blueGreen.activeMetadata', blueGreen?.activeMetadata],
  ]
  const selecting = [
    POD_TEMPLATE_HASH,
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ]
  return fields.flatMap(([name, metadata]) =>
    metadata ? validateMetadata(metadata, `spec.strategy.${name}`, selecting) : [],
  )
}

function validateMetadata(
  { labels = {}, annotations = {} }: PodMetadata,
  field: string,
  selecting: readonly string[],
): readonly Problem[] {
  const taken = selecting.find((key) => Object.hasOwn(labels, key))
  return [
    ...validateLabels(labels, `${field}.labels`),
    ...validateAnnotations(annotations, `${field}.annotations`),
    ...when(
      taken !== undefined,
      `${field}.labels`,
      `label "${taken}" selects the pods of the Rollout`,
      'use another key',
    ),
  ]
}
