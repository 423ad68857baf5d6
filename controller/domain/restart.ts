/**
 * A restart: every pod that is older than `spec.restartAt` is evicted, a few at a time, and its ReplicaSet makes another. Decides which pods go
 * now, and which revision gets one pod more while they do. Whether a PodDisruptionBudget allows it is the API server's business.
 *
 *   restartAt             restartedAt   new revision seen   pods older than it | then
 *   absent, or equal to restartedAt                                            | nothing
 *   in the future         -             no                  -                  | wake then
 *   reached               another       yes                 -                  | restartedAt = restartAt: its pods are new
 *   reached               another       no                  some               | evict what the budget allows, look again within 30 s
 *   reached               another       no                  none               | restartedAt = restartAt
 *
 * A scheduled restart outlives a new revision (argo: a revision that comes before it cancels it).
 *
 * Pods that may go at once, with U = maxUnavailable and the pods of all revisions that serve (strict: AR#1583, AR!4221, S7):
 *   argo     available − (max(replicas, asked for) − max(U, 1))
 *   strict   the same, but no fewer than replicas − U stay available; where U is 0 the revision first gets one pod more, as in an update.
 *            Of a revision that a Service names during an update, one pod always stays. What is not ready anyway goes at once; what is ready
 *            and not available yet gets requests, and waits until it is.
 *   both     none in a pass that takes capacity or traffic away in any other way
 */
import type { Pod } from '../api/pod.ts'
import type { ReplicaSet, RolloutStatus } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import { budgetOf } from './availability.ts'
import { isRisky, join, type Part } from './plan.ts'
import { availableReplicas, specReplicas, sum } from './replicas.ts'
import { askedFor, decideSurge } from './restart-surge.ts'
import { podHashOf } from './revisions.ts'
import { isNamed, type RolloutView } from './view.ts'
import type { World } from './world.ts'

/** Pods may come and go without an event of ours: look again. */
const RECHECK_MS = 30_000
/** The answer to a pass is never longer than this many evictions. */
const MOST_EVICTIONS = 20

/** Pods have to be restarted, and the time has come. Pods are read only then. */
export function isRestartDue({ rollout, now }: Pick<World, 'rollout' | 'now'>): boolean {
  // Asked before anything is validated: the spec may be of any shape.
  const wanted = parseInstant(rollout.spec?.restartAt)
  return wanted !== undefined && wanted <= now && wanted !== parseInstant(rollout.status?.restartedAt)
}

/** What a new revision writes: its pods will be newer than any restart that was asked for before. */
export function restartOfNewRevision({ rollout, now, compat }: World): Pick<RolloutStatus, 'restartedAt'> {
  const { restartAt } = rollout.spec
  const wanted = parseInstant(restartAt)
  return wanted !== undefined && (compat === 'argo' || wanted <= now) ? { restartedAt: restartAt } : {}
}

/** @param moves what the pass does besides: nothing is evicted while it takes capacity or traffic away */
export function decideRestart(view: RolloutView, moves: Part): Part {
  const { world } = view
  const wanted = parseInstant(world.rollout.spec.restartAt)
  const isOver = wanted === undefined || view.mode === 'superseded' || !isRestartDue(world)
  if (isOver) return join(decideSurge(world, undefined, moves), wakeFor(wanted, world.now))
  if (!world.pods) return waitForPods(world)
  const left = oldPods(world)
  if (left.length === 0 && !hasStaleCounts(world))
    return join(decideSurge(world, undefined, moves), { memory: { restartedAt: world.rollout.spec.restartAt } })
  const surge = decideSurge(world, surgingOf(view, moves), moves)
  // The pod that takes over has to come first.
  const isBusy = (surge.actions ?? []).length > 0 || (moves.actions ?? []).some(isRisky)
  const pods = isBusy ? [] : choosePods(view)
  const message = `${left.length} of ${world.pods.length} pods are from before ${world.rollout.spec.restartAt}`
  return join(surge, {
    ...(pods.length > 0 ? { actions: [{ do: 'evict', pods }] } : {}),
    holds: [{ reason: 'RestartInProgress', message }],
    wakeAtMs: world.now + RECHECK_MS,
  })
}

