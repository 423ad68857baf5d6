/** Labels, annotations and selectors as the API server takes them, and whether a selector finds a set of labels. */
import type { PodSelector, SelectorRequirement } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { findLabelKeyProblem, findLabelValueProblem } from './names.ts'
import { forbidden, invalid, required, requireName, requireSyntax } from './server-words.ts'

type Labels = Readonly<Record<string, string>>

const LARGEST_ANNOTATIONS = 256 * 1024

export const validateLabels = (labels: Labels, field: string): readonly Problem[] =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...requireName(field, key, findLabelKeyProblem),
    ...requireSyntax(field, value, findLabelValueProblem),
  ])

/** Upper case is allowed in the prefix of an annotation's key. */
export function validateAnnotations(annotations: Labels, field: string): readonly Problem[] {
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  const keys = Object.keys(annotations).flatMap((key) => {
    const detail = findLabelKeyProblem(key.toLowerCase())
    return detail === undefined ? [] : [invalid(field, key, detail)]
  })
  return size > LARGEST_ANNOTATIONS
    ? [...keys, { field, message: `Too long: may not be more than ${LARGEST_ANNOTATIONS} bytes` }]
    : keys
}

export const validateSelectorSyntax = (selector: PodSelector, field: string): readonly Problem[] => [
  ...validateLabels(selector.matchLabels ?? {}, `${field}.matchLabels`),
  ...(selector.matchExpressions ?? []).flatMap((requirement, index) =>
    validateRequirement(requirement, `${field}.matchExpressions[${index}]`),
  ),
]

function validateRequirement({ key, operator, values }: SelectorRequirement, field: string): readonly Problem[] {
  return [
    ...findOperandProblem(operator ?? '', (values ?? []).length, field),
    ...requireName(`${field}.key`, key, findLabelKeyProblem),
    ...(values ?? []).flatMap((value, index) =>
      requireSyntax(`${field}.values[${index}]`, value, findLabelValueProblem),
    ),
  ]
}

function findOperandProblem(operator: string, count: number, field: string): readonly Problem[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return count > 0 ? [] : [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      return count === 0
        ? []
        : [forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    default:
      return [invalid(`${field}.operator`, operator, 'not a valid selector operator')]
  }
}

/** False for an operator that nobody knows; {@link validateSelectorSyntax} names it. */
export const selectorFinds = (selector: PodSelector, labels: Labels): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels))

function meets({ key, operator, values }: SelectorRequirement, labels: Labels): boolean {
  const value = key && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && (values ?? []).includes(value)
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}
