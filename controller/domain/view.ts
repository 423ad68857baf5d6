/**
 * The facts about a Rollout that every strategy shares, derived once per pass from the World. It concludes nothing about what to do next; what
 * only one strategy knows is added by that strategy's own view.
 */
import { POD_TEMPLATE_HASH } from '../api/labels.ts'
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

/** A Service that the strategy names, as it was observed. */
export interface ServiceFacts {
  readonly name: string
  /** Pod hash that the selector names; '' when it names none. */
  readonly podHash: string
  readonly readyEndpoints: Readonly<Record<string, number>>
}

/** Undefined when the strategy names no such Service, or it does not exist. */
export function serviceFacts(world: World, name: string | undefined): ServiceFacts | undefined {
  // A Service may be named like what every object inherits.
  const reading = name !== undefined && Object.hasOwn(world.services, name) ? world.services[name] : undefined
  if (name === undefined || !reading) return undefined
  const podHash = reading.service.spec.selector?.[POD_TEMPLATE_HASH] ?? ''
  return { name, podHash, readyEndpoints: reading.readyEndpoints }
}

/** Ready endpoints of a revision behind a Service; 0 when either does not exist. */
export const endpointsOf = (service: ServiceFacts | undefined, replicaSetName: string | undefined): number =>
  (replicaSetName === undefined ? undefined : service?.readyEndpoints[replicaSetName]) ?? 0

/** Some Service that the Rollout names, or named and still marks, selects the revision. */
export const isNamed = ({ services }: World, podHash: string, except?: string): boolean =>
  Object.values(services).some(
    ({ service }) => service.metadata.name !== except && service.spec.selector?.[POD_TEMPLATE_HASH] === podHash,
  )

export const hashOf = (rs: Parameters<typeof podHashOf>[0] | undefined): string => (rs ? podHashOf(rs) : '')
