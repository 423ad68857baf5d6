/**
 * One pod more for a revision that is restarted and can spare none. It is recorded on the ReplicaSet together with its size, so that nothing else
 * has to know: every other decision sees the ReplicaSet without it. Which revision gets it is decided by `restart.ts`.
 *
 *   record   size         | the others see     | wanted: yes             no
 *   none     n            | n                  | n + 1, record n         -
 *   n        n + 1        | n                  | -                       n, no record
 *   n        any other    | the size (somebody | size + 1, record size   no record
 *                         | else scaled it)    |
 *
 * Another decision about the size ends the surge with the same write.
 */
import { RESTART_SURGE } from '../api/labels.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import { join, type Part } from './plan.ts'
import { specReplicas, sum } from './replicas.ts'
import { scaleTo } from './scale.ts'
import type { World } from './world.ts'

const recordOf = (rs: ReplicaSet): number => Number(rs.metadata.annotations?.[RESTART_SURGE] ?? Number.NaN)
const hasRecord = (rs: ReplicaSet): boolean => rs.metadata.annotations?.[RESTART_SURGE] !== undefined

const sized = (rs: ReplicaSet, replicas: number): ReplicaSet => ({ ...rs, spec: { ...rs.spec, replicas } })

/** The World as everybody but the restart sees it. */
export function withoutSurges(world: World): World {
  const isSurged = (rs: ReplicaSet) => specReplicas(rs) === recordOf(rs) + 1
  if (!world.replicaSets.some(isSurged)) return world
  return {
    ...world,
    replicaSets: world.replicaSets.map((rs) => (isSurged(rs) ? sized(rs, recordOf(rs)) : rs)),
  }
}

/** Pods that a ReplicaSet of such a World has really been asked for. */
export const askedFor = (rs: ReplicaSet): number => specReplicas(rs) + (specReplicas(rs) === recordOf(rs) ? 1 : 0)

/** Pods that restarts have added. */
export const countSurges = ({ replicaSets }: Pick<World, 'replicaSets'>): number =>
  sum(replicaSets.map((rs) => askedFor(rs) - specReplicas(rs)))

/** Gives `wanted` its extra pod, once those of others have been taken away; a ReplicaSet that `moves` writes to in this pass is left to them. */
export function decideSurge({ replicaSets }: World, wanted: ReplicaSet | undefined, moves: Part): Part {
  const written = new Set((moves.actions ?? []).flatMap((action) => nameOfWritten(action)))
  const free = replicaSets
    .filter((rs) => !written.has(rs.metadata.name))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const others = replicaSets.filter((rs) => rs !== wanted && hasRecord(rs))
  if (others.length > 0) return join(...free.filter((rs) => others.includes(rs)).map(end))
  return wanted && free.includes(wanted) ? begin(wanted) : {}
}

const nameOfWritten = (action: NonNullable<Part['actions']>[number]): readonly string[] =>
  'replicaSet' in action && typeof action.replicaSet !== 'string' ? [action.replicaSet.metadata.name] : []

const begin = (rs: ReplicaSet): Part =>
  askedFor(rs) > specReplicas(rs)
    ? {}
    : scaleTo(rs, specReplicas(rs) + 1, { [RESTART_SURGE]: String(specReplicas(rs)) })

function end(rs: ReplicaSet): Part {
  if (!hasRecord(rs)) return {}
  return scaleTo(sized(rs, askedFor(rs)), specReplicas(rs), { [RESTART_SURGE]: null })
}
