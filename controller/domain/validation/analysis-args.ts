/**
 * Arguments that a Rollout gives to an analysis or experiment. Only references to its own metadata can be judged from the manifest; any other
 * path may lead to a status that is written later.
 */
import type { Argument } from '../../api/analysis.ts'
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts'
import { readField } from '../analysis/fields.ts'
import { type Problem, when } from './problem.ts'

const UNREADABLE = 'Analyses arguments must refer to valid object metadata supported by downwardAPI'

export const validateArgs = (args: readonly Argument[], rollout: Rollout, field: string): readonly Problem[] =>
  args.flatMap(({ valueFrom }, index) => {
    const path = valueFrom?.fieldRef?.fieldPath ?? ''
    return when(
      path.startsWith('metadata') && 'problem' in readField(rollout, path),
      `${field}[${index}].valueFrom.fieldRef.fieldPath`,
      UNREADABLE,
      "for instance metadata.labels['app']",
    )
  })

/** Whether the analysis names a template and can be given its arguments. */
export const validateRolloutAnalysis = (
  analysis: RolloutAnalysis,
  rollout: Rollout,
  field: string,
): readonly Problem[] => [
  ...when((analysis.templates ?? []).length === 0, `${field}.templates`, 'names no template', 'add a templateName'),
  ...(analysis.templates ?? []).flatMap(({ templateName }, index) =>
    when(templateName === '', `${field}.templates[${index}].templateName`, 'is required'),
  ),
  ...validateArgs(analysis.args ?? [], rollout, `${field}.args`),
]
