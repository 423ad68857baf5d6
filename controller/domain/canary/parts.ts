/**
 * What plays the stable and the canary part now: two Services, or two subsets of one Service where a router tells pods apart by itself. Services
 * that are named beside subsets play the same parts. It reads only; when one is pointed at another revision is decided in `services.ts`.
 */
import type { Subsets } from '../../api/traffic.ts'
import { hashOf, type ServiceFacts, serviceFacts } from '../view.ts'
import type { World } from '../world.ts'
import { rolesOf } from './roles.ts'

export interface CanaryParts {
  readonly canaryService: ServiceFacts | undefined
  readonly stableService: ServiceFacts | undefined
}

export function partsOf(world: World): CanaryParts {
  const roles = rolesOf(world.rollout)
  const canaryService = serviceFacts(world, roles.canaryService)
  const stableService = serviceFacts(world, roles.stableService)
  const subsets = subsetsOf(world)
  if (!subsets) return { canaryService, stableService }
  return {
    canaryService: subsetFacts(world, subsets, 'canary', canaryService),
    stableService: subsetFacts(world, subsets, 'stable', stableService),
  }
}

/** One router at most has them. */
export const subsetsOf = ({ routes }: World): Subsets | undefined => routes.find(({ subsets }) => subsets)?.subsets

/** A Service that nobody knows has no endpoints: nothing is sent to it. */
function subsetFacts(
  { services, replicaSets }: World,
  subsets: Subsets,
  part: 'canary' | 'stable',
  service: ServiceFacts | undefined,
): ServiceFacts {
  const { name, podHash } = subsets[part]
  const taken = new Set(
    replicaSets.filter((rs) => podHash === '' || hashOf(rs) === podHash).map(({ metadata }) => metadata.name),
  )
  const ready = Object.hasOwn(services, subsets.service) ? services[subsets.service]?.readyEndpoints : undefined
  return {
    name: subsets.service,
    subset: name,
    podHash,
    readyEndpoints: Object.fromEntries(Object.entries(ready ?? {}).filter(([rs]) => taken.has(rs))),
    owner: subsets.owner,
    ...(subsets.isFixed ? { isFixed: true } : {}),
    beside: service ? [service] : [],
  }
}
