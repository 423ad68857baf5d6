/** When the stage of one run of a gate ends: the same in the controller and in a backtest. Pure. */
import type { GateStage } from './gate-case.ts'

/** A gate that somebody waits for, without a duration of its own (analysis.md 3: stages of 5 minutes). */
export const WAITED_FOR_MS = 5 * 60_000

export interface GateRunTimes {
  /** When the run was made, epoch milliseconds. */
  readonly createdAt: number
  readonly initialDelayMs: number
  readonly durationMs: number | undefined
  readonly maxHoldMs: number | undefined
  /** By a step, or by a promotion. */
  readonly isWaitedFor: boolean
}

/** A run in the background has an end only where it was given one; others end it. */
export function stageOfRun(run: GateRunTimes): Pick<GateStage, 'endsAt' | 'maxHoldMs'> {
  const lengthMs = run.durationMs ?? (run.isWaitedFor ? WAITED_FOR_MS : undefined)
  if (lengthMs === undefined) return { maxHoldMs: 0 }
  return { endsAt: run.createdAt + run.initialDelayMs + lengthMs, maxHoldMs: run.maxHoldMs ?? lengthMs }
}
