/** Whoever promotes: a person who sees a pause without an end, takes a while, and promotes it without looking. */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { SeededRandom } from '../kernel/random.ts'

export const LONGEST_ANSWER_MS = 600_000
const SHORTEST_ANSWER_MS = 10_000
const OWN_PAUSES: ReadonlySet<string> = new Set(['CanaryPauseStep', 'BlueGreenPause'])

/** The strategy's own pause, which ends by time or by a person; an analysis without a verdict waits for somebody who looks. */
export const isOwnPause = ({ status }: Rollout): boolean =>
  (status?.pauseConditions ?? []).length > 0 &&
  (status?.pauseConditions ?? []).every(({ reason }) => OWN_PAUSES.has(reason))

/** A pause that ends by a person alone can come about. */
export const needsPeople = ({ spec }: Rollout): boolean => {
  const { canary, blueGreen } = spec.strategy ?? {}
  if (blueGreen) return blueGreen.autoPromotionEnabled === false && !blueGreen.autoPromotionSeconds
  return (canary?.steps ?? []).some(({ pause }) => pause !== undefined && pause.duration === undefined)
}

/** What identifies the pause that waits for a person now. */
function findQuestion(rollout: Rollout): string | undefined {
  const { spec, status } = rollout
  const { canary, blueGreen } = spec.strategy ?? {}
  const step = canary?.steps?.[status?.currentStepIndex ?? 0]
  const isTimed = blueGreen ? (blueGreen.autoPromotionSeconds ?? 0) > 0 : step?.pause?.duration !== undefined
  if (!isOwnPause(rollout) || isTimed || status?.abort === true) return undefined
  return `${status?.currentPodHash} ${status?.currentStepIndex ?? ''} ${status?.pauseConditions?.[0]?.startTime}`
}

/**
 * To be called with each state of the Rollout; whoever is not heard asks again.
 *
 * @param answer after so many milliseconds, if it is still waited for then
 */
export function createPerson(
  random: SeededRandom,
  answer: (afterMs: number, isWaiting: () => boolean) => void,
): (rollout: Rollout) => void {
  const asked = new Set<string>()
  let current: string | undefined
  return (rollout) => {
    const question = findQuestion(rollout)
    current = question
    if (question === undefined || asked.has(question)) return
    asked.add(question)
    answer(random.between(SHORTEST_ANSWER_MS, LONGEST_ANSWER_MS), () => {
      asked.delete(question)
      return current === question
    })
  }
}
