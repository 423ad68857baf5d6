/**
 * Whether a canary's `experiment` step can be turned into an Experiment, and whether its weights can be routed. What an Experiment must
 * hold by itself is the Experiment's own validation.
 */
import type { CanaryStep } from '../../api/rollout.ts'
import { type Problem, when } from './problem.ts'

interface StepTemplate {
  readonly weight?: unknown
}

/** @param routed Whether the canary has a router. */
export function validateExperimentStep(
  experiment: NonNullable<CanaryStep['experiment']>,
  routed: boolean,
  field: string,
): readonly Problem[] {
  const templates: readonly StepTemplate[] = Array.isArray(experiment.templates) ? experiment.templates : []
  return templates.flatMap((template, index) =>
    when(
      template.weight !== undefined && !routed,
      `${field}.templates[${index}].weight`,
      'Experiment template weight cannot be set unless TrafficRouting is enabled',
    ),
  )
}
