/** What rules read of a World, each in one place. Worked out from Kubernetes and Argo's API alone: no rule of the product is used. */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { Pod } from '../../controller/api/pod.ts'
import type { CanaryStep, ReplicaSet, Rollout } from '../../controller/api/rollout.ts'
import type { HttpRoute, World } from '../cluster/world.ts'

export const rolloutOf = ({ rollouts }: World): Rollout | undefined => rollouts.values().next().value
export const statusOf = (world: World): NonNullable<Rollout['status']> => rolloutOf(world)?.status ?? {}
export const wantedPods = (world: World): number => rolloutOf(world)?.spec.replicas ?? 1

/** Argo's own readings of evidence and revisions are asked for. */
export const isCompat = (world: World): boolean =>
  rolloutOf(world)?.metadata.annotations?.['penstock.dev/compat'] === 'argo'

/** An update is under way or was taken back: status tells two revisions apart. */
export const isBetweenRevisions = (world: World): boolean => {
  const { currentPodHash, stableRS } = statusOf(world)
  return stableRS !== undefined && currentPodHash !== undefined && stableRS !== currentPodHash
}

export const isOfExperiment = ({ metadata }: ReplicaSet): boolean =>
  (metadata.ownerReferences ?? []).some(({ kind }) => kind === 'Experiment')

export const podHashOf = ({ metadata }: { readonly metadata: ReplicaSet['metadata'] }): string | undefined =>
  metadata.labels?.[POD_TEMPLATE_HASH]

const isReady = ({ status, metadata }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')

const counted = new WeakMap<World['pods'], ReadonlyMap<string, number>>()

/** Pod hash → pods that are ready in truth, whatever any status or slice says of them. */
export function readyPods({ pods }: World): ReadonlyMap<string, number> {
  const known = counted.get(pods)
  if (known) return known
  const ready = new Map<string, number>()
  for (const pod of pods.values()) {
    const hash = podHashOf(pod) ?? ''
    if (isReady(pod)) ready.set(hash, (ready.get(hash) ?? 0) + 1)
  }
  counted.set(pods, ready)
  return ready
}

/** What the ReplicaSets of a revision ask for. */
export const askedPods = ({ replicaSets }: World, hash: string | undefined): number => {
  let sum = 0
  for (const rs of replicaSets.values()) if (podHashOf(rs) === hash) sum += rs.spec.replicas ?? 1
  return sum
}

export interface Roles {
  readonly stable: string | undefined
  readonly canary: string | undefined
}

/** Which Service plays which part; with ping-pong they change parts at each promotion, and `ping` begins as the canary's. */
export function rolesOf(world: World): Roles {
  const { canaryService, stableService, pingPong } = rolloutOf(world)?.spec.strategy?.canary ?? {}
  if (!pingPong) return { stable: stableService, canary: canaryService }
  const { pingService, pongService } = pingPong
  const isPingStable = statusOf(world).canary?.stablePingPong === 'ping'
  return isPingStable ? { stable: pingService, canary: pongService } : { stable: pongService, canary: pingService }
}

export type Rule = NonNullable<NonNullable<HttpRoute['spec']>['rules']>[number]

export const rulesOf = ({ httpRoutes }: World): readonly Rule[] =>
  [...httpRoutes.values()].flatMap(({ spec }) => spec?.rules ?? [])

/** A rule that divides requests between the two Services. */
export const isShared = ({ backendRefs = [] }: Rule, { stable, canary }: Roles): boolean =>
  [stable, canary].every((service) => backendRefs.some(({ name }) => name === service))

/** Percent of the requests of the shared rules that a Service gets: a weight that is not written is 1. */
export function shareOf(world: World, service: string | undefined, roles = rolesOf(world)): number {
  let largest = 0
  for (const rule of rulesOf(world)) {
    if (!isShared(rule, roles)) continue
    const { backendRefs = [] } = rule
    const sum = backendRefs.reduce((total, { weight = 1 }) => total + weight, 0)
    const own = backendRefs.reduce((total, { name, weight = 1 }) => (name === service ? total + weight : total), 0)
    if (sum > 0) largest = Math.max(largest, (own * 100) / sum)
  }
  return largest
}

export const stepsOf = (world: World): readonly CanaryStep[] => rolloutOf(world)?.spec.strategy?.canary?.steps ?? []

/** The last step up to the one in force that has `field`. */
export function lastStepWith(world: World, field: 'setWeight' | 'setCanaryScale'): CanaryStep | undefined {
  const steps = stepsOf(world)
  const index = statusOf(world).currentStepIndex ?? 0
  return steps.slice(0, index + 1).findLast((step) => step[field] !== undefined)
}
