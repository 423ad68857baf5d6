/**
 * What one look found, whatever the gate: how the samples are, what the statistics say, what it was found in. Shapes only.
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import type { Exposure } from '../stats/power.ts'
import type { Look } from '../stats/ticks.ts'
import type { SampleState } from './decide-outcome.ts'
import type { HardFloorFinding } from './hard-floor.ts'
import type { DataNote } from './no-data.ts'
import type { TopDetail } from './top-detail.ts'

export interface Inspection {
  readonly samples: SampleState
  /** What keeps the samples from being whole comes first. */
  readonly problems: readonly DataNote[]
  /** Undefined before the first tick. */
  readonly look: Look | undefined
  /** Overdispersion that the evidence has to stand up to. */
  readonly phi: number
  readonly hardFloor: HardFloorFinding | undefined
  readonly exposures: readonly Exposure[]
  readonly tickMs: number
  /** Epoch milliseconds of the first tick that counts. */
  readonly firstAt: number | undefined
  readonly p99?: GateVerdict['p99']
  readonly top?: TopDetail | undefined
}
