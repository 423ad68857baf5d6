/** What is known of the samples of a look, and how they read. Shapes only; `no-data.ts` decides. */
import type { GateId } from '../../../controller/api/verdict.ts'
import type { DataProblem } from './problems.ts'
import type { GateSeries } from './samples.ts'

export interface DataFacts {
  readonly gate: GateId
  readonly series: readonly GateSeries[]
  /** What the reading of the ticks found. */
  readonly problems: readonly DataProblem[]
  readonly ticks: readonly CountedTick[]
  readonly scrapeIntervalMs: number
  readonly tickMs: number
  /** Start of the rollout and time of this look, epoch milliseconds. */
  readonly from: number
  readonly now: number
  readonly warmupMs: number
  /** What `up` says of the canary's targets, where it was asked. */
  readonly canaryUp?: boolean
  /** Warnings of Prometheus. */
  readonly warnings?: readonly string[]
  /** Named in texts: what to look at. */
  readonly queries: readonly string[]
  /** Latency: no edge was found, or the last bucket ends below stable's P99. */
  readonly buckets?: 'tooCoarse' | 'endBelowP99'
  /** All traffic is on the canary, and it is not compared with stable. */
  readonly isAlone?: true
  readonly history?: HistoryFacts
}

export interface HistoryFacts {
  /** How much there is, how much was asked for, and with how little the gate may judge, milliseconds. */
  readonly foundMs: number
  readonly askedMs: number
  readonly neededMs: number
}

/** What ticks of all gates have in common. `bad` are events, for the gate on events. */
export interface CountedTick {
  readonly at: number
  readonly canary: readonly { readonly total: number; readonly bad?: number }[]
  readonly stable: readonly { readonly total: number; readonly bad?: number }[]
}

export type DataReason =
  | DataProblem['reason']
  | 'PartialData'
  | 'SeriesAbsent'
  | 'CodesAbsent'
  | 'StableAbsent'
  | 'CanaryNotSeen'
  | 'CanaryAbsent'
  | 'CanaryStale'
  | 'StableStale'
  | 'ScrapesIncomplete'
  | 'WarmingUp'
  | 'NoTraffic'
  | 'NoControl'
  | 'BucketsTooCoarse'
  | 'BucketsEndBelowP99'
  | 'HistoryShort'
  | 'FailuresNeverSeen'

export interface DataNote {
  readonly reason: DataReason
  /** A phrase without a full stop. */
  readonly what: string
  readonly fix: string
}

interface Common {
  /** What a person should know, though it changes nothing. */
  readonly notes: readonly DataNote[]
}

export type DataReading =
  | (Common & { readonly kind: 'evidence' })
  | (Common & DataNote & { readonly kind: 'hold' | 'error'; readonly usable: boolean })
