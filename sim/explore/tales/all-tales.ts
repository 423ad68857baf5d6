/** Every tale, in the order in which they are told. */
import type { Tale } from '../tale.ts'
import { blueGreenTales } from './blue-green.ts'
import { canaryTales } from './canary.ts'
import { unroutedTales } from './unrouted.ts'

export const tales: readonly Tale[] = [...canaryTales, ...unroutedTales, ...blueGreenTales]
