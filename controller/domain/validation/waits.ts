/** Rules about the annotations that say how long an update may wait for people, and what then. What they do is decided in `waits.ts`. */
import { WAIT_ACTION, WAIT_DEADLINE } from '../../api/labels.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { type Problem, when } from './problem.ts'

const fieldOf = (annotation: string): string => `metadata.annotations["${annotation}"]`

export function validateWaits(annotations: Readonly<Record<string, string>> | undefined): readonly Problem[] {
  const { [WAIT_DEADLINE]: deadline, [WAIT_ACTION]: action } = annotations ?? {}
  return [
    ...when(
      deadline !== undefined && (parseGoDuration(deadline) ?? 0) <= 0,
      fieldOf(WAIT_DEADLINE),
      'must be a positive duration',
      'for instance 30m or 4h',
    ),
    ...when(
      action !== undefined && action !== 'abort' && action !== 'promote',
      fieldOf(WAIT_ACTION),
      'must be abort or promote',
    ),
    ...when(
      action !== undefined && deadline === undefined,
      fieldOf(WAIT_ACTION),
      `has no effect without ${WAIT_DEADLINE}`,
      `add ${WAIT_DEADLINE}`,
    ),
  ]
}
