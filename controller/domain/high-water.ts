/**
 * Whether an update has come further than it ever was, which is what restarts the deadline's clock. Strict: only a new best counts, so that pods
 * that flap between ready and not ready cannot put the deadline off for ever (AR#3765). It must not judge the deadline.
 *
 *   since the last pass                              strict                               compat: argo
 *   another step, plan, revision, stable, selector   progress                             progress
 *   pods created, ready, available: more             if a new best                        progress
 *   old pods: fewer                                  if no more are there than asked for  progress
 *   pods created: fewer                              no                                   progress
 *
 * The best is what status said last, as long as no pod that is asked for was lost. Once one is, the best is kept in an annotation: Argo's CRD
 * would prune it from status. A smooth update writes none.
 */
import { z } from 'zod'
import type { RolloutStatus } from '../api/rollout.ts'
import type { Part } from './plan.ts'
import { specReplicas, sum } from './replicas.ts'
import type { RolloutView } from './view.ts'

/** Annotation on a Rollout: the best that the step in force has reached, once some of it was lost. */
export const HIGH_WATER = 'penstock.dev/high-water'

const marksSchema = z.object({
  /** Revision, try and step that the figures are about; those of another count for nothing. */
  of: z.string().max(200),
  updated: z.int(),
  ready: z.int(),
  available: z.int(),
})
type Best = Omit<z.infer<typeof marksSchema>, 'of'>
type Figures = Pick<RolloutStatus, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'>

/** @param after the status as it shall be */
export function hasProgressed(view: RolloutView, after: RolloutStatus): boolean {
  const before = view.status
  const moved = (['currentStepIndex', 'currentStepHash', 'stableRS', 'currentPodHash'] as const).some(
    (key) => (after[key] ?? null) !== (before[key] ?? null),
  )
  const switched = (['activeSelector', 'previewSelector'] as const).some(
    (key) => (after.blueGreen?.[key] ?? '') !== (before.blueGreen?.[key] ?? ''),
  )
  return moved || switched || hasMorePods(view, after)
}

/** The part of progress that shows in numbers of pods alone. */
export function hasMorePods(view: RolloutView, after: Figures): boolean {
  const [before, now] = [view.status, figuresOf(after)]
  const fewerOld = oldOf(after) < oldOf(before)
  if (view.world.compat === 'argo') {
    const was = figuresOf(before)
    return fewerOld || now.updated !== was.updated || now.ready > was.ready || now.available > was.available
  }
  const best = bestOf(view)
  const grew = now.updated > best.updated || now.ready > best.ready || now.available > best.available
  return grew || (fewerOld && oldOf(after) >= asked(view).all - asked(view).updated)
}

/** Writes the best down when pods were lost, and forgets it when the Rollout is healthy again. */
export function rememberBest(view: RolloutView, after: RolloutStatus): Part {
  const recorded = view.world.rollout.metadata.annotations?.[HIGH_WATER]
  const healthy = after.conditions?.some(({ type, status }) => type === 'Healthy' && status === 'True') ?? false
  if (healthy) return recorded === undefined ? {} : annotate(null)
  if (view.world.compat === 'argo' || view.mode === 'aborted' || keyOf(after) !== keyOf(view.status)) return {}
  const now = figuresOf(after)
  const best = better(view, bestOf(view), after)
  const marks = readMarks(view)
  const outdated = marks !== undefined && isBelow(best, marks)
  if (!isBelow(now, best) && !outdated) return {}
  const text = JSON.stringify({ of: keyOf(view.status), ...best })
  return text === recorded ? {} : annotate(text)
}

const isBelow = (one: Best, other: Best): boolean =>
  one.updated < other.updated || one.ready < other.ready || one.available < other.available

/** The best after this pass; pods that were taken away on purpose, old ones or new ones beyond what is asked for, are no loss. */
function better(view: RolloutView, best: Best, after: Figures): Best {
  const now = figuresOf(after)
  const wanted = asked(view)
  const isScaledIn = now.updated >= wanted.updated
  const taken =
    Math.max(0, oldOf(view.status) - oldOf(after)) + (isScaledIn ? Math.max(0, best.updated - now.updated) : 0)
  const keep = (was: number, is: number): number => (is >= wanted.all ? is : Math.max(was - taken, is))
  return {
    updated: isScaledIn ? now.updated : Math.max(best.updated, now.updated),
    ready: keep(best.ready, now.ready),
    available: keep(best.available, now.available),
  }
}

const asked = ({ world, newRs }: RolloutView) => ({
  updated: specReplicas(newRs),
  all: sum(world.replicaSets.map(specReplicas)),
})

const annotate = (value: string | null): Part => ({
  actions: [{ do: 'annotateRollout', annotations: { [HIGH_WATER]: value } }],
})

function bestOf(view: RolloutView): Best {
  const before = figuresOf(view.status)
  const marks = readMarks(view)
  if (!marks) return before
  return {
    updated: Math.max(marks.updated, before.updated),
    ready: Math.max(marks.ready, before.ready),
    available: Math.max(marks.available, before.available),
  }
}

function readMarks({ world, status }: RolloutView): Best | undefined {
  const text = world.rollout.metadata.annotations?.[HIGH_WATER]
  if (text === undefined) return undefined
  try {
    const parsed = marksSchema.safeParse(JSON.parse(text))
    return parsed.success && parsed.data.of === keyOf(status) ? parsed.data : undefined
  } catch {
    return undefined
  }
}

const keyOf = ({ currentPodHash = '', currentStepHash = '', currentStepIndex, abortedAt }: RolloutStatus): string =>
  [currentPodHash, currentStepHash, currentStepIndex ?? '', abortedAt ?? ''].join('/')

const figuresOf = ({ updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 }: Figures): Best => ({
  updated: updatedReplicas,
  ready: readyReplicas,
  available: availableReplicas,
})

const oldOf = ({ replicas = 0, updatedReplicas = 0 }: Figures): number => replicas - updatedReplicas
