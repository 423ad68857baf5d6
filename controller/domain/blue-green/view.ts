/**
 * The facts about a blue-green update that several decisions share, derived once per pass: both Services, what the active one names and really
 * reaches, whether the update need not prove itself. It concludes nothing about what to do next.
 */
import { SCALE_DOWN_DEADLINE } from '../../api/labels.ts'
import type { BlueGreenStrategy, ReplicaSet } from '../../api/rollout.ts'
import { parseInstant } from '../../api/scalars.ts'
import { availableReplicas, specReplicas } from '../replicas.ts'
import { isWithinRollbackWindow, PROMOTED_REVISION } from '../rollback-window.ts'
import { endpointsOf, hashOf, type RolloutView, type ServiceFacts, serviceFacts } from '../view.ts'

export interface BlueGreenView extends RolloutView {
  readonly strategy: BlueGreenStrategy
  /** The Service of the users. */
  readonly active: ServiceFacts | undefined
  /** The Service of those who look first; it carries no traffic of users. */
  readonly preview: ServiceFacts | undefined
  /** The ReplicaSet that the active Service names; undefined when it names none that exists. */
  readonly activeRs: ReplicaSet | undefined
  /** The active Service names the new revision. */
  readonly isCutOver: boolean
  /** The endpoints behind the active Service are of the revision that it names, and of no other. */
  readonly isSettled: boolean
  /** Pause, preview size and analyses before the cutover are behind this update (`scaleUpPreviewCheckPoint`). */
  readonly isGatePassed: boolean
  /** Why pause and analyses are skipped, in Argo's words; undefined: they are not. */
  readonly shortcut: string | undefined
}

export function viewBlueGreen(base: RolloutView, strategy: BlueGreenStrategy): BlueGreenView {
  const { world } = base
  const active = serviceFacts(world, strategy.activeService)
  const activeRs = active?.podHash
    ? [base.newRs, base.stableRs, ...base.others].find((rs) => hashOf(rs) === active.podHash)
    : undefined
  return {
    ...base,
    strategy,
    active,
    preview: serviceFacts(world, strategy.previewService),
    activeRs,
    isCutOver: activeRs !== undefined && activeRs === base.newRs,
    isSettled: isSettled(active, activeRs, base.replicas),
    isGatePassed: base.mode === 'updating' && base.status.blueGreen?.scaleUpPreviewCheckPoint === true,
    shortcut: base.mode === 'updating' ? shortcutOf(base) : undefined,
  }
}

/** No endpoint at all tells nothing, unless no pod is wanted. */
function isSettled(active: ServiceFacts | undefined, rs: ReplicaSet | undefined, replicas: number): boolean {
  if (!active || !rs) return false
  const strangers = Object.entries(active.readyEndpoints).some(
    ([name, count]) => name !== rs.metadata.name && count > 0,
  )
  return !strangers && (endpointsOf(active, rs.metadata.name) > 0 || replicas === 0)
}

function shortcutOf(base: RolloutView): string | undefined {
  if (base.promoteFull) return 'Full promotion requested'
  if (isWithinRollbackWindow(base)) return 'Rollback within window'
  return keepsDelay(base) ? 'Fast rollback' : undefined
}

/**
 * The new revision is an earlier one that still had its pods when the spec went back to it. Its deadline stays on it until the update ends: that
 * it is there is the memory of it, so that a slow pass does not turn the way back into an update that has to prove itself.
 *
 *   the pass that sees the new spec   deadline        compat: argo   strict
 *   yes                               not yet over    yes            yes
 *   yes                               none            no             yes, with pods: its clock did not run yet, because users could reach it
 *   yes                               over            no             no
 *   no                                any             yes            yes
 *   no                                none            no             no
 *   and only an older one than stable; strict: only one that was stable itself
 */
export function keepsDelay({ newRs, stableRs, mode, world }: RolloutView): boolean {
  if (!newRs || !stableRs || newRs === stableRs || createdAt(newRs) >= createdAt(stableRs)) return false
  const deadline = parseInstant(newRs.metadata.annotations?.[SCALE_DOWN_DEADLINE])
  const isStrict = world.compat === 'strict'
  if (isStrict && newRs.metadata.annotations?.[PROMOTED_REVISION] === undefined) return false
  if (mode !== 'superseded') return deadline !== undefined
  return deadline === undefined ? isStrict && specReplicas(newRs) > 0 : world.now < deadline
}

/** Without a timestamp it counts as new: nothing that is not known to be older is a way back. */
const createdAt = (rs: ReplicaSet): number => parseInstant(rs.metadata.creationTimestamp) ?? Number.POSITIVE_INFINITY

/** As many pods as wanted, asked for and available. */
export const hasExactly = (rs: ReplicaSet | undefined, pods: number): boolean =>
  rs !== undefined && specReplicas(rs) === pods && availableReplicas(rs) === pods

export const isSaturated = (view: BlueGreenView, rs: ReplicaSet | undefined): boolean => hasExactly(rs, view.replicas)

/** Pods that the new revision is to have at this point of an update. */
export function wantedPods({ strategy, replicas, mode, shortcut, isCutOver, isGatePassed }: BlueGreenView): number {
  if (mode !== 'updating' || shortcut !== undefined || isCutOver || isGatePassed) return replicas
  return strategy.previewReplicaCount ?? replicas
}
