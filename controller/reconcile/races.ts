/**
 * How long a Rollout has lost one race after the other. A pass that lost one stays silent, because the next one sees what was faster; but an object
 * that somebody rewrites without pause, or a cache that stands still, must not keep status and deadline from being told for ever (L3). It must not
 * decide what a silent pass leaves out.
 */
import { isPreconditionFailed } from '../kube/apply.ts'
import type { Outcome } from './apply.ts'

export interface RaceWatch {
  /** Counts one pass; true when it lost a race, and has not been losing them for too long to stay silent. */
  note(key: string, outcome: Outcome): boolean
  forget(key: string): void
}

/** Caches catch up in far less, and every deadline that is worth the name is longer. */
const LONGEST_SILENCE_MS = 5_000

/** A write was decided on an object that has changed since: nobody's fault, and over with the next pass. */
export const hasLostRace = ({ failure }: Outcome): boolean =>
  failure !== undefined && isPreconditionFailed(failure.error)

export function createRaceWatch({ monotonicMs }: { readonly monotonicMs: () => number }): RaceWatch {
  const losingSinceMs = new Map<string, number>()
  return {
    note(key, outcome) {
      if (!hasLostRace(outcome)) {
        losingSinceMs.delete(key)
        return false
      }
      const nowMs = monotonicMs()
      const sinceMs = losingSinceMs.get(key) ?? nowMs
      losingSinceMs.set(key, sinceMs)
      return nowMs - sinceMs < LONGEST_SILENCE_MS
    },
    forget: (key) => void losingSinceMs.delete(key),
  }
}
