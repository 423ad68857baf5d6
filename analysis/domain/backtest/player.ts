/** Whoever has a say in a case: it looks at times of its own, and each look may say a word. Shapes only. */
import type { VerdictOutcome } from '../../../controller/api/verdict.ts'

export interface Player {
  readonly name: string
  /** A stage (zero-based) begins at a time, epoch milliseconds. */
  readonly begin: (stage: number, at: number, isWaitedFor: boolean) => void
  /** Epoch milliseconds of the next look; undefined when there is none. */
  readonly nextAt: () => number | undefined
  /** Takes the next look. Undefined: nothing that matters now. */
  readonly look: (standing: Standing) => Word | undefined
}

/** Where the case stands when a look is taken. */
export interface Standing {
  /** Zero-based. */
  readonly stage: number
  readonly weightPercent: number
  /** Epoch milliseconds, as planned. */
  readonly stageEndsAt: number
  /** The stage cannot end before this player has passed it. */
  readonly isWaitedFor: boolean
}

/**
 *   a word              while a stage waits for it        in the background
 *   abort               the release is aborted            the release is aborted
 *   hold, not final     the stage is held                 nothing
 *   hold, final         a person is asked: held           the same
 *   pass                the stage may end                 nothing
 */
export interface Word {
  readonly outcome: VerdictOutcome
  readonly reason: string
  readonly final: boolean
  /** What a person should read beside the reason. */
  readonly message?: string
}
