/**
 * The safety invariants as functions over one write and the world as it truly is at that moment; named by their ids. They are written from the
 * invariants alone and share no rule with the code that they check.
 */
import { COLOR_STEP } from '../../../controller/api/color-step.ts'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import type { World } from '../../../controller/domain/world.ts'
import type { Truth } from '../../golden/world-machine.ts'
import { blueGreenInvariants, reachesUsers } from './blue-green/invariants.ts'

const hashOf = (rs: ReplicaSet): string => rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
const spec = (rs: ReplicaSet): number => rs.spec.replicas ?? 1
const available = (rs: ReplicaSet | undefined): number => rs?.status?.availableReplicas ?? 0
const setOf = (world: World, hash: string) => world.replicaSets.find((rs) => hashOf(rs) === hash)
const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0)

const canaryOf = (world: World) => world.rollout.spec.strategy?.canary
const maxWeightOf = (world: World): number => canaryOf(world)?.trafficRouting?.maxTrafficWeight ?? 100
const isRouted = (world: World): boolean => canaryOf(world)?.trafficRouting !== undefined
const desired = (world: World): number => world.rollout.spec.replicas ?? 1

/** What traffic for a part goes to: a Service, or a subset of one. */
interface Part {
  readonly service: string
  readonly subset?: string
  /** Pod hash that it names; '' for none. */
  readonly names: string
  /** Ready endpoints of what it names. */
  readonly ready: number
}

/** With ping-pong, status tells which Service is the stable one. */
function partsOf(world: World): { readonly stable: Part; readonly canary: Part } {
  const { pingPong, stableService, canaryService } = canaryOf(world) ?? {}
  const subsets = world.routes[0]?.subsets
  if (subsets) {
    const part = ({ name, podHash }: typeof subsets.stable) => ({
      ...readPart(world, subsets.service, podHash),
      subset: name,
    })
    return { stable: part(subsets.stable), canary: part(subsets.canary) }
  }
  const part = (service = '') =>
    readPart(world, service, world.services[service]?.service.spec.selector?.[POD_TEMPLATE_HASH] ?? '')
  if (!pingPong) return { stable: part(stableService), canary: part(canaryService) }
  const isPing = world.rollout.status?.canary?.stablePingPong === 'ping'
  const { pingService: ping, pongService: pong } = pingPong
  return isPing ? { stable: part(ping), canary: part(pong) } : { stable: part(pong), canary: part(ping) }
}

const readPart = (world: World, service: string, names: string): Part => ({
  service,
  names,
  ready: world.services[service]?.readyEndpoints[setOf(world, names)?.metadata.name ?? ''] ?? 0,
})

/** Services that are named beside subsets play the same parts. */
const besideOf = (world: World): readonly string[] => {
  const { stableService, canaryService } = canaryOf(world) ?? {}
  const named = world.routes[0]?.subsets ? [stableService, canaryService] : []
  return named.flatMap((name) => world.services[name ?? '']?.service.spec.selector?.[POD_TEMPLATE_HASH] ?? [])
}

const writtenCanary = (world: World): number => world.routes[0]?.programmedCanary ?? 0
/** What somebody made unreadable is put back as it was last on record: that raises nothing. */
const lastCanary = (world: World): number =>
  world.routes[0]?.programmedCanary ?? world.rollout.status?.canary?.weights?.canary.weight ?? 0
const canariesOf = ({ world, servedCanaries }: Truth): readonly number[] => [writtenCanary(world), ...servedCanaries]

/** Weight that a revision gets, written or still served, through either Service. */
export function weightOn(truth: Truth, hash: string): number {
  const { world } = truth
  if (world.rollout.spec.strategy?.blueGreen)
    return world.replicaSets.some((rs) => hashOf(rs) === hash && reachesUsers(world, rs)) ? maxWeightOf(world) : 0
  if (!isRouted(world)) return 0
  if (world.routes[0]?.isGone && truth.servedCanaries.length === 0) return 0
  const canaries = canariesOf(truth)
  const { stable, canary } = partsOf(world)
  const { servedBefore } = truth
  const viaCanary = [canary.names, ...servedBefore.canary].includes(hash) ? Math.max(...canaries) : 0
  const viaStable = [stable.names, ...servedBefore.stable].includes(hash)
    ? maxWeightOf(world) - Math.min(...canaries)
    : 0
  return Math.max(viaCanary, viaStable)
}

/** What an abort has been seen for; no later write may raise its weight or size. */
export interface Aborted {
  readonly podHash: string
}

