/** Whoever has a say in a case: it looks at times of its own, and each look may say a word. Shapes only. */
import type { VerdictOutcome } from '../../../controller/api/verdict.ts'
import type { LimitDelay } from './measured-run.ts'

export interface Player {
  readonly name: string
  /** A stage (zero-based) begins at a time, epoch milliseconds. */
  readonly begin: (stage: number, at: number, isWaitedFor: boolean) => void
  /** Epoch milliseconds of the next look; undefined when there is none. */
  readonly nextAt: () => number | undefined
  /** Takes the next look. Undefined: its run goes on, or it has none. */
  readonly look: (standing: Standing) => Word | undefined
}

/** Where the case stands when a look is taken. */
export interface Standing {
  /** Zero-based. */
  readonly stage: number
  readonly weightPercent: number
}

/**
 * The last word of a run.
 *
 *   a word   while a stage waits for it   in the background
 *   abort    the release is aborted       the same
 *   hold     a person is asked: held      the same
 *   pass     the stage may end            nothing
 */
export interface Word {
  readonly outcome: Exclude<VerdictOutcome, 'error'>
  readonly reason: string
  /** What a person should read beside the reason. */
  readonly message?: string
  /** Said later than its first measurement would have, since a limit asked for more. */
  readonly delay?: LimitDelay
}
