/**
 * The decision about one Rollout, whole: World in, Plan out. Pure and total: equal worlds give equal plans, every input gives one. Read this
 * first; every line leads to the file that holds the rule.
 */
import { withReadableStatus } from '../argo/readable-status.ts'
import { announceUpdate, keepBooks } from './bookkeeping.ts'
import { refuseReferences, refuseRollout } from './guards.ts'
import { decideLifecycle } from './lifecycle.ts'
import { join, type Plan, type StrategyOutcome } from './plan.ts'
import { identifyRevisions } from './revisions.ts'
import { decideCanary } from './strategies/canary.ts'
import { type RolloutView, viewRollout } from './view.ts'
import type { World } from './world.ts'

export function decide(observed: World): Plan {
  const world = { ...observed, rollout: withReadableStatus(observed.rollout) }
  const refused = refuseRollout(world)
  if (refused) return refused
  const revisions = identifyRevisions(world)
  const lifecycle = decideLifecycle(world, revisions)
  const outcome = decideStrategy(viewRollout(world, revisions, lifecycle))
  const incomplete = outcome.aborted ? undefined : refuseReferences(world)
  if (incomplete) return incomplete
  const books = keepBooks(world, revisions, lifecycle)
  const last = announceUpdate(world, revisions, lifecycle)
  const { actions = [], events = [], notices = [], holds = [], wakeAtMs } = join(books, outcome.part, last)
  return { actions, events, notices, holds, status: outcome.status, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}

/** Validation has refused what names none or two of them: there is no default. */
function decideStrategy(view: RolloutView): StrategyOutcome {
  const { canary } = view.world.rollout.spec.strategy ?? {}
  return decideCanary(view, canary ?? {})
}