type Checked = { readonly truth: Truth; readonly action: Action; readonly aborted: Aborted | undefined }
export type Invariant = (checked: Checked) => string | undefined

/** Canary weight above zero, and managed routes, only to a Service that has ready endpoints of what it names. */
const S1: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'route') return undefined
  const there = new Set((world.routes[0]?.managedRoutes ?? []).map(({ route }) => route.name))
  const opens = action.canary > writtenCanary(world) || action.managedRoutes.some(({ name }) => !there.has(name))
  if (!opens) return undefined
  const { names, ready } = partsOf(world).canary
  return ready > 0 ? undefined : `weight ${action.canary} for "${names}" without a ready endpoint`
}

const S2: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'route') return undefined
  const both = [action.canary, action.stable]
  const whole = both.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= maxWeightOf(world))
  return whole && total(both) === maxWeightOf(world) ? undefined : `weights ${both.join(' + ')}`
}

/**
 * No weight is ever raised above the share of available pods: the canary's never, stable's where stable gave pods up. What cannot carry its share
 * itself may be left, or requests would fail for certain.
 */
const S3: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'route') return undefined
  const before = lastCanary(world)
  const { stable, canary } = partsOf(world)
  const podsBehind = ({ names, ready }: Part) => Math.min(available(setOf(world, names)), ready)
  const needed = (weight: number) => Math.ceil((desired(world) * weight) / maxWeightOf(world))
  if (action.canary > before) {
    const there = podsBehind(canary)
    return there >= needed(action.canary) ? undefined : `weight ${action.canary} on ${there} pods`
  }
  if (action.canary === before || canaryOf(world)?.dynamicStableScale !== true) return undefined
  const leavesAble = podsBehind(canary) >= needed(before)
  const there = podsBehind(stable)
  const sameBehind = stable.names === canary.names
  if (!leavesAble || sameBehind || stable.names === '' || there >= needed(action.stable)) return undefined
  return `stable gets weight ${action.stable} on ${there} pods`
}

/** Pods go only as far as what is written and what may still be served leave some over. */
const S5: Invariant = ({ truth, action }) => {
  const { world } = truth
  if (action.do !== 'scale' || !isRouted(world) || action.to >= spec(action.replicaSet)) return undefined
  const hash = hashOf(action.replicaSet)
  const needed = Math.ceil((desired(world) * weightOn(truth, hash)) / maxWeightOf(world))
  const managed = truth.servesManaged && partsOf(world).canary.names === hash && desired(world) > 0
  const least = Math.max(needed, managed ? 1 : 0)
  return action.to >= least ? undefined : `${hash} goes to ${action.to} pods while its traffic needs ${least}`
}

/** A Service changes its revision only while no traffic reaches it, or to a set that is as ready as the one before. */
const S4: Invariant = ({ truth, action }) => {
  const { world } = truth
  if (action.do !== 'select' || !isRouted(world)) return undefined
  const { stable, canary } = partsOf(world)
  const isBeside = world.routes[0]?.subsets !== undefined && action.subset === undefined
  const isCanary = isBeside
    ? action.service === canaryOf(world)?.canaryService
    : action.service === canary.service && action.subset === canary.subset
  const written = canariesOf(truth)
  const managed = truth.servesManaged ? 1 : 0
  const reached = isCanary ? Math.max(managed, ...written) : maxWeightOf(world) - Math.min(...written)
  const before = available(setOf(world, (isCanary ? canary : stable).names))
  const after = available(setOf(world, action.podHash))
  if (reached === 0 || after >= Math.min(before, desired(world))) return undefined
  return `Service ${action.service} at weight ${reached} goes from ${before} to ${after} available pods`
}

/** What a Service names, or a weight reaches, is not taken away. */
const S6: Invariant = ({ truth, action }) => {
  const { world } = truth
  if (action.do !== 'scale' || action.to > 0 || !isRouted(world) || desired(world) === 0) return undefined
  const hash = hashOf(action.replicaSet)
  const { stable, canary } = partsOf(world)
  const naming = [canary, stable]
    .filter(({ names }) => names === hash)
    .map(({ service, subset = '' }) => service + subset)
  const isNamed = naming.length > 0 || besideOf(world).includes(hash)
  return isNamed ? `${hash} goes to 0 while ${naming.join(', ') || 'a Service'} names it` : undefined
}

