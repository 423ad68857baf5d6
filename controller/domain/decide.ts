/**
 * The decision about one Rollout, whole: World in, Plan out. Pure and total: equal worlds give equal plans, every input gives one. Read this
 * first; every line leads to the file that holds the rule.
 */
import { keepBooks } from './bookkeeping.ts'
import { guard } from './guards.ts'
import { decideLifecycle, type Lifecycle } from './lifecycle.ts'
import { join, type Plan, type StrategyOutcome } from './plan.ts'
import { identifyRevisions, type Revisions } from './revisions.ts'
import { decideCanary } from './strategies/canary.ts'
import type { World } from './world.ts'

type Strategy = (world: World, revisions: Revisions, lifecycle: Lifecycle) => StrategyOutcome

/** A strategy that is not in this map is refused by `validate.ts`; there is no default. */
const strategies = { canary: decideCanary } as const satisfies Record<string, Strategy>

export function decide(world: World): Plan {
  const revisions = identifyRevisions(world)
  const lifecycle = decideLifecycle(world, revisions)
  const stopped = guard(world, lifecycle)
  if (stopped) return stopped
  const books = keepBooks(world, revisions)
  const outcome = strategies.canary(world, revisions, lifecycle)
  const { actions = [], events = [], notices = [], holds = [], wakeAtMs } = join(books, outcome.part)
  return { actions, events, notices, holds, status: outcome.status, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}
