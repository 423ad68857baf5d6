/**
 * What has to exist whatever the strategy does: the ReplicaSet of the new revision, revision numbers, and no more history than asked for. It
 * also announces a revision that was not seen before, in the order of events that clients compare. It must not change the size of anything.
 */
import { REVISION, REVISION_HISTORY } from '../api/labels.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import type { Lifecycle } from './lifecycle.ts'
import { type Action, join, type Part, type PlannedEvent } from './plan.ts'
import { renderReplicaSet } from './render-replica-set.ts'
import { createdReplicas, specReplicas } from './replicas.ts'
import { podHashOf, type Revisions, revisionOf } from './revisions.ts'
import { markPromoted } from './rollback-window.ts'
import { isNamed } from './view.ts'
import type { World } from './world.ts'

const DEFAULT_HISTORY = 10
/** Look again for a name that is not free though no event tells that it is. */
const BLOCKED_RECHECK_MS = 10_000

export function keepBooks(world: World, revisions: Revisions, lifecycle: Lifecycle): Part {
  return join(
    isNewRevision(world, revisions, lifecycle) ? announceRevision(world, revisions) : {},
    ensureReplicaSet(world, revisions),
    numberRevision(world, revisions),
    alignMinReady(world, revisions),
    markPromoted(world, revisions),
    forgetHistory(world, revisions),
  )
}

function announceRevision({ rollout }: World, { revision }: Revisions): Part {
  const key = `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`
  const added = normal('RolloutAddedToInformer', `Rollout resource added to informer: ${key}`)
  const updated = normal('RolloutUpdated', `Rollout updated to revision ${revision}`)
  return { events: [...(rollout.status?.currentPodHash === undefined ? [added] : []), updated] }
}

const isNewRevision = (world: World, revisions: Revisions, { mode }: Lifecycle): boolean =>
  mode === 'superseded' && world.rollout.status?.currentPodHash !== revisions.podHash

/**
 * The last word of a pass. Told when the former update had been completed, not when one update replaces another that is still under way; nor of
 * the first deployment of a blue-green Rollout, which Argo takes for complete from its first pass on.
 */
export function announceUpdate(world: World, revisions: Revisions, lifecycle: Lifecycle): Part {
  if (!isNewRevision(world, revisions, lifecycle)) return {}
  const { revision, podHash } = revisions
  const { rollout } = world
  const { stableRS, currentPodHash } = rollout.status ?? {}
  const isFirst = currentPodHash === undefined && rollout.spec.strategy?.blueGreen === undefined
  const completed = isFirst || (stableRS !== undefined && stableRS === currentPodHash)
  const message = `Rollout not completed, started update to revision ${revision} (${podHash})`
  return completed ? { events: [normal('RolloutNotCompleted', message)] } : {}
}

const normal = (reason: string, message: string): PlannedEvent => ({ type: 'Normal', reason, message })

function ensureReplicaSet(world: World, revisions: Revisions): Part {
  if (revisions.newRs) return {}
  if (revisions.blocked) return { holds: [revisions.blocked], wakeAtMs: world.now + BLOCKED_RECHECK_MS }
  const replicaSet = renderReplicaSet(world.rollout, revisions)
  const action: Action = { do: 'createReplicaSet', replicaSet }
  const message = `Created ReplicaSet ${replicaSet.metadata.name} (revision ${revisions.revision})`
  return { actions: [action], events: [{ type: 'Normal', reason: 'NewReplicaSetCreated', message, action }] }
}

/** The one field of a ReplicaSet beside its size that follows the spec without a new revision. */
function alignMinReady({ rollout }: World, { newRs }: Revisions): Part {
  const seconds = rollout.spec.minReadySeconds ?? 0
  if (!newRs || (newRs.spec.minReadySeconds ?? 0) === seconds) return {}
  return { actions: [{ do: 'setMinReady', replicaSet: newRs, seconds }] }
}

/** Going back to an earlier revision gives it the newest number and remembers the old one. */
function numberRevision(world: World, revisions: Revisions): Part {
  const number = String(revisions.revision)
  const actions: Action[] = []
  const { newRs } = revisions
  if (newRs && revisionOf(newRs) !== revisions.revision) {
    const earlier = [newRs.metadata.annotations?.[REVISION_HISTORY], newRs.metadata.annotations?.[REVISION]]
      .filter(Boolean)
      .join(',')
    const history = earlier === '' ? {} : { [REVISION_HISTORY]: earlier }
    actions.push({ do: 'annotateReplicaSet', replicaSet: newRs, annotations: { [REVISION]: number, ...history } })
  }
  if (world.rollout.metadata.annotations?.[REVISION] !== number)
    actions.push({ do: 'annotateRollout', annotations: { [REVISION]: number } })
  return { actions }
}

/** Old revisions without pods, without a Service that names them and without a role in status, oldest first beyond the limit. */
function forgetHistory(world: World, revisions: Revisions): Part {
  const limit = world.rollout.spec.revisionHistoryLimit ?? DEFAULT_HISTORY
  const empty = revisions.others.filter(
    (rs) => specReplicas(rs) === 0 && createdReplicas(rs) === 0 && !isInUse(world, rs),
  )
  const surplus = empty.slice(Math.max(0, limit))
  return { actions: surplus.map((replicaSet) => ({ do: 'deleteReplicaSet', replicaSet }) as const) }
}

function isInUse(world: World, rs: ReplicaSet): boolean {
  const hash = podHashOf(rs)
  return (
    isNamed(world, hash) || world.rollout.status?.stableRS === hash || world.rollout.status?.currentPodHash === hash
  )
}
