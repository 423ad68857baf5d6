/**
 * Which ReplicaSets are a Rollout's own: claimed by selector, as a Deployment claims its ReplicaSets. A hand-over that deletes the former owner
 * and orphans its ReplicaSets ends here. It must not look at templates beyond asking whether the decision can do without an orphan for a pass.
 *
 *   controlled by   labels fit the selector, has a hash   being deleted | then
 *   this Rollout    yes                                   any           | its own
 *   this Rollout    no                                    no            | let it go; its pods stay
 *   nobody          yes                                   no            | take it, before anything else is decided when status or the spec needs it
 *   else, and what an Experiment left behind                            | not its own
 */
import { EXPERIMENT_NAME } from '../api/labels.ts'
import type { PodSelector } from '../api/pod-template.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { isSameTemplate } from '../argo/pod-template.ts'
import type { Action, Part, Plan } from './plan.ts'
import { podHashOf } from './revisions.ts'
import { selectorFinds } from './validation/pods/labels.ts'
import type { World } from './world.ts'

export interface Claim {
  /** Without the ReplicaSets that do not fit any more. */
  readonly world: World
  readonly part: Part
  /** Set when an orphan must be ours before the rest can be decided. */
  readonly first: Plan | undefined
}

export function claimReplicaSets(world: World): Claim {
  const { rollout } = world
  const selector = rollout.spec.selector ?? {}
  if (isEmpty(selector)) return { world, part: {}, first: undefined }
  const fits = (rs: ReplicaSet) => selectorFinds(selector, rs.metadata.labels ?? {})
  const misfits = world.replicaSets.filter((rs) => !fits(rs))
  const orphans = (world.strangers ?? []).filter(
    (rs) => isOrphan(rs) && !isOfExperiment(rs) && !rs.metadata.deletionTimestamp && podHashOf(rs) !== '' && fits(rs),
  )
  if (misfits.length === 0 && orphans.length === 0) return { world, part: {}, first: undefined }
  const own = world.replicaSets.filter(fits)
  const adoptions = orphans.map((replicaSet): Action => ({ do: 'adoptReplicaSet', replicaSet }))
  const releases = misfits
    .filter((rs) => !rs.metadata.deletionTimestamp)
    .map((replicaSet): Action => ({ do: 'releaseReplicaSet', replicaSet }))
  const actions = [...adoptions, ...releases]
  const isNeeded = orphans.some((rs) => isNeededBy(rollout, rs))
  return {
    world: { ...world, replicaSets: own },
    part: { actions },
    first: isNeeded ? adoptFirst(world, actions) : undefined,
  }
}

/** Of a Rollout whose workload is not there: it would find everything. */
const isEmpty = ({ matchLabels, matchExpressions }: PodSelector): boolean =>
  Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0

const isOrphan = ({ metadata }: ReplicaSet): boolean =>
  !metadata.ownerReferences?.some(({ controller }) => controller === true)

const isOfExperiment = ({ metadata }: ReplicaSet): boolean => metadata.annotations?.[EXPERIMENT_NAME] !== undefined

/** It has a part in status, or carries the template of the spec. */
function isNeededBy(rollout: Rollout, rs: ReplicaSet): boolean {
  const { currentPodHash, stableRS, blueGreen } = rollout.status ?? {}
  const roles = [currentPodHash, stableRS, blueGreen?.activeSelector, blueGreen?.previewSelector]
  return roles.includes(podHashOf(rs)) || isSameTemplate(rollout.spec.template ?? {}, rs)
}

/** Nothing else in this pass: what the Rollout has is known only once they are its own. */
const adoptFirst = ({ rollout }: World, actions: readonly Action[]): Plan => ({
  actions,
  status: rollout.status ?? {},
  events: [],
  notices: [],
  holds: [
    { reason: 'AdoptingReplicaSets', message: 'ReplicaSets that fit the selector and belong to nobody are taken over' },
  ],
})
