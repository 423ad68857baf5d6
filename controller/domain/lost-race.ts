/**
 * What a pass may still store and tell once one of its writes came too late: the object had changed since it was read. Status and words of the
 * pass rest on what was read, so the next pass, which sees what was faster, decides them anew, as after a crash. It must not know which write
 * it was.
 *
 *   the pass                                           status, annotations, notices   events
 *   made all its writes, or left some for the next     all                            all; of a write: when it was made
 *   was refused one (quota, webhook, no answer)        all, and the refusal           the same, and the refusal
 *   lost a race                                        nothing: requests stay         of the writes that it made
 *                                                      pending, and are obeyed once
 *   lost a race, and records an abort                  all (L2)                       all; of a write: when it was made
 *   has been losing races for too long                 all (L3: conditions and        all; of a write: when it was made
 *                                                      deadline are not starved)
 *   loses its own annotations or status                nothing                        of the writes that it made
 */
import type { Plan } from './plan.ts'
import type { World } from './world.ts'

/** The abort is new, or by hand and not dated yet: it may rest on evidence that no later pass finds, and its event is told once. */
export function recordsAbort({ rollout }: World, { status }: Plan): boolean {
  const { abort, abortedAt } = rollout.status ?? {}
  return status.abort === true && (abort !== true || abortedAt !== status.abortedAt)
}

/** The plan as far as it is its writes alone: status stays as it is on record, and only events of a write are left. */
export const withoutClaims = (world: World, plan: Plan): Plan => ({
  ...plan,
  actions: plan.actions.filter((action) => action.do !== 'annotateRollout'),
  status: world.rollout.status ?? {},
  events: plan.events.filter(({ action }) => action !== undefined),
  notices: [],
})
