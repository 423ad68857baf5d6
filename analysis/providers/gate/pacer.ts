/**
 * Gives each piece of heavy work (an answer with hours of samples, a judgement from its first tick) a turn of the event loop of its own, in the order in
 * which they came. Promises that are ready together run one after the other before any timer: a few hundred gates that begin at once would keep the
 * process from renewing its Lease. It must not know what the work is.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Resolves in a turn of its own: what the caller does up to its next await is the piece. */
export type Pace = () => Promise<void>

export function createPacer(breathe: () => Promise<void> = nextTurn): Pace {
  let last: Promise<void> = Promise.resolve()
  return () => {
    last = last.then(() => breathe())
    return last
  }
}
