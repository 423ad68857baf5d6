/**
 * Whether the revision that the spec asks for is so recent an earlier one that it need not prove itself again (`spec.rollbackWindow`), and the
 * mark that remembers which revisions have proven themselves. It must not skip a step itself; what skipping means is the strategies'.
 *
 *   new ReplicaSet        others created in between   promoted before   compat | within
 *   not older than stable any                         any               any    | no
 *   older than stable     as many as revisions, more  any               any    | no
 *   older than stable     fewer than revisions        yes               any    | yes
 *   older than stable     fewer than revisions        not on record     strict | no  (an aborted revision has proven nothing: S11)
 *   older than stable     fewer than revisions        not on record     argo   | yes
 *
 * A revision gets its mark while it is the stable one with all its pods available. One that Argo left behind, and that was replaced before we
 * came, has none: neither its size nor its annotations tell a former stable revision from an aborted canary, so it takes its steps once more.
 */
import { EXPERIMENT_NAME } from '../api/labels.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import type { Part } from './plan.ts'
import { availableReplicas, specReplicas } from './replicas.ts'
import { type Revisions, revisionOf } from './revisions.ts'
import type { RolloutView } from './view.ts'
import type { World } from './world.ts'

/** Annotation on a ReplicaSet: the revision number under which it was the stable one. */
export const PROMOTED_REVISION = 'penstock.dev/promoted-revision'

/** True when going to `newRs` is a way back that may skip steps and analyses. False without `spec.rollbackWindow`. */
export function isWithinRollbackWindow(view: RolloutView): boolean {
  const { newRs, stableRs, world } = view
  const revisions = world.rollout.spec.rollbackWindow?.revisions ?? 0
  if (!newRs || !stableRs || revisions <= 0) return false
  const [target, stable] = [createdAt(newRs), createdAt(stableRs)]
  if (target >= stable) return false
  const between = world.replicaSets.filter(
    (rs) => !isOfExperiment(rs) && createdAt(rs) > target && createdAt(rs) < stable,
  )
  if (between.length >= revisions) return false
  return world.compat === 'argo' || newRs.metadata.annotations?.[PROMOTED_REVISION] !== undefined
}

/** Marks the stable revision once, and only where a way back will ask for it: a rollback window, or the delay of blue-green. */
export function markPromoted({ rollout }: World, { stableRs }: Revisions): Part {
  const { rollbackWindow, strategy } = rollout.spec
  const isAskedFor = (rollbackWindow?.revisions ?? 0) > 0 || strategy?.blueGreen !== undefined
  if (!isAskedFor || !stableRs) return {}
  if (stableRs.metadata.annotations?.[PROMOTED_REVISION] !== undefined) return {}
  const serves = availableReplicas(stableRs) > 0 && availableReplicas(stableRs) === specReplicas(stableRs)
  if (!serves) return {}
  const annotations = { [PROMOTED_REVISION]: String(revisionOf(stableRs)) }
  return { actions: [{ do: 'annotateReplicaSet', replicaSet: stableRs, annotations }] }
}

/** Without a timestamp it counts as new: nothing that is not known to be older is a way back. */
const createdAt = (rs: ReplicaSet): number => parseInstant(rs.metadata.creationTimestamp) ?? Number.POSITIVE_INFINITY

const isOfExperiment = (rs: ReplicaSet): boolean => rs.metadata.annotations?.[EXPERIMENT_NAME] !== undefined
