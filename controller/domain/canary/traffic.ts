/** What all routers of a canary carry together, derived once per pass from their readings. It wants nothing and concludes nothing. */
import type { PresentRoute } from '../../api/traffic.ts'
import type { World } from '../world.ts'
import { judgePropagation } from './propagation.ts'

export interface TrafficView {
  /** Canary weight written in the routers; the highest of several. Undefined when unreadable or not routed. */
  readonly programmed: number | undefined
  /** The same, but 0 when none of the routers' objects exists any more: nothing is sent through what is not there. */
  readonly carried: number | undefined
  /** Weights of Services that play neither role, by name; the highest of several. */
  readonly additional: Readonly<Record<string, number>>
  /** Managed routes on record in any router: each may send to the canary, whatever the weight. */
  readonly presentRoutes: readonly PresentRoute[]
  /** No router reports an older state than the one that is written, or a problem. */
  readonly settled: boolean
  /** Settled, and what no router can confirm has had its time: nothing else than what is written can be served. */
  readonly arrived: boolean
}

export function viewTraffic(world: World): TrafficView {
  const { routes } = world
  const present = routes.filter(({ isGone }) => !isGone)
  const weights = present.flatMap(({ programmedCanary }) => (programmedCanary === undefined ? [] : [programmedCanary]))
  const programmed = present.length > 0 && weights.length === present.length ? Math.max(...weights) : undefined
  const additional: Record<string, number> = {}
  for (const [service, weight] of present.flatMap((route) => Object.entries(route.additional ?? {})))
    additional[service] = Math.max(weight, additional[service] ?? 0)
  return {
    programmed,
    carried: routes.length > 0 && present.length === 0 ? 0 : programmed,
    additional,
    presentRoutes: present.flatMap(({ managedRoutes = [] }) => managedRoutes),
    settled: routes.every(({ confirmation, problem }) => confirmation !== 'pending' && problem === undefined),
    arrived: judgePropagation(world).arrived,
  }
}

/** Nothing can reach the canary Service's pods through a router, now or later. */
export const isQuiet = ({ carried, presentRoutes, arrived }: TrafficView): boolean =>
  carried === 0 && presentRoutes.length === 0 && arrived
