/**
 * What is replayed over history: the stages of a release, the gates that look at them and the metrics that are measured beside them. Shapes and the plan's
 * length only; where a plan comes from (a Rollout, a policy) is told elsewhere.
 */
import type { Metric } from '../../../controller/api/analysis.ts'
import type { GateId } from '../../../controller/api/verdict.ts'
import type { GateRule, UndecidedAction } from '../gates/gate-case.ts'
import type { VerdictMode } from '../verdict.ts'

/** A stretch of time at one weight. */
export interface PlanStage {
  readonly weightPercent: number
  readonly durationMs: number
  /** Gates and metrics (by name) whose run begins with this stage and has to be done before the next one. */
  readonly waitsFor: readonly string[]
}

export interface PlanGate {
  readonly name: string
  readonly gate: GateId
  readonly rule: GateRule
  /** Stable's past that the noise is learnt from. */
  readonly historyMs: number
  readonly onUndecided: UndecidedAction
  /** Length of its stage; undefined: as long as whoever waits for it does. */
  readonly durationMs?: number
  readonly maxHoldMs: number
  /** The zero-based stage from which on it watches in the background; undefined: only stages that wait for it. */
  readonly watchesFrom: number | undefined
  /** Its conditions on the gate's numbers, interval, delay and limits; undefined: what a metric has that says nothing. */
  readonly metric?: Metric
}

/** A query and conditions, measured as in an AnalysisRun of its own. */
export interface PlanMetric {
  readonly name: string
  readonly metric: Metric
  /** As a gate's. */
  readonly watchesFrom: number | undefined
}

export interface BacktestPlan {
  readonly name: string
  /** At least one. */
  readonly stages: readonly PlanStage[]
  readonly gates: readonly PlanGate[]
  /** How measurements are read; strict unless told otherwise. */
  readonly mode?: VerdictMode
}

/** Milliseconds of all stages, none of them held. */
export const lengthOfPlan = ({ stages }: Pick<BacktestPlan, 'stages'>): number =>
  stages.reduce((sum, { durationMs }) => sum + durationMs, 0)
