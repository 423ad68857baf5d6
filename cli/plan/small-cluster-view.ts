/** The small world as a reader of a plan sees it: who gets which share of the requests, and how many pods each version has. Pure. */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { ReplicaSet } from '../../controller/api/rollout.ts'
import { rolesOf } from '../../controller/domain/canary/roles.ts'
import type { RouteReading, World } from '../../controller/domain/world.ts'
import type { SmallWorldState } from '../../controller/small-world/small-world.ts'
import type { PodCount } from './playback.ts'

const hashOf = ({ metadata }: ReplicaSet): string => metadata.labels?.[POD_TEMPLATE_HASH] ?? ''

export const countPods = (world: World, isCounted: (podHash: string) => boolean): PodCount => {
  const sets = world.replicaSets.filter((rs) => isCounted(hashOf(rs)))
  const sum = (of: (rs: ReplicaSet) => number | undefined): number =>
    sets.reduce((total, rs) => total + (of(rs) ?? 0), 0)
  return { wanted: sum(({ spec }) => spec.replicas), available: sum(({ status }) => status?.availableReplicas) }
}

/** Percent of the requests that reach pods of `podHash`: by the route's weights, by the active Service, or as its pods are among all. */
export function shareOf(world: World, podHash: string): number {
  const { canary, blueGreen } = world.rollout.spec.strategy ?? {}
  const [route] = world.routes
  if (blueGreen) return selects(world, blueGreen.activeService, podHash) ? 100 : 0
  if (route && canary?.trafficRouting) return shareOfRoute(world, route, podHash)
  const [fresh, all] = [countPods(world, (hash) => hash === podHash), countPods(world, () => true)]
  return all.available === 0 ? 0 : Math.round((100 * fresh.available) / all.available)
}

function shareOfRoute(world: World, route: RouteReading, podHash: string): number {
  const { maxTrafficWeight = 100 } = world.rollout.spec.strategy?.canary?.trafficRouting ?? {}
  const canaryWeight = route.programmedCanary ?? 0
  const others = Object.values(route.additional ?? {}).reduce((sum, weight) => sum + weight, 0)
  const { stableService, canaryService } = rolesOf(world.rollout)
  const { subsets } = route
  const isNew = (part: 'stable' | 'canary', service: string | undefined): boolean =>
    subsets ? subsets[part].podHash === podHash : selects(world, service, podHash)
  const weight =
    (isNew('canary', canaryService) ? canaryWeight : 0) +
    (isNew('stable', stableService) ? maxTrafficWeight - canaryWeight - others : 0)
  return Math.round((1000 * weight) / maxTrafficWeight) / 10
}

const selects = ({ services }: World, name: string | undefined, podHash: string): boolean =>
  services[name ?? '']?.service.spec.selector?.[POD_TEMPLATE_HASH] === podHash

/** The new version is stable and complete. */
export function isDone({ rollout }: SmallWorldState, formerHash: string): boolean {
  const { phase, stableRS, currentPodHash } = rollout.status ?? {}
  return phase === 'Healthy' && stableRS === currentPodHash && stableRS !== formerHash
}
