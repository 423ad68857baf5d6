/**
 * The safety invariants as functions over one write and the world as it truly is at that moment; named by their ids. They are written from the
 * invariants alone and share no rule with the code that they check.
 */
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import type { World } from '../../../controller/domain/world.ts'
import type { Truth } from '../../golden/world-machine.ts'

const hashOf = (rs: ReplicaSet): string => rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
const spec = (rs: ReplicaSet): number => rs.spec.replicas ?? 1
const available = (rs: ReplicaSet | undefined): number => rs?.status?.availableReplicas ?? 0
const setOf = (world: World, hash: string) => world.replicaSets.find((rs) => hashOf(rs) === hash)
const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0)

const canaryOf = (world: World) => world.rollout.spec.strategy?.canary
const maxWeightOf = (world: World): number => canaryOf(world)?.trafficRouting?.maxTrafficWeight ?? 100
const isRouted = (world: World): boolean => canaryOf(world)?.trafficRouting !== undefined
const desired = (world: World): number => world.rollout.spec.replicas ?? 1
const selectorOf = (world: World, service: string | undefined): string =>
  (service === undefined ? undefined : world.services[service]?.service.spec.selector?.[POD_TEMPLATE_HASH]) ?? ''

/** Weight that a revision gets, written or still served, through either Service. */
export function weightOn(truth: Truth, hash: string): number {
  const { world } = truth
  if (!isRouted(world)) return 0
  const canaries = [world.routes[0]?.programmedCanary ?? 0, ...truth.servedCanaries]
  const viaCanary = selectorOf(world, canaryOf(world)?.canaryService) === hash ? Math.max(...canaries) : 0
  const viaStable =
    selectorOf(world, canaryOf(world)?.stableService) === hash ? maxWeightOf(world) - Math.min(...canaries) : 0
  return Math.max(viaCanary, viaStable)
}

/** What an abort has been seen for; no later write may raise its weight or size. */
export interface Aborted {
  readonly podHash: string
}

type Checked = { readonly truth: Truth; readonly action: Action; readonly aborted: Aborted | undefined }
type Invariant = (checked: Checked) => string | undefined

/** Canary weight above zero only to a Service that has ready endpoints of what it names. */
const S1: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'route' || action.canary === 0) return undefined
  if (action.canary <= (world.routes[0]?.programmedCanary ?? 0)) return undefined
  const service = canaryOf(world)?.canaryService ?? ''
  const name = setOf(world, selectorOf(world, service))?.metadata.name ?? ''
  const ready = world.services[service]?.readyEndpoints[name] ?? 0
  return ready > 0 ? undefined : `weight ${action.canary} for "${name}" without a ready endpoint`
}

const S2: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'route') return undefined
  const both = [action.canary, action.stable]
  const whole = both.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= maxWeightOf(world))
  return whole && total(both) === maxWeightOf(world) ? undefined : `weights ${both.join(' + ')}`
}

/** The canary's weight is never raised above its share of available pods. */
const S3: Invariant = ({ truth: { world }, action }) => {
  if (action.do !== 'route' || action.canary <= (world.routes[0]?.programmedCanary ?? 0)) return undefined
  const needed = Math.ceil((desired(world) * action.canary) / maxWeightOf(world))
  const there = available(setOf(world, selectorOf(world, canaryOf(world)?.canaryService)))
  return there >= needed ? undefined : `weight ${action.canary} on ${there} of ${needed} pods`
}

/** A Service changes its revision only while no traffic reaches it, or to a set that is as ready as the one before. */
const S4: Invariant = ({ truth, action }) => {
  const { world } = truth
  if (action.do !== 'select' || !isRouted(world)) return undefined
  const isCanary = action.service === canaryOf(world)?.canaryService
  const written = [world.routes[0]?.programmedCanary ?? 0, ...truth.servedCanaries]
  const reached = isCanary ? Math.max(...written) : maxWeightOf(world) - Math.min(...written)
  const before = available(setOf(world, selectorOf(world, action.service)))
  const after = available(setOf(world, action.podHash))
  if (reached === 0 || after >= Math.min(before, desired(world))) return undefined
  return `Service ${action.service} at weight ${reached} goes from ${before} to ${after} available pods`
}

/** What a Service names, or a weight reaches, is not taken away. */
const S6: Invariant = ({ truth, action }) => {
  const { world } = truth
  if (action.do !== 'scale' || action.to > 0 || !isRouted(world) || desired(world) === 0) return undefined
  const hash = hashOf(action.replicaSet)
  const naming = [canaryOf(world)?.canaryService, canaryOf(world)?.stableService].filter(
    (service) => selectorOf(world, service) === hash,
  )
  return naming.length > 0 ? `${hash} goes to 0 while ${naming.join(', ')} names it` : undefined
}

/** After an abort nothing of that revision grows. */
const S8: Invariant = ({ truth, action, aborted }) => {
  if (!aborted) return undefined
  const { world } = truth
  if (action.do === 'scale' && hashOf(action.replicaSet) === aborted.podHash && action.to > spec(action.replicaSet))
    return `aborted ${aborted.podHash} grows to ${action.to}`
  const names = selectorOf(world, canaryOf(world)?.canaryService) === aborted.podHash
  if (action.do === 'route' && names && action.canary > (world.routes[0]?.programmedCanary ?? 0))
    return `aborted ${aborted.podHash} gets weight ${action.canary}`
  if (action.do === 'select' && action.podHash === aborted.podHash) return `${action.service} names aborted revision`
  return undefined
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

export const invariants: Readonly<Record<string, Invariant>> = { S1, S2, S3, S4, S6, S7, S8 }

export function checkWrite(checked: Checked): void {
  for (const [id, invariant] of Object.entries(invariants)) {
    const breach = invariant(checked)
    if (breach !== undefined) throw new Error(`${id}: ${breach}`)
  }
}
