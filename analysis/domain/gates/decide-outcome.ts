/**
 * From what a look found to what is done about it (analysis.md 5.1). The first row that holds:
 *
 *   samples      finding     stage                  could have caught the target   outcome, reason           final
 *   unusable     any         any                    any                            error, what is wrong      no
 *   any other    hard floor  any                    any                            abort HardFloor           yes
 *   any other    worse       any                    any                            abort Regression          yes
 *   missing      none        any                    any                            error, what is missing    no
 *   thin         none        not over               any                            hold, what is missing     no
 *   thin         none        over, held long enough any                            hold, what is missing     yes: a person decides
 *   whole        proven      over, or earlyPass     any                            pass Proven               yes
 *   whole        any         not over               any                            hold Watching             no
 *   whole        none        over                   yes                            pass WouldHaveBeenCaught  yes
 *   whole        none        over, held             no                             hold Undecided            no
 *   whole        none        over, held long enough no, onUndecided pause          hold Undecided            yes: a person decides
 *   whole        none        over, held long enough no, onUndecided proceed        pass ProceedUndecided     yes
 *   whole        none        over, held long enough no, onUndecided abort          abort AbortUndecided      yes
 *
 * Evidence that was reached stands, whatever becomes of the samples afterwards; missing samples alone neither pass nor abort, and what to do when
 * undecided is not asked about them.
 */
import type { VerdictOutcome } from '../../../controller/api/verdict.ts'
import type { GateStage, UndecidedAction } from './gate-case.ts'

/**
 * As `no-data.ts` reads them. `unusable`: no ticks can be made of them · `missing`: stale or absent · `thin`: there, but too little to compare, such as
 * a canary without requests · `whole`.
 */
export type SampleState = 'unusable' | 'missing' | 'thin' | 'whole'

export interface OutcomeFacts {
  readonly samples: SampleState
  /** What is wrong or missing, in one word; '' when they are whole. */
  readonly problem: string
  readonly finding: 'hardFloor' | 'worse' | 'proven' | 'none'
  readonly couldCatchTarget: boolean
  readonly earlyPass: boolean
  readonly stage: StageState
  readonly onUndecided: UndecidedAction
}

/** `open`: not over, or without an end · `held`: over, and maxHold is not · `heldOut`: maxHold is over as well. */
export type StageState = 'open' | 'held' | 'heldOut'

export interface GateOutcome {
  readonly outcome: VerdictOutcome
  readonly reason: string
  /** The gate's last word on this stage. */
  readonly final: boolean
}

export function judgeStage({ endsAt, maxHoldMs }: GateStage, now: number): StageState {
  if (endsAt === undefined || now < endsAt) return 'open'
  return now < endsAt + maxHoldMs ? 'held' : 'heldOut'
}

export function decideOutcome(facts: OutcomeFacts): GateOutcome {
  const { samples, problem, finding } = facts
  if (samples === 'unusable') return { outcome: 'error', reason: problem, final: false }
  if (finding === 'hardFloor') return { outcome: 'abort', reason: 'HardFloor', final: true }
  if (finding === 'worse') return { outcome: 'abort', reason: 'Regression', final: true }
  if (samples === 'missing') return { outcome: 'error', reason: problem, final: false }
  if (samples === 'thin') return { outcome: 'hold', reason: problem, final: facts.stage === 'heldOut' }
  return decideByStage(facts)
}

function decideByStage(facts: OutcomeFacts): GateOutcome {
  const { finding, stage, earlyPass, couldCatchTarget, onUndecided } = facts
  if (finding === 'proven' && (earlyPass || stage !== 'open')) return { outcome: 'pass', reason: 'Proven', final: true }
  if (stage === 'open') return { outcome: 'hold', reason: 'Watching', final: false }
  if (couldCatchTarget) return { outcome: 'pass', reason: 'WouldHaveBeenCaught', final: true }
  if (stage === 'held') return { outcome: 'hold', reason: 'Undecided', final: false }
  return LAST_WORDS[onUndecided]
}

const LAST_WORDS: Readonly<Record<UndecidedAction, GateOutcome>> = {
  pause: { outcome: 'hold', reason: 'Undecided', final: true },
  proceed: { outcome: 'pass', reason: 'ProceedUndecided', final: true },
  abort: { outcome: 'abort', reason: 'AbortUndecided', final: true },
}
