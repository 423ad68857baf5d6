/**
 * Whether what routers were told has reached the data plane. A router that reports it is believed; for one that cannot, time has to pass since its
 * objects were found to say this, and that moment is kept in an annotation so that it survives us. Until then traffic may still go where it went
 * before: capacity and identity wait (S4, S5), steps do not.
 *
 *   confirmation   objects say what the annotation says   floor over | arrived
 *   confirmed      -                                       -          | yes
 *   pending        -                                       -          | no
 *   unknown        no                                      -          | no, and the annotation is written
 *   unknown        yes                                     no         | no, look again at its end
 *   unknown        yes                                     yes        | yes
 */
import { z } from 'zod'
import { PROPAGATION, PROPAGATION_SECONDS } from '../../api/labels.ts'
import { formatInstant, parseInstant } from '../../api/scalars.ts'
import type { Part } from '../plan.ts'
import type { RouteReading, World } from '../world.ts'

const DEFAULT_FLOOR_MS = 30_000
const recordSchema = z.object({ says: z.string(), since: z.string() })

export interface Propagation {
  /** Every router serves what its objects say. */
  readonly arrived: boolean
  readonly part: Part
}

export function judgePropagation(world: World): Propagation {
  const isPending = world.routes.some(({ confirmation }) => confirmation === 'pending')
  const unknown = world.compat === 'argo' ? [] : world.routes.filter(({ confirmation }) => confirmation === 'unknown')
  if (unknown.length === 0) return { arrived: !isPending, part: forget(world) }
  const says = JSON.stringify(unknown.map(contentOf))
  const since = sinceWhen(world, says)
  if (since === undefined) {
    const record = JSON.stringify({ says, since: formatInstant(world.now + 999) })
    return { arrived: false, part: { actions: [{ do: 'annotateRollout', annotations: { [PROPAGATION]: record } }] } }
  }
  const atMs = since + floorMs(world, unknown)
  if (world.now < atMs) return { arrived: false, part: { wakeAtMs: atMs } }
  return { arrived: !isPending, part: {} }
}

function forget({ rollout }: World): Part {
  if (rollout.metadata.annotations?.[PROPAGATION] === undefined) return {}
  return { actions: [{ do: 'annotateRollout', annotations: { [PROPAGATION]: null } }] }
}

const contentOf = ({ router, programmedCanary, additional, managedRoutes, isGone, subsets }: RouteReading): unknown => [
  router,
  programmedCanary ?? null,
  additional ?? {},
  (managedRoutes ?? []).map(({ route, intact }) => [route.name, intact]),
  isGone === true,
  ...(subsets ? [subsets.stable.podHash, subsets.canary.podHash] : []),
]

/** Undefined when the record tells of something else, or cannot be read: then the time starts anew. */
function sinceWhen({ rollout }: World, says: string): number | undefined {
  try {
    const record = recordSchema.safeParse(JSON.parse(rollout.metadata.annotations?.[PROPAGATION] ?? 'null'))
    return record.success && record.data.says === says ? parseInstant(record.data.since) : undefined
  } catch {
    return undefined
  }
}

/** What the Rollout says, else the slowest router's own figure, else the default. */
function floorMs({ rollout }: World, unknown: readonly RouteReading[]): number {
  const asked = Number(rollout.metadata.annotations?.[PROPAGATION_SECONDS])
  if (rollout.metadata.annotations?.[PROPAGATION_SECONDS] && Number.isFinite(asked) && asked >= 0) return asked * 1000
  return Math.max(...unknown.map(({ propagationMs }) => propagationMs ?? DEFAULT_FLOOR_MS))
}
