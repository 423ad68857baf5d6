/** Every invariant that is checked after each change. Those about the end of a run (S19, S23, L1) are in `ending.ts`. */
import { S5, S6 } from './capacity.ts'
import { S17 } from './fencing.ts'
import type { Invariant } from './invariant.ts'
import { S8, S9, S10 } from './requests.ts'
import { S1, S2, S4 } from './traffic.ts'

export const invariants: readonly Invariant[] = [S1, S2, S4, S5, S6, S8, S9, S10, S17]
