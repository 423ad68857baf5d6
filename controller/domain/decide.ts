/**
 * The decision about one Rollout, whole: World in, Plan out. Pure and total: equal worlds give equal plans, every input gives one. Read this
 * first; every line leads to the file that holds the rule.
 */
import { withReadableStatus } from '../argo/readable-status.ts'
import { refreshAntiAffinity } from './anti-affinity.ts'
import { announceUpdate, keepBooks } from './bookkeeping.ts'
import { claimReplicaSets } from './claims.ts'
import { refuseReferences, refuseRollout } from './guards.ts'
import { rememberBest } from './high-water.ts'
import { decideLifecycle } from './lifecycle.ts'
import { writeOnce } from './one-write.ts'
import { join, type Plan, type StrategyOutcome } from './plan.ts'
import { syncPodMetadata } from './pod-metadata.ts'
import { withLivePods } from './restart.ts'
import { withoutSurges } from './restart-surge.ts'
import { identifyRevisions } from './revisions.ts'
import { decideBlueGreen } from './strategies/blue-green.ts'
import { decideCanary } from './strategies/canary.ts'
import { type RolloutView, viewRollout } from './view.ts'
import { recordWorkload, scaleDownWorkload, withWorkload } from './workload-ref.ts'
import type { World } from './world.ts'

export function decide(observed: World): Plan {
  const read = { ...observed, rollout: withReadableStatus(observed.rollout) }
  const refused = refuseRollout(read)
  if (refused) return refused
  const claim = claimReplicaSets(withWorkload(read))
  if (claim.first) return claim.first
  const world = withoutSurges(withLivePods(claim.world))
  const revisions = identifyRevisions(world)
  const lifecycle = decideLifecycle(world, revisions)
  const view = viewRollout(world, revisions, lifecycle)
  const outcome = decideStrategy(view)
  const incomplete = outcome.aborted ? undefined : refuseReferences(world)
  if (incomplete) return incomplete
  const books = keepBooks(world, revisions, lifecycle)
  const last = join(
    claim.part,
    rememberBest(view, outcome.status),
    announceUpdate(world, revisions, lifecycle),
    recordWorkload(read),
    scaleDownWorkload(world, revisions),
    refreshAntiAffinity(world, revisions),
  )
  const moves = join(books, outcome.part, last)
  const labels = syncPodMetadata(world, revisions, moves.actions ?? [])
  const { actions = [], events = [], notices = [], holds = [], wakeAtMs } = writeOnce(join(moves, labels))
  return { actions, events, notices, holds, status: outcome.status, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}

/** Validation has refused what names none or two of them: there is no default. */
function decideStrategy(view: RolloutView): StrategyOutcome {
  const { canary, blueGreen } = view.world.rollout.spec.strategy ?? {}
  return blueGreen ? decideBlueGreen(view, blueGreen) : decideCanary(view, canary ?? {})
}
