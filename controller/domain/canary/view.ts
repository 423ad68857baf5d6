/**
 * The facts about a canary that several decisions share, derived once per pass from the World: sizes, weights, services, attempt. It
 * concludes nothing about what to do next.
 */
import type { CanaryStep, CanaryStrategy, RolloutStatus } from '../../api/rollout.ts'
import type { Lifecycle, Mode } from '../lifecycle.ts'
import { availableReplicas, meetsThreshold, podsForWeight } from '../replicas.ts'
import { podHashOf, type Revisions } from '../revisions.ts'
import type { World } from '../world.ts'
import { canaryScaleAt, weightAt } from './steps.ts'

export interface CanaryView extends Revisions {
  readonly world: World
  readonly status: RolloutStatus
  readonly strategy: CanaryStrategy
  readonly lifecycle: Lifecycle
  readonly mode: Mode
  readonly steps: readonly CanaryStep[]
  /** Index of the step in force, 0 … steps.length. */
  readonly stepIndex: number
  readonly step: CanaryStep | undefined
  readonly promoteFull: boolean
  /** spec.replicas. */
  readonly replicas: number
  readonly maxWeight: number
  /** A traffic router carries the weights. */
  readonly routed: boolean
  /** Canary weight written in the routers; the highest of several. Undefined when unreadable or not routed. */
  readonly programmed: number | undefined
  /** No router reports an older state than the one that is written. */
  readonly settled: boolean
  readonly canaryService: ServiceFacts | undefined
  readonly stableService: ServiceFacts | undefined
}

export interface ServiceFacts {
  readonly name: string
  /** Pod hash that the selector names; '' when it names none. */
  readonly podHash: string
  readonly readyEndpoints: Readonly<Record<string, number>>
}

export function viewCanary(
  world: World,
  revisions: Revisions,
  lifecycle: Lifecycle,
  strategy: CanaryStrategy,
): CanaryView {
  const status = world.rollout.status ?? {}
  const steps = strategy.steps ?? []
  const stepIndex = indexInForce(lifecycle.mode, status, steps.length)
  const readings = world.routes.map((route) => route.programmedCanary)
  const readable = readings.every((weight) => weight !== undefined)
  return {
    ...revisions,
    world,
    status,
    strategy,
    lifecycle,
    mode: lifecycle.mode,
    steps,
    stepIndex,
    step: steps[stepIndex],
    promoteFull: status.promoteFull === true && lifecycle.mode === 'updating',
    replicas: world.rollout.spec.replicas ?? 1,
    maxWeight: strategy.trafficRouting?.maxTrafficWeight ?? 100,
    routed: strategy.trafficRouting !== undefined,
    programmed: readable && readings.length > 0 ? Math.max(...readings.map((weight) => weight ?? 0)) : undefined,
    settled: world.routes.every((route) => route.confirmation !== 'pending'),
    canaryService: serviceFacts(world, strategy.canaryService),
    stableService: serviceFacts(world, strategy.stableService),
  }
}

function indexInForce(mode: Mode, status: RolloutStatus, count: number): number {
  if (mode === 'aborted') return 0
  if (mode === 'initial' || mode === 'steady') return count
  return Math.min(Math.max(status.currentStepIndex ?? 0, 0), count)
}

function serviceFacts(world: World, name: string | undefined): ServiceFacts | undefined {
  // A Service may be named like what every object inherits.
  const reading = name !== undefined && Object.hasOwn(world.services, name) ? world.services[name] : undefined
  if (name === undefined || !reading) return undefined
  const podHash = reading.service.spec.selector?.['rollouts-pod-template-hash'] ?? ''
  return { name, podHash, readyEndpoints: reading.readyEndpoints }
}

/** Ready endpoints of a revision behind a Service; 0 when either does not exist. */
export const endpointsOf = (service: ServiceFacts | undefined, replicaSetName: string | undefined): number =>
  (replicaSetName === undefined ? undefined : service?.readyEndpoints[replicaSetName]) ?? 0

/** Weight that the step in force asks for; all of it once everything is promoted or asked for. */
export const wantedWeight = (view: CanaryView): number =>
  view.promoteFull ? view.maxWeight : weightAt(view.steps, view.stepIndex, view.maxWeight)

/** Pods that the canary is to have at the step in force, with a router. */
export function wantedCanaryPods(view: CanaryView): number {
  const { replicas, maxWeight, strategy } = view
  if (view.mode !== 'updating' || view.promoteFull) return replicas
  const scale = canaryScaleAt(view.steps, view.stepIndex)
  if (scale === 'matchTrafficWeight')
    return podsForWeight(replicas, wantedWeight(view), maxWeight, strategy.minPodsPerReplicaSet)
  return 'replicas' in scale
    ? scale.replicas
    : podsForWeight(replicas, scale.weight, 100, strategy.minPodsPerReplicaSet)
}

/** Enough of the revision's pods are available for `desired`. */
export const isReadyFor = (view: CanaryView, desired: number): boolean =>
  meetsThreshold(availableReplicas(view.newRs), desired, view.strategy.replicaProgressThreshold)

export const hashOf = (rs: Parameters<typeof podHashOf>[0] | undefined): string => (rs ? podHashOf(rs) : '')
