/**
 * What an invariant is: a rule about two neighbouring true states of the cluster and what led from one to the other. Invariants share no rule with the
 * code that they check; each is a function named by its id in the list of `all.ts`.
 *
 * To add one: write `export const S7: Invariant = {…}` in the file of its group, add it to `all.ts`, and break it in `test/sim/invariants.test.ts`.
 * `check` is called after every write of anybody and every other event that changed the cluster or the data plane. What it needs of the past has to be
 * in the World (see `DataPlane.stoppedMs`) or in the History, so that a check is a pure function.
 */
import type { World } from '../cluster/world.ts'
import type { Scenario } from '../run/scenario.ts'
import type { StepCause, WriteCause } from './cause.ts'
import type { History } from './history.ts'

/** An alert as it was posted to a receiver, once for each time. */
export interface Post {
  /** `<fingerprint>@<startsAt>`. */
  readonly id: string
  readonly status: 'firing' | 'resolved'
  /** With a token that the receiver knows. */
  readonly isTrusted: boolean
  readonly atMs: number
}

export interface Context {
  readonly cause: WriteCause | StepCause
  readonly scenario: Scenario
  /** All that was before this change. */
  readonly history: History
  /** What receivers were posted so far. */
  readonly posts: readonly Post[]
  /** When faults ended; absent while there may be more. */
  readonly healedMs?: number | undefined
  /** Epoch milliseconds at virtual time 0, as the API server stamps them; 0 when absent. */
  readonly epochMs?: number
  /** By how much the wall clock of one of our processes may be ahead of the one that wrote a time down; 0 when absent. */
  readonly clockLeadMs?: number
  /** For how long a process of ours may have seen nothing of the cluster, stopped or with watches that are late; 0 when absent. */
  readonly blindMs?: number
}

export interface Invariant {
  readonly id: string
  /** One sentence for docs/reliability.md. */
  readonly words: string
  /** A sentence that says what is broken, or undefined. */
  readonly check: (before: World, after: World, context: Context) => string | undefined
}

export interface Violation {
  readonly id: string
  readonly atMs: number
  readonly sentence: string
}

/** Most rules are about our own writes of one kind. */
export const isWriteOf = ({ cause }: Context, ...plurals: readonly string[]): boolean =>
  cause.kind === 'write' && plurals.includes(cause.plural)
