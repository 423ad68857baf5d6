/**
 * How long an update may wait for a person or for a verdict, and what happens then. People's pauses wait for ever unless the Rollout asks for a
 * deadline (S23); nothing here ever passes a missing verdict. It must not judge lack of progress: that is `deadline.ts`.
 *
 *   waits for                                    wait-deadline passed, wait-action
 *                                                absent, abort   promote
 *   a person: pause without an end               aborted         goes on, as if somebody had promoted
 *   a person: pause because a verdict is missing aborted         stays paused
 *   the verdict of a run, experiment or plugin   aborted         waits on
 *   (no annotation, or compat: argo)             waits on        waits on
 *
 *   An analysis that nobody has begun to measure is no wait on purpose: the progress deadline judges it (strict; AR#872).
 */
import { isCompleted } from '../api/analysis.ts'
import { parseInstant } from '../api/scalars.ts'
import type { Inquiry } from './analysis/analyses.ts'
import type { AbortCause } from './lifecycle.ts'
import type { RolloutView } from './view.ts'
import { readWaitPolicy } from './wait-policy.ts'

/** Something that is waited for, in words that follow "within 4h". */
export interface Wait {
  readonly what: string
  /** Epoch milliseconds. */
  readonly sinceMs: number
}

export interface WaitVerdict {
  readonly abortCause?: AbortCause
  readonly wakeAtMs?: number
}

/**
 * @param timed reason of the strategy's own pause when that ends by itself
 * @param verdicts runs, experiments and plugin steps that hold the update up and are not done
 */
export function judgeWaits(view: RolloutView, timed: string | undefined, verdicts: readonly Wait[]): WaitVerdict {
  const policy = readWaitPolicy(view.world)
  if (policy?.action !== 'abort' || view.mode !== 'updating' || view.promoteFull) return {}
  const pauses = (view.status.pauseConditions ?? []).flatMap(({ reason, startTime }) =>
    reason === timed ? [] : [{ what: `nobody resumed ${reason}`, sinceMs: parseInstant(startTime) ?? view.world.now }],
  )
  const [first] = [...pauses, ...verdicts].toSorted((a, b) => a.sinceMs - b.sinceMs)
  if (!first) return {}
  const atMs = first.sinceMs + policy.deadlineMs
  if (view.world.now < atMs) return { wakeAtMs: atMs }
  return { abortCause: { reason: 'WaitDeadlineExceeded', message: `${first.what} within ${policy.text}` } }
}

/** Inline, pre- and post-promotion runs that have no verdict yet; a background run holds nothing up. */
export const waitsForRuns = (inquiries: readonly (Inquiry | undefined)[]): readonly Wait[] =>
  inquiries.flatMap((found) => {
    const run = found?.kind === 'Background' ? undefined : found?.run
    const sinceMs = parseInstant(run?.metadata.creationTimestamp)
    if (!run || sinceMs === undefined || isCompleted(run.status?.phase)) return []
    return [{ what: `AnalysisRun ${run.metadata.name} had no verdict`, sinceMs }]
  })

/** The analysis that is waited for cannot be built, or nobody has begun to measure it. */
export const isUnattended = ({ world }: RolloutView, inquiry: Inquiry | undefined): boolean =>
  world.compat === 'strict' && inquiry !== undefined && (inquiry.run?.status?.phase ?? '') === ''
