/**
 * What one look found, whatever the gate: how the samples are, what the statistics say, what it was found in. Shapes only.
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import type { Look } from '../stats/ticks.ts'
import type { DataNote } from './data-facts.ts'
import type { SampleState } from './decide-outcome.ts'
import type { HardFloorFinding } from './hard-floor.ts'
import type { Outlook } from './outlook.ts'
import type { TopDetail } from './top-detail.ts'

export interface Inspection {
  readonly samples: SampleState
  /** What keeps the samples from being whole comes first. */
  readonly problems: readonly DataNote[]
  /** Undefined before the first tick. */
  readonly look: Look | undefined
  readonly historyMs: number
  readonly hardFloor: HardFloorFinding | undefined
  readonly outlook: Outlook
  /** What the canary was held against, where it is not stable in the same seconds. */
  readonly comparison?: GateVerdict['comparison']
  readonly expectedBy?: GateVerdict['expectedBy']
  /** Epoch milliseconds: the scrape before the one that shows the canary's first request; undefined before it. */
  readonly exposedSince: number | undefined
  readonly p99?: GateVerdict['p99'] | undefined
  readonly top?: TopDetail | undefined
}
