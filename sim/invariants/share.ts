/** Pods enough for what is asked of them: S3, S7. */
import type { World } from '../cluster/world.ts'
import { claimedWeight, hashOf } from '../cluster/world.ts'
import type { WriteCause } from './cause.ts'
import type { History } from './history.ts'
import { type Context, type Invariant, isWriteOf } from './invariant.ts'
import {
  askedPods,
  isOfExperiment,
  lastStepWith,
  podHashOf,
  readyPods,
  rolesOf,
  rolloutOf,
  shareOf,
  statusOf,
  wantedPods,
} from './reading.ts'

/** A write rests on what was seen a moment before it left: watches take as long when nothing is wrong with them. */
const SEEN_BEFORE_MS = 2_000

/** Something that nobody could know of when the write left: a pod was lost, or somebody wants another number of them. */
const isOvertaken = ({ history, blindMs = 0 }: Context, { sentMs }: WriteCause, hashes: Iterable<string>): boolean => {
  const knownMs = sentMs - SEEN_BEFORE_MS - blindMs
  if (history.specMs > knownMs) return true
  for (const hash of hashes) if ((history.lostMs.get(hash) ?? Number.NEGATIVE_INFINITY) > knownMs) return true
  return false
}

interface Side {
  readonly service: string
  readonly hash: string
  readonly ready: number
  readonly share: number
}

function sideOf(world: World, name: string | undefined): Side | undefined {
  const service = name === undefined ? undefined : world.services.get(name)
  const hash = service && hashOf(service)
  if (name === undefined || hash === undefined) return undefined
  return { service: name, hash, ready: readyPods(world).get(hash) ?? 0, share: shareOf(world, name) }
}

/**
 * The user has said how many pods are enough, with a size of the canary apart from its weight, or a threshold; or stable has kept all its pods, so
 * that what is missing of them is not our doing and going back does not wait for it (L2). Where stable gives pods away while the canary has its
 * share, they have to have been ready again before one that is lost is nobody's doing.
 */
function isExempt(world: World, { service, hash }: Side, { kept, whole }: History): boolean {
  const { canary } = rolloutOf(world)?.spec.strategy ?? {}
  const roles = rolesOf(world)
  if (canary?.replicaProgressThreshold) return true
  if (service === roles.stable)
    return canary?.dynamicStableScale === true
      ? whole.has(hash)
      : kept.has(hash) || askedPods(world, hash) >= wantedPods(world)
  const scale = lastStepWith(world, 'setCanaryScale')?.setCanaryScale
  return scale !== undefined && scale.matchTrafficWeight !== true && statusOf(world).promoteFull !== true
}

/** Where nobody carries a share of its own, all carry alike: more than its share is no harm where the other side's pods carry no less. */
function isCarried(world: World, side: Side, other: Side | undefined): boolean {
  const perPod = 100 / wantedPods(world)
  if (side.share <= side.ready * perPod + 1) return true
  if (!other || other.ready === 0) return true
  return side.ready > 0 && side.share / side.ready <= other.share / other.ready + 1
}

/** A percent either way is rounding. */
export const S3: Invariant = {
  id: 'S3',
  words:
    'No write of ours raises the share of a revision above what its ready pods carry, on the way there and on the way back.',
  check(before, after, context) {
    const { cause } = context
    if (!isWriteOf(context, 'httproutes') || cause.kind !== 'write' || wantedPods(after) === 0) return undefined
    const { stable, canary } = rolesOf(after)
    for (const [name, otherName] of [[canary, stable] as const, [stable, canary] as const]) {
      const [side, other] = [sideOf(after, name), sideOf(after, otherName)]
      if (!side || side.share <= shareOf(before, name) || side.hash === other?.hash) continue
      if (isExempt(after, side, context.history) || isCarried(after, side, other)) continue
      if (isOvertaken(context, cause, [side.hash])) continue
      return `"${side.service}" gets ${Math.round(side.share)} % with ${side.ready} of ${wantedPods(after)} pods ready`
    }
    return undefined
  },
}

const DEFAULT_BUDGET = '25%'

const resolve = (value: number | string, total: number, round: (value: number) => number): number =>
  typeof value === 'number' ? value : round((Number.parseInt(value, 10) * total) / 100)

/** As Kubernetes counts `maxUnavailable`: rounded down, and one where otherwise nothing could move. */
function maxUnavailableOf(world: World): number {
  const { canary, blueGreen } = rolloutOf(world)?.spec.strategy ?? {}
  const wanted = wantedPods(world)
  const unavailable = resolve((canary ?? blueGreen)?.maxUnavailable ?? DEFAULT_BUDGET, wanted, Math.floor)
  const surge = blueGreen ? 1 : resolve(canary?.maxSurge ?? DEFAULT_BUDGET, wanted, Math.ceil)
  return unavailable === 0 && surge === 0 ? 1 : unavailable
}

/** Revisions that users reach now: by a Service or a route, or simply by being there. */
function findReached(world: World, { scenario }: Context): ReadonlySet<string> {
  if (scenario.strategy !== 'canary without a router') return world.dataPlane.serving
  const all = [...world.replicaSets.values()].filter((rs) => !isOfExperiment(rs))
  return new Set(all.flatMap((rs) => podHashOf(rs) ?? []))
}

/** Pods that are ready and are to stay. */
function countKept(world: World, hashes: ReadonlySet<string>): number {
  let sum = 0
  for (const hash of hashes) sum += Math.min(readyPods(world).get(hash) ?? 0, askedPods(world, hash))
  return sum
}

/** Percent of the requests that, as far as anybody can know, come to a Service which takes pods of this revision. */
function reachOf(world: World, hash: string): number {
  const { stable, canary } = rolesOf(world)
  let sum = 0
  for (const name of [stable, canary]) {
    const service = name === undefined ? undefined : world.services.get(name)
    if (!service || name === undefined) continue
    const named = hashOf(service)
    if (named !== undefined && named !== hash) continue
    sum += claimedWeight(world, name)
  }
  return Math.min(100, sum)
}

/** With dynamicStableScale a revision has the pods that its share needs: what it has beyond them is of no use to users. */
function needsNoMore(world: World, { name }: WriteCause): boolean {
  if (rolloutOf(world)?.spec.strategy?.canary?.dynamicStableScale !== true) return false
  const rs = world.replicaSets.get(name)
  const hash = rs && podHashOf(rs)
  if (hash === undefined) return false
  return askedPods(world, hash) >= Math.ceil((wantedPods(world) * reachOf(world, hash)) / 100)
}

export const S7: Invariant = {
  id: 'S7',
  words:
    'Update, restart, abort and scaling share one budget: no write of ours takes a pod that users reach when more than maxUnavailable would be missing then.',
  check(before, after, context) {
    const { cause } = context
    if (!isWriteOf(context, 'replicasets', 'pods') || cause.kind !== 'write' || wantedPods(after) === 0)
      return undefined
    const reached = findReached(before, context)
    const [had, has] = [countKept(before, reached), countKept(after, reached)]
    const least = wantedPods(after) - maxUnavailableOf(after)
    if (has >= had || has >= least || isOvertaken(context, cause, reached) || needsNoMore(after, cause))
      return undefined
    return `${has} pods that users reach stay of ${had}, where at least ${least} have to`
  },
}
