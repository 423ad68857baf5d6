/**
 * What a verdict is made of, all of it: the same case gives the same verdict, in the controller, in a replay from a file and in a backtest.
 * Shapes only.
 */
import type { GateId } from '../../../controller/api/verdict.ts'
import type { Calibration, Count, CountRule } from '../stats/ticks.ts'
import type { HistoryFacts } from './data-facts.ts'
import type { Noun } from './format.ts'
import type { HourShape } from './hour-shape.ts'
import type { LatencyCalibration } from './latency-calibration.ts'
import type { EdgePlan } from './latency-edges.ts'
import type { SampleLog } from './sample-log.ts'
import type { GateSeries } from './samples.ts'

/** What an SRE asks of a gate. */
export interface GateRule extends CountRule {
  /** What has to have been catchable before a stage without a finding passes: a ratio above 1; below 1 for `down`, 0 being total loss. */
  readonly target: number
  /** A stage passes as soon as the canary is proven to be within the tolerance, instead of at its end. */
  readonly earlyPass: boolean
  /** Canary pods younger than this do not count. */
  readonly warmupMs: number
  /** Scrapes are put together until they are as long; undefined: as the scrape interval says. */
  readonly leastTickMs?: number
  /** What the events are called, for the gate `events`: `order`, `orders`. */
  readonly noun?: Noun
}

/** Where the rollout stands, as far as it is known. */
export interface GateStage {
  /** Zero-based. */
  readonly index?: number
  readonly count?: number
  readonly weightPercent?: number
  readonly nextWeightPercent?: number
  /** Epoch milliseconds. Without it the gate watches until it is ended. */
  readonly endsAt?: number
  /** How long a stage without a verdict is held beyond its end. */
  readonly maxHoldMs: number
}

/** What becomes of a stage that is undecided after all. */
export const undecidedActions = ['pause', 'proceed', 'abort'] as const
export type UndecidedAction = (typeof undecidedActions)[number]

export interface LatencyKnowledge {
  readonly plan: EdgePlan
  readonly calibration: LatencyCalibration
}

export interface GateCase {
  readonly gate: GateId
  readonly rule: GateRule
  readonly series: readonly GateSeries[]
  /** The same as they are kept between looks, where they are: spares reading all of `series`. */
  readonly log?: SampleLog
  /** Of counts; {@link latency} has its own. */
  readonly calibration: Calibration | undefined
  /** For `latency`: what stable's history taught. Without it, edges are planned from stable's first ticks. */
  readonly latency?: LatencyKnowledge
  /** How much history there is, was asked for and is insisted on. */
  readonly history?: HistoryFacts
  /** What stable counted before the release began, to tell a shared cause. */
  readonly before?: Count
  /** For `events`: overdispersion of what {@link before} counted around its own rate; undefined when it is not known. */
  readonly beforePhi?: number
  /** For `events`: at which hours stable's events come how often; undefined: at one rate. */
  readonly hours?: HourShape
  /** When the release began, epoch milliseconds: nothing counts before. */
  readonly since: number
  /** Time of this look. */
  readonly now: number
  /** Estimated from the samples when absent. */
  readonly scrapeIntervalMs?: number
  /** By pod, where it is known. */
  readonly readyAt?: ReadonlyMap<string, number>
  /** What `up` says of the canary's targets, where it was asked. */
  readonly canaryUp?: boolean
  /** Warnings of Prometheus. */
  readonly warnings?: readonly string[]
  readonly stage: GateStage
  readonly onUndecided: UndecidedAction
  /** PromQL that a person can look at. */
  readonly queries: readonly string[]
}
