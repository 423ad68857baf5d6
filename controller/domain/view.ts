/**
 * The facts about a Rollout that every strategy shares, derived once per pass from the World. It concludes nothing about what to do next; what
 * only one strategy knows is added by that strategy's own view.
 */
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { RolloutStatus } from '../api/rollout.ts'
import type { Lifecycle, Mode } from './lifecycle.ts'
import { podHashOf, type Revisions } from './revisions.ts'
import type { World } from './world.ts'

export interface RolloutView extends Revisions {
  readonly world: World
  readonly status: RolloutStatus
  readonly lifecycle: Lifecycle
  readonly mode: Mode
  /** spec.replicas. */
  readonly replicas: number
  readonly specPaused: boolean
  /** A full promotion was asked for, and there is an update to promote. */
  readonly promoteFull: boolean
}

export function viewRollout(world: World, revisions: Revisions, lifecycle: Lifecycle): RolloutView {
  const status = world.rollout.status ?? {}
  return {
    ...revisions,
    world,
    status,
    lifecycle,
    mode: lifecycle.mode,
    replicas: world.rollout.spec.replicas ?? 1,
    specPaused: world.rollout.spec.paused === true,
    promoteFull: status.promoteFull === true && lifecycle.mode === 'updating',
  }
}

/** A Service that the strategy names, whole or a subset of it, as it was observed. */
export interface ServiceFacts {
  readonly name: string
  /** The subset's name; absent: the whole Service. */
  readonly subset?: string
  /** Pod hash that the selector, or the subset, names; '' when it names none. */
  readonly podHash: string
  /** By the name of the ReplicaSet; of a subset only those that it takes. */
  readonly readyEndpoints: Readonly<Record<string, number>>
  /** The Rollout whose mark it carries. */
  readonly owner: string | undefined
  /** It cannot be pointed at another revision, for a reason that is told elsewhere. */
  readonly isFixed?: boolean
  /** Services that play the same part as a subset: users may come through them too. */
  readonly beside: readonly ServiceFacts[]
}

/** Undefined when the strategy names no such Service, or it does not exist. */
export function serviceFacts(world: World, name: string | undefined): ServiceFacts | undefined {
  // A Service may be named like what every object inherits.
  const reading = name !== undefined && Object.hasOwn(world.services, name) ? world.services[name] : undefined
  if (name === undefined || !reading) return undefined
  const { spec, metadata } = reading.service
  const podHash = spec.selector?.[POD_TEMPLATE_HASH] ?? ''
  return {
    name,
    podHash,
    readyEndpoints: reading.readyEndpoints,
    owner: metadata.annotations?.[MANAGED_BY],
    beside: [],
  }
}

const allOf = (service: ServiceFacts | undefined): readonly ServiceFacts[] =>
  service ? [service, ...service.beside] : []

/** Everything that plays the part names the revision: whoever comes through it meets no other. */
export const isAllOf = (service: ServiceFacts | undefined, podHash: string): boolean =>
  service !== undefined && allOf(service).every((one) => one.podHash === podHash)

/** Something that plays the part names the revision: somebody may come to it. */
export const isNamedBy = (service: ServiceFacts | undefined, podHash: string): boolean =>
  allOf(service).some((one) => one.podHash === podHash)

/** What plays the part and does not name the revision yet. */
export const notNaming = (service: ServiceFacts | undefined, podHash: string): readonly ServiceFacts[] =>
  allOf(service).filter((one) => one.podHash !== podHash)

/** Such as `Service "shop"` or `subset "canary" of Service "shop"`. */
export const describeService = ({ name, subset }: ServiceFacts): string =>
  subset === undefined ? `Service "${name}"` : `subset "${subset}" of Service "${name}"`

/** Ready endpoints of a revision behind a Service; 0 when either does not exist. */
export const endpointsOf = (service: ServiceFacts | undefined, replicaSetName: string | undefined): number =>
  (replicaSetName === undefined ? undefined : service?.readyEndpoints[replicaSetName]) ?? 0

/** Some Service that the Rollout names, or named and still marks, or a router's subset selects the revision. */
export const isNamed = ({ services, routes }: World, podHash: string, except?: string): boolean =>
  Object.values(services).some(
    ({ service }) => service.metadata.name !== except && service.spec.selector?.[POD_TEMPLATE_HASH] === podHash,
  ) || routes.some(({ subsets }) => subsets?.stable.podHash === podHash || subsets?.canary.podHash === podHash)

export const hashOf = (rs: Parameters<typeof podHashOf>[0] | undefined): string => (rs ? podHashOf(rs) : '')
