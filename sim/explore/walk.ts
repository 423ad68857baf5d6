/**
 * How far a telling has come in the stages of its tale: when it is time for the next one, and that what is in it is done. A stage that waits for a call
 * of the controller is done at the moment when the call reaches the API server, before it takes effect.
 */
import type { RolloutStatus } from '../../controller/api/rollout.ts'
import type { Deed } from './deed.ts'
import type { CallMatch, Stage, Tale } from './tale.ts'

export interface Walk {
  /** Looks whether it is time for the next stage, and begins it. */
  step(status: RolloutStatus): void
  /** A call of a controller is about to take effect. */
  onCall(verb: CallMatch['verb'], plural: string): void
  /** Every stage was done. */
  isThrough(): boolean
  /** When something was done last, or will be. */
  actedMs(): number
  /** Stages that have begun. */
  begun(): number
}

export interface WalkDeps {
  readonly nowMs: () => number
  /** For how long the controller has written nothing. */
  readonly quietMs: () => number
  readonly schedule: (afterMs: number, label: string, run: () => void) => void
  readonly act: (deed: Deed) => void
}

const DEED_AFTER_MS = 300
/** Longer than a lost line takes to be listed, and than any delay of any tale. */
const SETTLED_MS = 6_000

export function createWalk({ stages }: Tale, { nowMs, quietMs, schedule, act }: WalkDeps): Walk {
  let begun = 0
  let actedMs = 0
  let waiting: { readonly call: CallMatch; readonly acts: readonly Deed[]; left: number } | undefined
  const isTimeFor = ({ atOnce = false }: Stage): boolean => (atOnce ? nowMs() >= actedMs : quietMs() >= SETTLED_MS)
  const perform = (acts: readonly Deed[]): void => {
    for (const deed of acts) act(deed)
  }
  return {
    step(status) {
      const next = stages[begun]
      if (!next || waiting || !isTimeFor(next) || !next.when(status)) return
      begun += 1
      const { acts, before, afterMs = DEED_AFTER_MS } = next
      actedMs = nowMs() + afterMs
      if (before) waiting = { call: before, acts, left: before.nth ?? 1 }
      else schedule(afterMs, `tale: ${acts.map(({ kind }) => kind).join(', ')}`, () => perform(acts))
    },
    onCall(verb, plural) {
      if (waiting?.call.verb !== verb || waiting.call.plural !== plural) return
      waiting.left -= 1
      if (waiting.left > 0) return
      const { acts } = waiting
      waiting = undefined
      actedMs = nowMs()
      perform(acts)
    },
    isThrough: () => begun === stages.length && !waiting,
    actedMs: () => actedMs,
    begun: () => begun,
  }
}
