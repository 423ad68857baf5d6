/**
 * How every strategy ends a pass: what is told, a restart when nothing else moves, and the status. It must not know what a strategy decided, only
 * what came of it.
 */

import { updateStarts } from './aborts.ts'
import type { AbortCause } from './lifecycle.ts'
import { decideNotices, type Stage } from './notices.ts'
import { type Halt, isPaused, type PauseDecision } from './pauses.ts'
import { join, type Part, type StrategyOutcome } from './plan.ts'
import { decideRestart } from './restart.ts'
import { type Standing, summarize } from './summarize.ts'
import { tellTroubles, troublesOf } from './troubles.ts'
import type { RolloutView } from './view.ts'

export interface Pass {
  /** All that the strategy decided, in order. */
  readonly part: Part
  readonly abortCause: AbortCause | undefined
  readonly pauses: PauseDecision
  readonly halts: readonly Halt[]
  readonly promoted: boolean
  readonly deadlineExceeded: boolean
  readonly standing: Standing
  readonly stage: Stage
}

export function conclude(view: RolloutView, pass: Pass): StrategyOutcome {
  const { abortCause, pauses, halts, promoted, stage, standing, deadlineExceeded } = pass
  const told = { abortCause, pauses, promoted, halts, updateStarts: updateStarts(view), stage }
  const moves = join(pass.part, { notices: decideNotices(view, told) })
  const whole = join(moves, decideRestart(view, moves))
  const troubles = troublesOf(whole.holds ?? [])
  const part = join(whole, { events: tellTroubles(troubles, view.status) })
  const status = summarize(view, {
    memory: part.memory ?? {},
    abortCause,
    paused: isPaused(view, pauses),
    deadlineExceeded,
    standing,
    troubles,
  })
  return { part, status, aborted: view.mode === 'aborted' }
}
