/**
 * The safety invariants of a blue-green Rollout as functions over one write and the world as it truly is at that moment, named by their ids.
 * Written from the invariants alone. Users are whoever comes by the active Service, or by one that was active once; the preview has none.
 */
import { ABORT_REQUESTS } from '../../../../controller/api/abort-request.ts'
import { MANAGED_BY, POD_TEMPLATE_HASH, RESTART_SURGE } from '../../../../controller/api/labels.ts'
import type { ReplicaSet } from '../../../../controller/api/rollout.ts'
import type { ServiceReading, World } from '../../../../controller/domain/world.ts'
import type { Invariant } from '../invariants.ts'

const hashOf = (rs: ReplicaSet): string => rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
const spec = (rs: ReplicaSet): number => rs.spec.replicas ?? 1
const available = (rs: ReplicaSet | undefined): number =>
  Math.min(rs?.status?.availableReplicas ?? 0, rs?.spec.replicas ?? 0)
const setOf = (world: World, hash: string) => world.replicaSets.find((rs) => hashOf(rs) === hash)
const desired = (world: World): number => world.rollout.spec.replicas ?? 1
const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0)

const selectorOf = ({ service }: ServiceReading): string => service.spec.selector?.[POD_TEMPLATE_HASH] ?? ''

/** Services by which users may come. */
const usersOf = (world: World): readonly ServiceReading[] =>
  Object.entries(world.services)
    .filter(
      ([name, { service }]) =>
        name !== world.rollout.spec.strategy?.blueGreen?.previewService &&
        (name === world.rollout.spec.strategy?.blueGreen?.activeService || service.metadata.annotations?.[MANAGED_BY]),
    )
    .map(([, reading]) => reading)

/** A revision that users may reach, by a selector or by endpoints that lag behind it. */
export const reachesUsers = (world: World, rs: ReplicaSet): boolean =>
  usersOf(world).some(
    (reading) => selectorOf(reading) === hashOf(rs) || (reading.readyEndpoints[rs.metadata.name] ?? 0) > 0,
  )

/** Users are sent only where a pod answers, and to no new pod before they are meant to. */
const S1: Invariant = ({ truth: { world }, action }) => {
  if (desired(world) === 0) return undefined
  if (action.do === 'select' && isForUsers(world, action.service))
    return available(setOf(world, action.podHash)) > 0
      ? undefined
      : `${action.service} names ${action.podHash} without a pod`
  const stable = setOf(world, world.rollout.status?.stableRS ?? '')
  const active = world.services[world.rollout.spec.strategy?.blueGreen?.activeService ?? '']
  const unbound = active !== undefined && selectorOf(active) === ''
  const isNew = action.do === 'scale' && hashOf(action.replicaSet) === world.rollout.status?.currentPodHash
  if (!isNew || !unbound || available(stable) === 0 || stable === action.replicaSet) return undefined
  if (hashOf(action.replicaSet) === world.rollout.status?.stableRS) return undefined
  // One more pod while the ones that users reach already are restarted.
  if (action.annotations[RESTART_SURGE] !== undefined) return undefined
  return action.to > spec(action.replicaSet) ? 'new pods while users may come to any' : undefined
}

const isForUsers = (world: World, name: string): boolean =>
  usersOf(world).some(({ service }) => service.metadata.name === name)

/** Users change their revision only for one that is as ready; an abort takes what stable has. */
const S4: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'select' || !isForUsers(world, action.service)) return undefined
  const reading = world.services[action.service]
  if (action.podHash === world.rollout.status?.stableRS && isTakenBack(world)) return undefined
  const named = reading ? selectorOf(reading) : ''
  const before = named === '' ? total(world.replicaSets.map(available)) : available(setOf(world, named))
  const after = available(setOf(world, action.podHash))
  return after >= Math.min(before, desired(world)) ? undefined : `${action.service}: from ${before} to ${after} pods`
}

/** Aborted, or about to be with this very pass. */
const isTakenBack = ({ rollout, analysisRuns }: World): boolean =>
  rollout.status?.abort === true ||
  rollout.spec.progressDeadlineAbort === true ||
  rollout.metadata.annotations?.[ABORT_REQUESTS] !== undefined ||
  analysisRuns.some(({ status }) => status?.phase === 'Failed' || status?.phase === 'Error')

/** What users may reach does not go. */
const S6: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'scale' || action.to > 0 || desired(world) === 0) return undefined
  const live = setOf(world, hashOf(action.replicaSet))
  return live && reachesUsers(world, live) ? `${hashOf(live)} goes to 0 while users reach it` : undefined
}

/** What users have is never made less than what is wanted. */
const S7: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'scale' || action.to >= spec(action.replicaSet) || action.to >= desired(world)) return undefined
  const live = setOf(world, hashOf(action.replicaSet))
  return live && usersOf(world).some((reading) => selectorOf(reading) === hashOf(live))
    ? `${hashOf(live)} shrinks to ${action.to} of ${desired(world)}`
    : undefined
}

/** After an abort nothing of that revision grows, and no user gets it. */
const S8: Invariant = ({ truth: { world }, action, aborted }) => {
  if (!aborted) return undefined
  if (action.do === 'scale' && hashOf(action.replicaSet) === aborted.podHash && action.to > spec(action.replicaSet))
    return `aborted ${aborted.podHash} grows to ${action.to}`
  const isNamed = action.do === 'select' && action.podHash === aborted.podHash && isForUsers(world, action.service)
  return isNamed ? `${action.service} names the aborted revision` : undefined
}

/** A Service that names a revision is given back only when every pod that it then takes has proven itself. */
const release: Invariant = ({ truth: { world }, action }) => {
  const reading = action.do === 'release' ? world.services[action.service] : undefined
  if (action.do !== 'release' || !reading || selectorOf(reading) === '') return undefined
  const { stableRS } = world.rollout.status ?? {}
  const strangers = world.replicaSets.filter((rs) => hashOf(rs) !== stableRS && available(rs) > 0)
  return strangers.length > 0
    ? `${action.service} is given back with pods of ${strangers.map(hashOf).join()}`
    : undefined
}

export const blueGreenInvariants: Readonly<Record<string, Invariant>> = { S1, S4, S6, S7, S8, release }
