/**
 * What can be wrong with the samples of a gate, in words a person can act on. Readers of samples find problems; `no-data.ts` decides what they
 * mean for the verdict.
 */

/** One word each, as `reason` of a GateVerdict. */
export type ProblemReason =
  /** A pod has series of both arms: the label does not tell versions apart. */
  | 'PodInBothArms'
  /** Several series where one is expected: every event would count twice. */
  | 'DuplicateSeries'
  /** Goes down all the time: a gauge or a rate. */
  | 'NotACounter'
  /** Samples from the future. */
  | 'ClockSkew'
  /** A histogram without `_count` and without a `+Inf` bucket. */
  | 'CountMissing'
  /** The arms' buckets have too few bounds in common. */
  | 'BucketsDiffer'
  /** Samples that are no counts (NaN, infinite, negative) or come out of order: left out. */
  | 'SamplesInvalid'
  /** Scrapes of which a part is missing: left out. */
  | 'PartialScrapes'
  /** Scrapes are missing within the window. */
  | 'ScrapeGaps'

export interface DataProblem {
  readonly reason: ProblemReason
  /** `error`: nothing can be judged by these samples, so no ticks are made of them. `note`: they can be judged, and a person should know. */
  readonly severity: 'error' | 'note'
  /** What was found: a phrase that names pods and counters, without a full stop. */
  readonly what: string
  /** What to do about it, likewise. */
  readonly fix: string
}

const NAMES_SHOWN = 3

/** `a, b, c and 4 more` */
export function renderNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ')
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown
}
