/**
 * Pod counts as writes: bringing a ReplicaSet to a size, and retiring one that served with the delay that it is owed. How many pods a revision
 * gets is decided by the strategies.
 */
import { DESIRED_REPLICAS, RESTART_SURGE, SCALE_DOWN_DEADLINE } from '../api/labels.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import { formatInstant, parseInstant } from '../api/scalars.ts'
import { type Action, type AnnotationPatch, join, type Part } from './plan.ts'
import { specReplicas } from './replicas.ts'
import { revisionOf } from './revisions.ts'
import type { RolloutView } from './view.ts'

export const DEFAULT_DELAY_SECONDS = 30

/**
 * Brings a live revision to `to` pods, keeps Argo's bookkeeping annotation in step, and takes back a pending scale-down, unless the strategy still
 * needs to know of it.
 */
export function scale(view: RolloutView, rs: ReplicaSet, to: number, { keepsDeadline = false } = {}): Part {
  const desired = String(view.replicas)
  const isLive = rs === view.newRs || rs === view.stableRs
  const tracked =
    isLive && rs.metadata.annotations?.[DESIRED_REPLICAS] !== desired ? { [DESIRED_REPLICAS]: desired } : {}
  const revived = keepsDeadline ? {} : withoutDeadline(rs)
  return scaleTo(rs, to, { ...tracked, ...revived })
}

export function scaleTo(rs: ReplicaSet, to: number, annotations: AnnotationPatch): Part {
  const from = specReplicas(rs)
  if (from === to) {
    if (Object.keys(annotations).length === 0) return {}
    return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }] }
  }
  const action: Action = { do: 'scale', replicaSet: rs, to, annotations: { ...withoutSurge(rs), ...annotations } }
  const direction = to > from ? 'up' : 'down'
  const message = `Scaled ${direction} ReplicaSet ${rs.metadata.name} (revision ${revisionOf(rs)}) from ${from} to ${to}`
  return { actions: [action], events: [{ type: 'Normal', reason: 'ScalingReplicaSet', message, action }] }
}

/** A size that somebody decides on is meant as it is. */
const withoutSurge = (rs: ReplicaSet): AnnotationPatch =>
  rs.metadata.annotations?.[RESTART_SURGE] === undefined ? {} : { [RESTART_SURGE]: null }

export interface Retirement {
  /** Between "nothing can reach it any more" and 0 pods; 30 when absent, 0: at once. */
  readonly delaySeconds?: number | undefined
  /** Traffic may still come to this ReplicaSet: its clock does not run. */
  readonly isReached: (rs: ReplicaSet) => boolean
}

/** Towards 0: first nothing may send to it, then the delay runs, then it goes. The clock is an annotation, so it survives us. */
export function retire(view: RolloutView, rs: ReplicaSet, { delaySeconds, isReached }: Retirement): Part {
  if (specReplicas(rs) === 0 || isReached(rs)) return clearDeadline(rs)
  if (delaySeconds === 0) return scaleTo(rs, 0, withoutDeadline(rs))
  const deadline = parseInstant(rs.metadata.annotations?.[SCALE_DOWN_DEADLINE])
  if (deadline === undefined) return startDelay(view, rs, delaySeconds)
  if (view.world.now < deadline) return { wakeAtMs: deadline }
  return scaleTo(rs, 0, { [SCALE_DOWN_DEADLINE]: null })
}

/** The clock of a retirement starts now; 30 seconds when absent. */
export function startDelay(view: RolloutView, rs: ReplicaSet, delaySeconds = DEFAULT_DELAY_SECONDS): Part {
  const at = view.world.now + delaySeconds * 1000
  const annotations = { [SCALE_DOWN_DEADLINE]: formatInstant(at + 999) }
  return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }], wakeAtMs: at + 1000 }
}

/** All older revisions; beyond the newest `revisionLimit` that still have pods the delay is not waited for. */
export function retireOthers(
  view: RolloutView,
  retirement: Retirement,
  revisionLimit = Number.POSITIVE_INFINITY,
): Part {
  const waiting = view.others.filter((rs) => specReplicas(rs) > 0 && !retirement.isReached(rs))
  const surplus = new Set(waiting.slice(revisionLimit))
  return join(
    ...view.others.map((rs) => (surplus.has(rs) ? scaleTo(rs, 0, withoutDeadline(rs)) : retire(view, rs, retirement))),
  )
}

const withoutDeadline = (rs: ReplicaSet): AnnotationPatch =>
  rs.metadata.annotations?.[SCALE_DOWN_DEADLINE] === undefined ? {} : { [SCALE_DOWN_DEADLINE]: null }

export function clearDeadline(rs: ReplicaSet): Part {
  const annotations = withoutDeadline(rs)
  if (Object.keys(annotations).length === 0) return {}
  return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }] }
}