const wakeFor = (wanted: number | undefined, now: number): Part =>
  wanted !== undefined && now < wanted ? { wakeAtMs: wanted } : {}

const waitForPods = (world: World): Part => ({
  holds: [
    { reason: 'PodsNotRead', message: `the pods to restart cannot be read: ${world.podsProblem ?? 'nobody has'}` },
  ],
  wakeAtMs: world.now + RECHECK_MS,
})

const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined

/** Older than the restart, and not on their way already. */
function oldPods({ rollout, pods = [] }: World): readonly Pod[] {
  const wanted = parseInstant(rollout.spec.restartAt) ?? Number.NEGATIVE_INFINITY
  return pods.filter((pod) => !isGoing(pod) && (parseInstant(pod.metadata.creationTimestamp) ?? 0) < wanted)
}

const readinessOf = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'Ready')

/** It gets requests. */
const isReady = (pod: Pod): boolean => !isGoing(pod) && readinessOf(pod)?.status === 'True'

/** Ready for `minReadySeconds`, as the ReplicaSet controller counts. */
function isAvailable({ rollout, now }: World, pod: Pod): boolean {
  if (!isReady(pod)) return false
  const sinceMs = parseInstant(readinessOf(pod)?.lastTransitionTime) ?? now
  return now - sinceMs >= (rollout.spec.minReadySeconds ?? 0) * 1000
}

const belongsTo = (rs: ReplicaSet, pod: Pod): boolean =>
  pod.metadata.ownerReferences?.some(({ uid }) => uid === rs.metadata.uid) === true

const podsOf = ({ pods = [] }: World, rs: ReplicaSet): readonly Pod[] => pods.filter((pod) => belongsTo(rs, pod))

/** No more than it is asked for: the others are on their way out. */
const countAvailable = (world: World, rs: ReplicaSet): number =>
  Math.min(askedFor(rs), podsOf(world, rs).filter((pod) => isAvailable(world, pod)).length)

/**
 * The World with no more available pods than were just seen: a ReplicaSet's status may not tell yet of a pod that was evicted a moment ago, and
 * restart and update share one budget.
 */
export function withLivePods(world: World): World {
  if (!world.pods) return world
  const replicaSets = world.replicaSets.map((rs) => {
    const live = countAvailable(world, rs)
    return live < availableReplicas(rs) ? { ...rs, status: { ...rs.status, availableReplicas: live } } : rs
  })
  return { ...world, replicaSets }
}

/** Some ReplicaSet's status still counts pods that are gone: whoever decides next without the pods would be misled. */
const hasStaleCounts = (world: World): boolean =>
  world.replicaSets.some(
    (rs) => (rs.status?.readyReplicas ?? 0) > podsOf(world, rs).filter((pod) => !isGoing(pod)).length,
  )

/** The pods of these revisions stand in for each other. */
type Group = readonly ReplicaSet[]

/**
 * In the order in which they are restarted: stable, new, then the others from the oldest on. The first group is what users get. Blue-green sends
 * all to one revision, and an aborted one gets nothing any more.
 */
function groupsOf(view: RolloutView): readonly Group[] {
  const { stableRs, newRs, world } = view
  const main = stableRs ? [stableRs] : []
  const other = newRs && newRs !== stableRs ? [newRs] : []
  const others = [...view.others].reverse()
  if (!hasRoles(view)) return [[...main, ...other, ...others]]
  const apart = world.rollout.spec.strategy?.blueGreen !== undefined || view.mode === 'aborted'
  return apart ? [main, other, others] : [[...main, ...other], others]
}

/** Which pods get traffic is told by Services and routes, not by how many there are. */
const hasRoles = ({ world }: RolloutView): boolean => {
  const { canary, blueGreen } = world.rollout.spec.strategy ?? {}
  return blueGreen !== undefined || canary?.trafficRouting !== undefined
}

