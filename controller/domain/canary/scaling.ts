/**
 * How many pods every revision gets in this pass. Capacity goes up before weight and down after it: a revision shrinks only once no router
 * can still send to it, and a revision that served goes to 0 only a delay after that was confirmed (invariants S5, S6, S7).
 *
 *   routed             new                               stable     others
 *   initial, steady    all                               -          0 after scaleDownDelaySeconds, once unnamed and without weight
 *   updating           the step's size, not below what   all        same
 *                      the written weight needs
 *   aborted            kept; 0 after the abort delay     all        same
 *                      once weight is 0 and stable full
 *   unrouted           `replica-ratio.ts`: the share of pods is the share of traffic
 */
import { DESIRED_REPLICAS, SCALE_DOWN_DEADLINE } from '../../api/labels.ts'
import type { ReplicaSet } from '../../api/rollout.ts'
import { formatInstant, parseInstant } from '../../api/scalars.ts'
import { type Action, join, type Part } from '../plan.ts'
import { availableReplicas, podsForWeight, rollingBudget, specReplicas, sum } from '../replicas.ts'
import { revisionOf } from '../revisions.ts'
import { ratioTarget } from './progress.ts'
import { drainOlder, nextSplit } from './replica-ratio.ts'
import { type CanaryView, hashOf, wantedCanaryPods } from './view.ts'

const DEFAULT_DELAY_SECONDS = 30

export function decideScaling(view: CanaryView): Part {
  if (view.mode === 'superseded') return {}
  if (view.world.rollout.spec.paused && view.mode !== 'aborted') return {}
  return view.routed ? scaleRouted(view) : scaleUnrouted(view)
}

function scaleRouted(view: CanaryView): Part {
  const { newRs, stableRs, replicas } = view
  const stable = stableRs && stableRs !== newRs ? [scale(view, stableRs, replicas)] : []
  const canary = !newRs
    ? []
    : view.mode === 'aborted'
      ? [scaleAborted(view, newRs)]
      : [scale(view, newRs, routedTarget(view, newRs))]
  return join(...stable, ...canary, ...view.others.map((rs) => retire(view, rs, view.strategy.scaleDownDelaySeconds)))
}

/** The step's size, but never below what the weight needs that routers may still apply. */
function routedTarget(view: CanaryView, newRs: ReplicaSet): number {
  const wanted = wantedCanaryPods(view)
  if (view.mode !== 'updating' || wanted >= specReplicas(newRs)) return wanted
  if (!view.settled || view.programmed === undefined) return Math.max(wanted, specReplicas(newRs))
  return Math.max(wanted, Math.min(specReplicas(newRs), podsForWeight(view.replicas, view.programmed, view.maxWeight)))
}

function scaleAborted(view: CanaryView, newRs: ReplicaSet): Part {
  const delaySeconds = view.strategy.abortScaleDownDelaySeconds
  if (delaySeconds === 0) return {}
  const stableIsFull = availableReplicas(view.stableRs) >= view.replicas
  return stableIsFull ? retire(view, newRs, delaySeconds) : {}
}

/** Towards 0: first nothing may send to it, then the delay runs, then it goes. The clock is an annotation, so it survives us. */
function retire(view: CanaryView, rs: ReplicaSet, delaySeconds = DEFAULT_DELAY_SECONDS): Part {
  if (specReplicas(rs) === 0) return clearDeadline(rs)
  if (isReached(view, rs)) return clearDeadline(rs)
  const deadline = parseInstant(rs.metadata.annotations?.[SCALE_DOWN_DEADLINE])
  if (deadline === undefined) {
    const at = view.world.now + delaySeconds * 1000
    const annotations = { [SCALE_DOWN_DEADLINE]: formatInstant(at + 999) }
    return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }], wakeAtMs: at + 1000 }
  }
  if (view.world.now < deadline) return { wakeAtMs: deadline }
  return scaleTo(rs, 0, { [SCALE_DOWN_DEADLINE]: null })
}

/** Traffic may still come: a Service names the revision, or a router has not settled what it was told last. */
const isReached = (view: CanaryView, rs: ReplicaSet): boolean =>
  [view.canaryService, view.stableService].some((service) => service?.podHash === hashOf(rs)) || !view.settled

function clearDeadline(rs: ReplicaSet): Part {
  if (rs.metadata.annotations?.[SCALE_DOWN_DEADLINE] === undefined) return {}
  return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations: { [SCALE_DOWN_DEADLINE]: null } }] }
}

function scaleUnrouted(view: CanaryView): Part {
  const { newRs, stableRs, others, replicas } = view
  const budget = rollingBudget(view.strategy, replicas)
  const stable = stableRs === newRs ? undefined : stableRs
  const older = { spec: sum(others.map(specReplicas)), available: sum(others.map(availableReplicas)) }
  const counts = (rs: ReplicaSet | undefined) => ({ spec: specReplicas(rs), available: availableReplicas(rs) })
  if (older.spec > 0) {
    const spare =
      availableReplicas(newRs) + availableReplicas(stable) + older.available - (replicas - budget.maxUnavailable)
    const sizes = drainOlder(others.map(counts), spare)
    const drained = join(...others.map((rs, at) => scale(view, rs, sizes[at] ?? 0)))
    if ((drained.actions ?? []).length > 0) return drained
  }
  const target = ratioTarget(view)
  if (!stable) return newRs ? scale(view, newRs, view.mode === 'aborted' ? specReplicas(newRs) : target.canary) : {}
  const next = nextSplit({ replicas, budget, target, canary: counts(newRs), stable: counts(stable), older })
  return join(scale(view, stable, next.stable), newRs ? scale(view, newRs, next.canary) : {})
}

/** Brings a live revision to `to` pods, keeps Argo's bookkeeping annotation in step, and takes back a pending scale-down. */
function scale(view: CanaryView, rs: ReplicaSet, to: number): Part {
  const desired = String(view.replicas)
  const isLive = rs === view.newRs || rs === view.stableRs
  const tracked =
    isLive && rs.metadata.annotations?.[DESIRED_REPLICAS] !== desired ? { [DESIRED_REPLICAS]: desired } : {}
  const revived = rs.metadata.annotations?.[SCALE_DOWN_DEADLINE] !== undefined ? { [SCALE_DOWN_DEADLINE]: null } : {}
  return scaleTo(rs, to, { ...tracked, ...revived })
}

function scaleTo(rs: ReplicaSet, to: number, annotations: Record<string, string | null>): Part {
  const from = specReplicas(rs)
  if (from === to) {
    if (Object.keys(annotations).length === 0) return {}
    return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }] }
  }
  const action: Action = { do: 'scale', replicaSet: rs, to, annotations }
  const direction = to > from ? 'up' : 'down'
  const message = `Scaled ${direction} ReplicaSet ${rs.metadata.name} (revision ${revisionOf(rs)}) from ${from} to ${to}`
  return { actions: [action], events: [{ type: 'Normal', reason: 'ScalingReplicaSet', message, action }] }
}
