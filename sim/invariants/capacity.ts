/** When pods may go: S5, S6. */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { ReplicaSet, Rollout, Service } from '../../controller/api/rollout.ts'
import { claimedWeight, hashOf, type World } from '../cluster/world.ts'
import { type Context, type Invariant, isWriteOf } from './invariant.ts'
import { isCompat, readyPods, rolloutOf, wantedPods } from './reading.ts'

/** What a gateway may claim before it is true; see `make-faults.ts`. */
const LONGEST_LIE_MS = 5_000
const DEFAULT_DELAY_S = 30

interface Shrunk {
  readonly hash: string
  readonly from: number
  readonly to: number
}

/** The ReplicaSet that this write makes smaller, or takes away. */
function findShrunk(before: World, after: World, context: Context): Shrunk | undefined {
  const { cause } = context
  if (!isWriteOf(context, 'replicasets') || cause.kind !== 'write') return undefined
  const former = before.replicaSets.get(cause.name)
  const [from, to] = [former?.spec.replicas ?? 0, after.replicaSets.get(cause.name)?.spec.replicas ?? 0]
  const hash = former?.metadata.labels?.[POD_TEMPLATE_HASH]
  return hash !== undefined && to < from ? { hash, from, to } : undefined
}

function delayMsOf(rollout: Rollout | undefined, isAborted: boolean): number {
  const { canary, blueGreen } = rollout?.spec.strategy ?? {}
  const { scaleDownDelaySeconds, abortScaleDownDelaySeconds } = canary ?? blueGreen ?? {}
  const seconds = (isAborted ? abortScaleDownDelaySeconds : scaleDownDelaySeconds) ?? DEFAULT_DELAY_S
  return seconds * 1000
}

/** It is what the canary rolls out, and nobody has taken it back. */
const isSizedByStep = ({ spec, status }: Rollout, hash: string): boolean =>
  spec.strategy?.canary !== undefined &&
  status?.currentPodHash === hash &&
  status.stableRS !== hash &&
  status.abort !== true

/** An answer that says that nobody is there takes so long. */
const LOOKED_BEFORE_MS = 500

/** It got its first request while the write was about to leave, or on its way: nobody can call it back. */
const hasJustBegun = (hash: string, { cause, history: { begunMs } }: Context): boolean =>
  cause.kind === 'write' && (begunMs.get(hash) ?? Number.NEGATIVE_INFINITY) > cause.sentMs - LOOKED_BEFORE_MS

/**
 * Without a router users reach whatever is ready, and nothing can be moved away first. A Rollout scaled to 0 asks for it. With dynamicStableScale the
 * user has given up the delay: pods follow traffic as soon as it is confirmed; that none is left without requests is checked all the same. So it is while
 * a step of an update says how many pods the new revision has, as `setCanaryScale` after a header route does. The delay is kept as a time of day on the
 * ReplicaSet, as Argo Rollouts has it, so a wall clock that is set forward shortens it.
 */
export const S5: Invariant = {
  id: 'S5',
  words:
    'The last pods of a revision go only when it has had no requests for the scale-down delay, counted from when the data plane ceased to send any.',
  check(before, after, context) {
    const shrunk = findShrunk(before, after, context)
    const rollout = [...after.rollouts.values()][0]
    if (!shrunk || shrunk.to > 0 || context.scenario.strategy === 'canary without a router') return undefined
    if (!rollout || rollout.metadata.deletionTimestamp !== undefined || rollout.spec.replicas === 0) return undefined
    const { serving, stoppedMs } = before.dataPlane
    if (serving.has(shrunk.hash) && hasJustBegun(shrunk.hash, context)) return undefined
    if (serving.has(shrunk.hash)) return `${shrunk.hash} goes from ${shrunk.from} pods to none while it gets requests`
    const sinceMs = after.atMs - (stoppedMs.get(shrunk.hash) ?? Number.NEGATIVE_INFINITY)
    if (rollout.spec.strategy?.canary?.dynamicStableScale || isSizedByStep(rollout, shrunk.hash)) return undefined
    const delayMs = Math.min(delayMsOf(rollout, false), delayMsOf(rollout, true))
    return sinceMs < delayMs - LONGEST_LIE_MS - (context.clockLeadMs ?? 0)
      ? `${shrunk.hash} goes from ${shrunk.from} pods to none ${sinceMs} ms after its last request`
      : undefined
  },
}

/** One pod, and no other one beside it: the former has to go before the next can come. So it is with Argo's own order too, however many there are. */
function isAskedFor(world: World): boolean {
  const { canary } = rolloutOf(world)?.spec.strategy ?? {}
  if (!canary || canary.trafficRouting) return false
  return isCompat(world) || (wantedPods(world) === 1 && (canary.maxSurge === 0 || canary.maxSurge === '0%'))
}

/**
 * The preview Service of blue-green has no users; after an abort it goes on naming what was aborted, as in Argo Rollouts. An Experiment's own Service goes
 * after its pods, also as there: it counts while it gets weight. Without a router pods that are not ready are in the way of those that may be.
 */
export const S6: Invariant = {
  id: 'S6',
  words: 'A revision goes to no pods only when no Service of the Rollout names it.',
  check(before, after, context) {
    const shrunk = findShrunk(before, after, context)
    const rollout = [...after.rollouts.values()][0]
    if (!shrunk || shrunk.to > 0 || !rollout || rollout.spec.replicas === 0 || isAskedFor(before)) return undefined
    const isInTheWay = context.scenario.strategy === 'canary without a router' && !readyPods(before).has(shrunk.hash)
    if (isInTheWay) return undefined
    const preview = rollout.spec.strategy?.blueGreen?.previewService
    const isIdle = ({ metadata }: Service): boolean =>
      metadata.name === preview || (isOfExperiment(metadata) && claimedWeight(before, metadata.name) === 0)
    const naming = [...before.services.values()].find((service) => hashOf(service) === shrunk.hash && !isIdle(service))
    return naming && `${shrunk.hash} goes to no pods while Service "${naming.metadata.name}" names it`
  },
}

const isOfExperiment = ({ ownerReferences = [] }: Service['metadata']): boolean =>
  ownerReferences.some(({ kind }) => kind === 'Experiment')

export const sizeOf = ({ replicaSets }: World, hash: string | undefined): number =>
  [...replicaSets.values()]
    .filter((rs: ReplicaSet) => rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash)
    .reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)
