/** Whether `antiAffinity` asks for exactly one thing, with a weight that the scheduler knows. Both strategies have the field. */
import type { CanaryStrategy } from '../../api/rollout.ts'
import { type Problem, when } from './problem.ts'

export function validateAntiAffinity(antiAffinity: CanaryStrategy['antiAffinity'], field: string): readonly Problem[] {
  if (!antiAffinity) return []
  const preferred = antiAffinity.preferredDuringSchedulingIgnoredDuringExecution
  const required = antiAffinity.requiredDuringSchedulingIgnoredDuringExecution
  const weight = preferred?.weight ?? 1
  return [
    ...when(
      (preferred === undefined) === (required === undefined),
      field,
      'AntiAffinity must have exactly one strategy listed',
    ),
    ...when(
      weight < 1 || weight > 100,
      `${field}.preferredDuringSchedulingIgnoredDuringExecution.weight`,
      'AntiAffinity weight must be between 1-100',
    ),
  ]
}
