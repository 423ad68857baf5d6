/** A metric with a query and conditions as a player: a run of its own for each stage that waits for it, or one in the background. */
import type { VerdictMode } from '../verdict.ts'
import type { RunEnd } from './measured-run.ts'
import { createMetricRun, type MetricRun, type MetricTrack } from './metric-run.ts'
import type { PlanMetric } from './plan.ts'
import type { Player, Word } from './player.ts'

export interface PlayedMetric {
  readonly metric: PlanMetric
  readonly track: MetricTrack
}

export function createMetricPlayer({ metric, track }: PlayedMetric, mode: VerdictMode): Player {
  const { name, watchesFrom } = metric
  let run: MetricRun | undefined
  return {
    name,
    begin(stage, at, isWaitedFor) {
      const isFirst = run === undefined && watchesFrom !== undefined && stage >= watchesFrom
      if (isWaitedFor || isFirst) run = createMetricRun(metric.metric, at, mode)
    },
    nextAt: () => run?.nextAt(),
    look({ stage }) {
      const end = run?.measure(track.valueAt(run.nextAt() ?? 0, stage))
      return end && sayEnd(end)
    },
  }
}

/** What becomes of a rollout whose AnalysisRun ends so. Only Argo's reading has a run that ends as an Error. */
const OUTCOMES = { Successful: 'pass', Failed: 'abort', Error: 'abort', Inconclusive: 'hold' } as const

/** The word of a run that has ended. */
export const sayEnd = ({ phase, message, delay }: RunEnd): Word => ({
  outcome: OUTCOMES[phase],
  reason: phase,
  ...(phase === 'Successful' ? {} : { message }),
  ...(delay === undefined ? {} : { delay }),
})