/** After an abort nothing of that revision grows. */
const S8: Invariant = ({ truth, action, aborted }) => {
  if (!aborted) return undefined
  const { world } = truth
  if (action.do === 'scale' && hashOf(action.replicaSet) === aborted.podHash && action.to > spec(action.replicaSet))
    return `aborted ${aborted.podHash} grows to ${action.to}`
  const names = partsOf(world).canary.names === aborted.podHash
  if (action.do === 'route' && names && action.canary > lastCanary(world))
    return `aborted ${aborted.podHash} gets weight ${action.canary}`
  if (action.do === 'select' && action.podHash === aborted.podHash) return `${action.service} names aborted revision`
  return undefined
}

/**
 * No route leads to what was promoted or taken back, and none is written that no step has declared, or that a step has taken back. A full promotion
 * writes none that is not there already.
 */
const S21: Invariant = ({ truth: { world }, action, aborted }) => {
  if (action.do !== 'route' || action.managedRoutes.length === 0) return undefined
  const { stableRS, currentPodHash, currentStepIndex } = world.rollout.status ?? {}
  const names = action.managedRoutes.map(({ kind, name }) => `${kind} ${name}`)
  if (aborted || stableRS === currentPodHash) return `${names.join(', ')} without an update`
  const there = new Set((world.routes[0]?.managedRoutes ?? []).map(({ route }) => JSON.stringify(route)))
  const isAdded = action.managedRoutes.some((route) => !there.has(JSON.stringify(route)))
  if (world.rollout.status?.promoteFull && isAdded) return `${names.join(', ')} are more than there were`
  const said = new Map<string, string>()
  const begun = (canaryOf(world)?.steps ?? []).slice(0, (currentStepIndex ?? 0) + 1)
  for (const { setHeaderRoute, setMirrorRoute, plugin } of begun) {
    const color = plugin?.name === COLOR_STEP ? (plugin.config as typeof setHeaderRoute) : undefined
    for (const [kind, step] of Object.entries({ header: setHeaderRoute, mirror: setMirrorRoute, color }))
      if (step) said.set(step.name, (step.match ?? []).length > 0 ? `${kind} ${step.name}` : '')
  }
  const undeclared = names.filter((name) => ![...said.values()].includes(name))
  return undeclared.length > 0 ? `${undeclared.join(', ')} at step ${currentStepIndex}` : undefined
}

function budget(world: World): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge = '25%', maxUnavailable = '25%' } = canaryOf(world) ?? {}
  const size = (value: number | string, round: (x: number) => number): number =>
    typeof value === 'number' ? value : round((Number.parseInt(value, 10) * desired(world)) / 100)
  const [surge, unavailable] = [size(maxSurge, Math.ceil), size(maxUnavailable, Math.floor)]
  return surge + unavailable === 0 ? { surge: 0, unavailable: 1 } : { surge, unavailable }
}

/**
 * Without a router: growth stays within R + maxSurge; a write never takes availability below R − maxUnavailable. Going back to stable grows it
 * at once, as in Argo: getting well is not delayed for a surge.
 */
const S7: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'scale' || isRouted(world)) return undefined
  const { surge, unavailable } = budget(world)
  const others = world.replicaSets.filter((rs) => hashOf(rs) !== hashOf(action.replicaSet))
  const live = setOf(world, hashOf(action.replicaSet))
  const grows = action.to > spec(action.replicaSet)
  const size = total(others.map(spec)) + action.to
  const isStable = hashOf(action.replicaSet) === world.rollout.status?.stableRS
  if (grows && !isStable && size > desired(world) + surge) return `${size} pods of ${desired(world)} + ${surge}`
  const before = total(world.replicaSets.map(available))
  const after = total(others.map(available)) + Math.min(available(live), action.to)
  const floor = Math.min(before, desired(world) - unavailable)
  return after < floor ? `${after} available pods, at least ${floor} are to stay` : undefined
}

/** A restart leaves as many available pods as an update has to. */
const S7OfRestart: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'evict') return undefined
  const isReady = ({ status }: (typeof action.pods)[number]) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  const before = total(world.replicaSets.map(available))
  const after = before - action.pods.filter(isReady).length
  const floor = Math.min(before, desired(world) - budget(world).unavailable)
  return after < floor ? `${after} available pods after evictions, at least ${floor} are to stay` : undefined
}

export const invariants: Readonly<Record<string, Invariant>> = { S1, S2, S3, S4, S5, S6, S7, S7OfRestart, S8, S21 }

export function checkWrite(checked: Checked): void {
  const isBlueGreen = checked.truth.world.rollout.spec.strategy?.blueGreen !== undefined
  for (const [id, invariant] of Object.entries(isBlueGreen ? blueGreenInvariants : invariants)) {
    const breach = invariant(checked)
    if (breach !== undefined) throw new Error(`${id}: ${breach}`)
  }
}
