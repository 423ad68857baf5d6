/**
 * Rules about the Rollout's own fields: sizes, the selector and its pods, the deadline. What the strategy says and what runs inside the
 * pods have their own files.
 */
import type { RolloutSpec } from '../../api/rollout.ts'
import { validatePodTemplate } from './pod-template.ts'
import { selectorFinds, validateSelectorSyntax } from './pods/labels.ts'
import { type Problem, when, whenNegative } from './problem.ts'

const DEFAULT_DEADLINE_SECONDS = 600

export function validateSpec(spec: RolloutSpec): readonly Problem[] {
  const minReadySeconds = spec.minReadySeconds ?? 0
  return [
    ...whenNegative(spec.replicas, 'spec.replicas'),
    ...(spec.workloadRef ? [] : validatePods(spec)),
    ...whenNegative(minReadySeconds, 'spec.minReadySeconds'),
    ...whenNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...whenNegative(spec.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'),
    ...when(
      (spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS) <= minReadySeconds,
      'spec.progressDeadlineSeconds',
      'must be greater than minReadySeconds',
    ),
    ...whenNegative(spec.rollbackWindow?.revisions, 'spec.rollbackWindow.revisions'),
    ...whenNegative(spec.analysis?.successfulRunHistoryLimit, 'spec.analysis.successfulRunHistoryLimit'),
    ...whenNegative(spec.analysis?.unsuccessfulRunHistoryLimit, 'spec.analysis.unsuccessfulRunHistoryLimit'),
  ]
}

/** Selector and template together: of the Rollout itself, or as they were resolved from the workload that it names. */
export function validatePods({ selector, template }: Pick<RolloutSpec, 'selector' | 'template'>): readonly Problem[] {
  return [
    ...validateSelector(selector),
    ...when(template === undefined, 'spec.template', "Rollout has missing field '.spec.template'"),
    ...(template ? validateTemplate(selector, template) : []),
  ]
}

function validateSelector(selector: RolloutSpec['selector']): readonly Problem[] {
  const field = 'spec.selector'
  if (!selector) return [{ field, message: "Rollout has missing field '.spec.selector'" }]
  const size = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length
  return [
    ...validateSelectorSyntax(selector, field),
    ...when(size === 0, field, 'empty selector is invalid for deployment', 'add matchLabels'),
  ]
}

/** The labels of a template of a wrong shape are not compared with anything. */
function validateTemplate(
  selector: RolloutSpec['selector'],
  template: NonNullable<RolloutSpec['template']>,
): readonly Problem[] {
  const problems = validatePodTemplate(template, 'spec.template')
  const isReadable = problems.every(({ field }) => !field.startsWith('spec.template.metadata'))
  return selector && isReadable ? [...validateMatch(selector, template), ...problems] : problems
}

function validateMatch(
  selector: NonNullable<RolloutSpec['selector']>,
  template: NonNullable<RolloutSpec['template']>,
): readonly Problem[] {
  return when(
    !selectorFinds(selector, template.metadata?.labels ?? {}),
    'spec.template.metadata.labels',
    '`selector` does not match template `labels`',
    'repeat the labels of spec.selector.matchLabels',
  )
}
