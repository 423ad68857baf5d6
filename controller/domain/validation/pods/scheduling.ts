/** Where pods may run: tolerations, spreading, affinity. Only their syntax; whether a node fits is the scheduler's business. */
import type {
  Affinity,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
  SpreadConstraint,
  Toleration,
} from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { validateSelectorSyntax } from './labels.ts'
import { findLabelKeyProblem, findLabelValueProblem } from './names.ts'
import { invalid, required, requireOneOf, requireSyntax } from './server-words.ts'

const OPERATORS = ['Equal', 'Exists', 'Lt', 'Gt']
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway']

export function validateScheduling(spec: PodSpec, field: string): readonly Problem[] {
  return [
    ...(spec.affinity ? validateAffinity(spec.affinity, `${field}.affinity`) : []),
    ...(spec.topologySpreadConstraints ?? []).flatMap((constraint, index) =>
      validateSpread(constraint, `${field}.topologySpreadConstraints[${index}]`),
    ),
    ...(spec.tolerations ?? []).flatMap((toleration, index) =>
      validateToleration(toleration, `${field}.tolerations[${index}]`),
    ),
  ]
}

function validateToleration(toleration: Toleration, field: string): readonly Problem[] {
  const { key, operator, value, effect, tolerationSeconds } = toleration
  const isAny = !key && operator !== 'Exists'
  const isTimed = typeof tolerationSeconds === 'number' && effect !== 'NoExecute'
  return [
    ...requireSyntax(`${field}.key`, key, findLabelKeyProblem),
    ...(isAny
      ? [
          invalid(
            `${field}.operator`,
            operator ?? '',
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
          ),
        ]
      : []),
    ...(isTimed
      ? [invalid(`${field}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...requireOneOf(`${field}.operator`, operator, OPERATORS),
    ...(operator === 'Exists' && value
      ? [invalid(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'")]
      : requireSyntax(`${field}.operator`, value, findLabelValueProblem)),
    ...requireOneOf(`${field}.effect`, effect, EFFECTS),
  ]
}

function validateSpread(constraint: SpreadConstraint, field: string): readonly Problem[] {
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = constraint
  return [
    ...((maxSkew ?? 0) > 0 ? [] : [invalid(`${field}.maxSkew`, maxSkew ?? 0, 'must be greater than zero')]),
    ...(topologyKey ? [] : [required(`${field}.topologyKey`, 'can not be empty')]),
    ...requireOneOf(`${field}.whenUnsatisfiable`, whenUnsatisfiable, ACTIONS),
    ...(labelSelector ? validateSelectorSyntax(labelSelector, `${field}.labelSelector`) : []),
  ]
}

function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, field: string): readonly Problem[] {
  const hard = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const at = `${field}.nodeAffinity`
  return [
    ...(hard && (hard.nodeSelectorTerms ?? []).length === 0
      ? [
          required(
            `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`,
            'must have at least one node selector term',
          ),
        ]
      : []),
    ...(nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ weight }, index) =>
      validateWeight(weight, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].weight`),
    ),
    ...(podAffinity ? validatePodAffinity(podAffinity, `${field}.podAffinity`) : []),
    ...(podAntiAffinity ? validatePodAffinity(podAntiAffinity, `${field}.podAntiAffinity`) : []),
  ]
}

function validatePodAffinity(affinity: PodAffinity, field: string): readonly Problem[] {
  const soft = `${field}.preferredDuringSchedulingIgnoredDuringExecution`
  return [
    ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
      validateTerm(term, `${field}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
    ),
    ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
      ({ weight, podAffinityTerm }, index) => [
        ...validateWeight(weight, `${soft}[${index}].weight`),
        ...validateTerm(podAffinityTerm ?? {}, `${soft}[${index}].podAffinityTerm`),
      ],
    ),
  ]
}

const validateTerm = ({ topologyKey, labelSelector }: PodAffinityTerm, field: string): readonly Problem[] => [
  ...(topologyKey
    ? requireSyntax(`${field}.topologyKey`, topologyKey, findLabelKeyProblem)
    : [required(`${field}.topologyKey`, 'can not be empty')]),
  ...(labelSelector ? validateSelectorSyntax(labelSelector, `${field}.labelSelector`) : []),
]

const validateWeight = (weight: number | null | undefined, field: string): readonly Problem[] =>
  (weight ?? 0) >= 1 && (weight ?? 0) <= 100 ? [] : [invalid(field, weight ?? 0, 'must be in the range 1-100')]
