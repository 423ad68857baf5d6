/**
 * What the statistics read and say: counts of both arms by tick, what stable history teaches about their noise, and one look at the evidence.
 * Shapes only; nothing here knows where counts come from or what is done about a look.
 */

/** What one pod added within one tick. `bad` never exceeds `total`, except for business events, of which a request may make several. */
export interface PodCount {
  readonly pod: string
  readonly bad: number
  readonly total: number
}

/** One scrape in which both arms were seen. */
export interface Tick {
  /** Epoch milliseconds. */
  readonly at: number
  readonly canary: readonly PodCount[]
  readonly stable: readonly PodCount[]
}

export interface Count {
  readonly bad: number
  readonly total: number
}

/** What is asked of a stream of counts. */
export interface CountRule {
  /** `up`: more bad events per request are worse; `down`: fewer are (business events). */
  readonly direction: 'up' | 'down'
  /** Chance to abort a release that is as good as stable, over the whole rollout, at most. */
  readonly alpha: number
  /** Chance to abort a release that is within the tolerance, at most. */
  readonly beta: number
  /** Rate ratio canary/stable that is put up with: above 1 for `up`, below 1 for `down`. */
  readonly toleranceRatio: number
  /** More bad events per request that are put up with, whatever the ratio; 0: none. */
  readonly toleranceExcess: number
  /** Bad events (`down`: expected ones) below which nothing is aborted. */
  readonly minEvents: number
}

/** What hours of stable pods teach, by pretending that a slice of them were a canary. */
export interface Calibration {
  /** Overdispersion, at least 1: variance of the canary's count over that of independent events. */
  readonly phi: number
  /** Correlation of one block's residual with the one before. */
  readonly rho: number
  /** Residuals of history, ascending; empty without a rank part. */
  readonly residuals: readonly number[]
  /** Length of the history, milliseconds. */
  readonly historyMs: number
  /** The part of {@link phi} that shows within single ticks: clumps, as opposed to moods of pods. */
  readonly phiWithinTick?: number
  /** Requests of one pod in one tick, on average. */
  readonly podRequests?: number
  /** Stable pods that could be held against each other; a single one cannot tell what sets pods apart. */
  readonly pods?: number
  /** The same for counts of at most `limit` bad events per pod and tick, where these see more through the clumps of this service. */
  readonly limited?: LimitedCalibration
}

export interface LimitedCalibration extends Omit<Calibration, 'limited'> {
  readonly limit: number
}

export type Decision =
  /** Worse than stable, and worse than tolerated. */
  | 'abort'
  /** Within the tolerance, proven. */
  | 'proven'
  | 'undecided'

/** The evidence after one tick. Sums are for display: decisions are made tick by tick. */
export interface Look {
  /** Epoch milliseconds of the newest tick. */
  readonly at: number
  readonly ticks: number
  readonly canary: Count
  readonly stable: Count
  /** Rate ratio canary/stable as estimated tick by tick; undefined while it cannot be. */
  readonly ratio: number | undefined
  /** The ratios that the evidence does not exclude, valid however often one looks. */
  readonly ratioLower: number | undefined
  readonly ratioUpper: number | undefined
  /** Odds against "as good as stable"; the limit is 1/alpha. */
  readonly evidence: number
  /** Odds against "within the tolerance"; the limit is 1/beta. */
  readonly toleranceEvidence: number
  /** Bad events that the canary would have had at stable's rate. */
  readonly expected: number
  /** The canary's bad events beyond that; negative when there are fewer. */
  readonly excess: number
  readonly phi: { readonly history: number; readonly live: number | undefined; readonly used: number }
  readonly decision: Decision
}
