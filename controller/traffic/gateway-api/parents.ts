/**
 * Whether the gateways that a route is attached to serve what is written in it, by what they report in its status. It believes nothing about parents
 * that the route does not name any more, and takes silence for silence.
 *
 *   reported for one parent, of this generation               then
 *   Accepted True, and whatever else is reported True          confirmed
 *   anything False                                             pending, and a problem in the gateway's words
 *   anything neither True nor False, or of a former one        pending
 *   Accepted without a generation, or nothing                  unknown: time decides
 */
import type { TrafficReading } from '../../api/traffic.ts'
import type { Target } from './layout.ts'
import type { GatewayRoute, ParentCondition, ParentRef, ParentStatus } from './objects.ts'

type Confirmation = TrafficReading['confirmation']
type Report = Pick<TrafficReading, 'confirmation' | 'problem'>

/** `Programmed` is no condition of routes, but some gateways report it, and it says the most. */
const CONDITIONS = ['Accepted', 'ResolvedRefs', 'Programmed']

/** All parents have to confirm. */
export function readParents(target: Target, route: GatewayRoute): Report {
  const reports = (route.spec?.parentRefs ?? []).map((parent) => readParent(target, route, parent))
  const slowest = (['pending', 'unknown', 'confirmed'] as const).find((state) =>
    reports.some(({ confirmation }) => confirmation === state),
  )
  const problem = reports.find((report) => report.problem !== undefined)?.problem
  return { confirmation: slowest ?? 'unknown', ...(problem === undefined ? {} : { problem }) }
}

/** Where several controllers speak of one parent, the one that is up to date does: the other has lost it. */
function readParent(target: Target, route: GatewayRoute, parent: ParentRef): Report {
  const own = identify(parent, route)
  const entries = (route.status?.parents ?? []).filter(
    ({ parentRef }) => parentRef !== undefined && identify(parentRef, route) === own,
  )
  const newest = Math.max(...entries.map(generationOf))
  const reports = entries
    .filter((entry) => generationOf(entry) === newest)
    .map((entry) => judge(target, route, parent, entry))
  return reports.find(({ problem }) => problem !== undefined) ?? reports[0] ?? { confirmation: 'unknown' }
}

const generationOf = ({ conditions = [] }: ParentStatus): number =>
  Math.max(-1, ...conditions.map(({ observedGeneration = -1 }) => observedGeneration))

function judge(
  { label }: Target,
  { metadata }: GatewayRoute,
  parent: ParentRef,
  { conditions = [] }: ParentStatus,
): Report {
  const generation = metadata.generation ?? 0
  const said = conditions.filter(({ type }) => CONDITIONS.includes(type))
  const refused = said.find(
    (condition) => condition.status === 'False' && judgeAge(condition, generation) === 'confirmed',
  )
  if (refused) {
    const reason = refused.message || 'no reason given'
    const problem = `${label}: parent "${parent.name}" reports ${refused.type} False: ${reason}`
    return { confirmation: 'pending', problem }
  }
  if (!said.some(({ type }) => type === 'Accepted')) return { confirmation: 'unknown' }
  const states = said.map((condition) =>
    condition.status === 'True' || condition.observedGeneration === undefined
      ? judgeAge(condition, generation)
      : 'pending',
  )
  return { confirmation: (['pending', 'unknown'] as const).find((state) => states.includes(state)) ?? 'confirmed' }
}

function judgeAge({ observedGeneration }: ParentCondition, generation: number): Confirmation {
  if (observedGeneration === undefined) return 'unknown'
  return observedGeneration < generation ? 'pending' : 'confirmed'
}

/** With what is left out filled in: a controller may repeat the reference in full. */
const identify = (
  { group = 'gateway.networking.k8s.io', kind = 'Gateway', namespace, name, sectionName, port }: ParentRef,
  { metadata }: GatewayRoute,
): string => JSON.stringify([group, kind, namespace ?? metadata.namespace, name, sectionName ?? '', port ?? 0])
