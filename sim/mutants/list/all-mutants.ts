/** Every mutant, in the order of the product: what is decided, how it is written, who may write, who asks, who is told. */
import type { Mutant } from '../mutant.ts'
import { analysisMutants } from './analysis.ts'
import { blueGreenMutants } from './blue-green.ts'
import { canaryPodMutants } from './canary-pods.ts'
import { canaryTrafficMutants } from './canary-traffic.ts'
import { coreMutants } from './core.ts'
import { evidenceMutants } from './evidence.ts'
import { fenceMutants } from './fence.ts'
import { notifierMutants } from './notifier.ts'
import { receiverMutants } from './receiver.ts'
import { writeMutants } from './writes.ts'

export const mutants: readonly Mutant[] = [
  ...coreMutants,
  ...canaryTrafficMutants,
  ...canaryPodMutants,
  ...blueGreenMutants,
  ...analysisMutants,
  ...evidenceMutants,
  ...writeMutants,
  ...fenceMutants,
  ...receiverMutants,
  ...notifierMutants,
]