function choosePods(view: RolloutView): readonly Pod[] {
  const { world } = view
  if (world.compat === 'argo') return chooseAsArgo(view)
  const old = new Set(oldPods(world))
  const groups = groupsOf(view)
  const group = groups.find((sets) => sets.some((rs) => podsOf(world, rs).some((pod) => old.has(pod))))
  if (!group) return []
  const inOrder = group.flatMap((rs) => podsOf(world, rs).filter((pod) => old.has(pod)))
  const broken = inOrder.filter((pod) => !isReady(pod))
  const spare = inOrder.filter((pod) => isAvailable(world, pod) && !isIndispensable(view, pod))
  return [...broken, ...spare.slice(0, allowedOf(view, group, groups[0] ?? []))].slice(0, MOST_EVICTIONS)
}

/** How many available pods of a group may go now. Of the others than the main one only the pace counts, but while that is ill they are needed. */
function allowedOf(view: RolloutView, group: Group, main: Group): number {
  const { maxUnavailable } = budgetOf(view.world.rollout.spec)
  const availableOf = (sets: Group) => sum(sets.map((rs) => countAvailable(view.world, rs)))
  const asked = Math.max(group === main ? view.replicas : 0, sum(group.map(askedFor)))
  const pace = Math.max(maxUnavailable, 1) - (asked - availableOf(group))
  const spare = availableOf(main) - (view.replicas - maxUnavailable)
  if (group !== main) return spare < 0 ? 0 : Math.max(0, pace)
  return Math.max(0, Math.min(pace, spare))
}

/** The only available pod of a revision that a Service names during an update. */
function isIndispensable(view: RolloutView, pod: Pod): boolean {
  if (!hasRoles(view) || view.mode === 'steady' || view.mode === 'initial') return false
  const rs = [view.stableRs, view.newRs].find((set) => set && belongsTo(set, pod))
  return rs !== undefined && countAvailable(view.world, rs) < 2 && isNamed(view.world, podHashOf(rs))
}

function chooseAsArgo(view: RolloutView): readonly Pod[] {
  const { world } = view
  const sets = groupsOf(view).flat()
  const available = (world.pods ?? []).filter((pod) => isAvailable(world, pod)).length
  const concurrent = Math.max(budgetOf(world.rollout.spec).maxUnavailable, 1)
  const allowed = available - (Math.max(view.replicas, sum(sets.map(askedFor))) - concurrent)
  const old = new Set(oldPods(world))
  return sets
    .flatMap((rs) => podsOf(world, rs).filter((pod) => old.has(pod)))
    .slice(0, Math.max(0, Math.min(allowed, MOST_EVICTIONS)))
}

/**
 * The revision that gets one pod more: the first with pods to restart, where none of its pods could be spared otherwise. Without a router that
 * stays within maxSurge; when the update uses it up, or is about to, the restart takes its turn later.
 */
function surgingOf(view: RolloutView, moves: Part): ReplicaSet | undefined {
  const { world, mode, stableRs, newRs } = view
  const { maxSurge, maxUnavailable } = budgetOf(world.rollout.spec)
  if (world.compat === 'argo' || maxSurge === 0) return undefined
  const old = new Set(oldPods(world))
  // Nothing gives an aborted revision more pods (S8).
  const candidates = mode === 'aborted' ? [stableRs] : [stableRs, newRs]
  const first = candidates.find((rs) => rs && podsOf(world, rs).some((pod) => old.has(pod)))
  if (!first || specReplicas(first) === 0) return undefined
  const isSingle = specReplicas(first) === 1 && mode === 'updating' && hasRoles(view)
  const isGrowing = (moves.actions ?? []).some((action) => action.do === 'scale')
  const hasRoom = !isGrowing && sum(world.replicaSets.map(specReplicas)) < view.replicas + maxSurge
  const isAllowed = hasRoles(view) || askedFor(first) > specReplicas(first) || hasRoom
  return (maxUnavailable === 0 || isSingle) && isAllowed ? first : undefined
}
