/** What people ask for and what a rollout remembers: S8, S9, S10. */
import type { Rollout } from '../../controller/api/rollout.ts'
import { hashOf, programmedWeight, type World } from '../cluster/world.ts'
import { sizeOf } from './capacity.ts'
import { isAskedToAbort } from './history.ts'
import { type Context, type Invariant, isWriteOf } from './invariant.ts'
import { rolesOf, rolloutOf, statusOf } from './reading.ts'

const isObserved = (world: World): boolean => {
  const { metadata, status } = rolloutOf(world) ?? { metadata: {} }
  return String(status?.observedGeneration) === String(metadata?.generation)
}

/** A client waits this long for an answer. */
const GIVEN_UP_MS = 10_000

/** It left before the abort, its sender has given it up, and nobody can call it back. */
const isLate = ({ atMs }: World, { cause }: Context): boolean =>
  cause.kind === 'write' && atMs - cause.sentMs > GIVEN_UP_MS

/** From the live read that finds no abort to the write that rests on it; a write that left earlier than that has been on its way too long. */
const LOOKED_BEFORE_MS = 50
const isDecided = ({ cause, history: { abortedMs } }: Context): boolean =>
  cause.kind === 'write' && abortedMs !== undefined && Math.abs(cause.sentMs - abortedMs) <= LOOKED_BEFORE_MS

/**
 * Weight from the moment of the request on, but for a write that was about to leave; pods once the abort is on record as such, for until then it may
 * not have been seen. Pods that a late write brings get no requests, and go again in the next pass.
 */
export const S8: Invariant = {
  id: 'S8',
  words:
    'Once a revision is aborted nothing gives it more traffic or more pods, and nothing promotes it, until somebody asks for a retry.',
  check(before, after, context) {
    const { abort, phase, currentPodHash, stableRS } = statusOf(before)
    if (
      isWriteOf(context, 'rollouts') &&
      isAskedToAbort(before, context.history) &&
      statusOf(after).stableRS === currentPodHash
    )
      return `${currentPodHash} is promoted though its abort was asked for`
    if (!isWriteOf(context, 'httproutes', 'replicasets') || !abort || !isObserved(before)) return undefined
    if (currentPodHash === stableRS || !statusOf(after).abort) return undefined
    const [from, to] = [sizeOf(before, currentPodHash), sizeOf(after, currentPodHash)]
    if (phase === 'Degraded' && to > from && !isLate(after, context))
      return `an aborted revision goes from ${from} to ${to} pods`
    for (const service of [...before.services.values()].filter((one) => hashOf(one) === currentPodHash)) {
      const { name } = service.metadata
      const [then, now] = [programmedWeight(before, name), programmedWeight(after, name)]
      if (now > then && name === rolesOf(after).canary && !isDecided(context))
        return `an aborted revision gets weight ${now} after ${then}`
    }
    return undefined
  },
}

/** The pods of the stable revision may be made more at any time. */
export const S9: Invariant = {
  id: 'S9',
  words: 'An abort of something that is not being rolled out takes away no pod and moves no Service.',
  check(before, after, context) {
    const { abort, currentPodHash, stableRS } = statusOf(before)
    if (!isWriteOf(context, 'replicasets', 'services') || !abort || !isObserved(before)) return undefined
    if (stableRS === undefined || currentPodHash !== stableRS) return undefined
    const wanted = rolloutOf(before)?.spec.replicas ?? 1
    const [from, to] = [sizeOf(before, stableRS), sizeOf(after, stableRS)]
    return to < from && to < wanted ? `the stable revision goes from ${from} to ${to} pods` : undefined
  },
}

type Status = NonNullable<Rollout['status']>

const isPausedByStep = ({ pauseConditions }: Status): boolean =>
  (pauseConditions ?? []).some(({ reason }) => reason === 'CanaryPauseStep')

/** In the same try, at the same step. */
function isPausedAgain(then: Status, now: Status, { history }: Context): boolean {
  if (isPausedByStep(then) || !isPausedByStep(now)) return false
  return history.requests.some(
    ({ kind, stepIndex, atMs }) => kind === 'resume' && stepIndex === now.currentStepIndex && atMs >= history.attemptMs,
  )
}

export const S10: Invariant = {
  id: 'S10',
  words:
    'Within a revision the step moves by one, never back, and further only when somebody asked for it; a pause that somebody ended does not begin again.',
  check(before, after, context) {
    const [then, now] = [statusOf(before), statusOf(after)]
    if (!isWriteOf(context, 'rollouts') || then.currentPodHash !== now.currentPodHash) return undefined
    if (then.currentStepHash !== now.currentStepHash || then.currentStepHash === undefined) return undefined
    if (isPausedAgain(then, now, context))
      return `step ${now.currentStepIndex} pauses again, though somebody ended its pause`
    if (now.abort || then.abort || then.stableRS === undefined || then.stableRS !== now.stableRS) return undefined
    const moved = (now.currentStepIndex ?? 0) - (then.currentStepIndex ?? 0)
    const count = (rolloutOf(after)?.spec.strategy?.canary?.steps ?? []).length
    const skipsAll = then.promoteFull === true && now.currentStepIndex === count
    return moved === 0 || moved === 1 || skipsAll ? undefined : `the step moves by ${moved}`
  },
}
