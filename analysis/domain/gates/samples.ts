/**
 * Raw samples as they were scraped, on their way to a gate: counters of single pods with their own times. They are all that a verdict is made
 * of, so a file of them can be judged again. Shapes only.
 */

export type Arm = 'canary' | 'stable'

/** What a counter counts: `failed` counts towards requests as well; `bucket` is cumulative below `le`. */
export type SeriesRole = 'requests' | 'failed' | 'events' | 'bucket' | 'native'

/** A native histogram at one scrape: counts by bucket, not cumulative, in ascending order of bounds (seconds). */
export interface NativeHistogram {
  readonly count: number
  readonly buckets: readonly { readonly lower: number; readonly upper: number; readonly count: number }[]
}

/** One counter of one pod. */
export interface GateSeries {
  readonly arm: Arm
  readonly pod: string
  readonly role: SeriesRole
  /** Upper bound of a bucket in seconds; Infinity for `+Inf`. */
  readonly le?: number
  /** What tells this counter from the pod's others, such as `503 POST /checkout`. */
  readonly detail?: string
  /** It lacks the label that would tell whether its requests failed. */
  readonly codeless?: true
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[]
  /** As scraped, resets included; empty for `native`. */
  readonly values: readonly number[]
  readonly histograms?: readonly NativeHistogram[]
}

/** Latency of one pod within one tick, at the gate's edges. */
export interface PodLatency {
  readonly pod: string
  readonly total: number
  /** By edge: requests slower than it. */
  readonly slower: readonly number[]
}

/** A tick of the latency gate. The edges are the same for all ticks of a stream, in seconds, ascending. */
export interface LatencyTick {
  readonly at: number
  readonly canary: readonly PodLatency[]
  readonly stable: readonly PodLatency[]
}
