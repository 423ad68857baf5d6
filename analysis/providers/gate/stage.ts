/**
 * Where the release stands at a look of its gate: which stage as the Rollout's controller noted it on the run, or as a verdict recorded it, and when the
 * run's own time is over. A run that nobody made for a Rollout has no stages. It must not judge.
 */
import { EXPOSED_SINCE, ROLLOUT_TYPE, STAGE } from '../../../controller/api/labels.ts'
import { readReleaseStage } from '../../../controller/api/release-stage.ts'
import { parseInstant } from '../../../controller/api/scalars.ts'
import { readGateVerdict } from '../../../controller/api/verdict.ts'
import { readLimits } from '../../../controller/metric-language/analysis-metric.ts'
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import type { GateStage } from '../../domain/gates/gate-case.ts'
import { stageOfRun } from '../../domain/gates/gate-stage.ts'
import type { LookOrder } from '../long-provider.ts'

/** The stage among the others, without its end. */
export type GatePlace = Pick<GateStage, 'index' | 'count' | 'weightPercent' | 'nextWeightPercent'>

/** The release's start as the rollout's controller noted it; a run that nobody noted it for judges from its own start on. Epoch milliseconds. */
export const startOf = ({ run }: Pick<LookOrder, 'run'>): number =>
  Math.min(parseInstant(run.annotations[EXPOSED_SINCE]) ?? run.createdAt, run.createdAt)

/** What the run says now. */
export function readPlace({ annotations }: LookOrder['run']): GatePlace {
  const stage = readReleaseStage(annotations[STAGE])
  if (!stage) return {}
  const { number, weights } = stage
  const [weightPercent, nextWeightPercent] = [weights[number - 1], weights[number]]
  return {
    ...(number === 0 ? {} : { index: number - 1 }),
    count: weights.length,
    ...(weightPercent === undefined ? {} : { weightPercent }),
    ...(nextWeightPercent === undefined ? {} : { nextWeightPercent }),
  }
}

/** What the run said at the look that a measurement holds: it may have gone on since. */
export function recallPlace(open: LookOrder['open']): GatePlace {
  const { number, count, weightPercent, nextWeightPercent } = readGateVerdict(open)?.stage ?? {}
  return {
    ...(number === undefined ? {} : { index: number - 1 }),
    ...(count === undefined ? {} : { count }),
    ...(weightPercent === undefined ? {} : { weightPercent }),
    ...(nextWeightPercent === undefined ? {} : { nextWeightPercent }),
  }
}

const waitedFor: readonly (string | undefined)[] = ['Step', 'PrePromotion', 'PostPromotion']

export const stageOf = (
  { run, metric }: Pick<LookOrder, 'run' | 'metric'>,
  { durationMs, maxHoldMs }: Pick<GatePlan, 'durationMs' | 'maxHoldMs'>,
  place: GatePlace,
): GateStage => ({
  ...place,
  ...stageOfRun({
    createdAt: run.createdAt,
    initialDelayMs: readLimits(metric).initialDelayMs,
    durationMs,
    maxHoldMs,
    isWaitedFor: waitedFor.includes(run.labels[ROLLOUT_TYPE]),
  }),
})
