/** Every invariant: those that are checked after each change, and those about the end of a run. */
import { S25 } from './alerts.ts'
import { S5, S6 } from './capacity.ts'
import { stateInvariants } from './end.ts'
import { L1, S19, S23 } from './ending.ts'
import { S11, S12, S13, S14 } from './evidence.ts'
import { S17 } from './fencing.ts'
import type { Invariant } from './invariant.ts'
import { L2, L3 } from './liveness.ts'
import { S15, S20, S22 } from './ownership.ts'
import { S8, S9, S10 } from './requests.ts'
import { S3, S7 } from './share.ts'
import { S1, S2, S4 } from './traffic.ts'

export const invariants: readonly Invariant[] = [
  S1,
  S2,
  S3,
  S4,
  S5,
  S6,
  S7,
  S8,
  S9,
  S10,
  S11,
  S12,
  S13,
  S14,
  S15,
  S17,
  S20,
  S22,
  S25,
  L2,
  L3,
]

/** As the page about reliability has them. */
export const everyInvariant: readonly { readonly id: string; readonly words: string }[] = [
  ...invariants,
  S19,
  S23,
  L1,
  ...stateInvariants,
]
