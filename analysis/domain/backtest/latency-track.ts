/** The latency gate, replayed tick by tick with the judge that it has in production. Bad events are requests slower than its weightiest edge. */
import type { GateRule, LatencyKnowledge } from '../gates/gate-case.ts'
import { foreseeLatency } from '../gates/inspect-latency.ts'
import { createLatencyJudge } from '../gates/judge-latency.ts'
import type { Outlook } from '../gates/outlook.ts'
import type { LatencyTick, PodLatency } from '../gates/samples.ts'
import { type GateTrack, numbersOf } from './gate-track.ts'

export interface LatencyTrackInput {
  /** At the bounds of the plan's edges. */
  readonly ticks: readonly LatencyTick[]
  readonly tickMs: number
  readonly rule: GateRule
  readonly knowledge: LatencyKnowledge
}

export function createLatencyTrack({ ticks, tickMs, rule, knowledge }: LatencyTrackInput): GateTrack {
  const { plan, calibration } = knowledge
  const judge = createLatencyJudge(plan, calibration, rule)
  const index = plan.edges[0]?.index ?? 0
  const seen: LatencyTick[] = []
  const countSlow = (pods: readonly PodLatency[]) => ({
    bad: pods.reduce((sum, { slower }) => sum + (slower[index] ?? 0), 0),
    total: pods.reduce((sum, { total }) => sum + total, 0),
  })
  const foresee = (nextWeightPercent: number | undefined): Outlook =>
    foreseeLatency({ rule, stage: nextWeightPercent === undefined ? {} : { nextWeightPercent } }, plan, seen, {
      phi: judge.describe()?.phi.used ?? 1,
      tickMs,
    })
  return {
    times: ticks.map(({ at }) => at),
    take(place, deal, weightPercent) {
      const { at, ...arms } = ticks[place] ?? { at: 0, canary: [], stable: [] }
      const tick: LatencyTick = { at, ...deal(arms, weightPercent) }
      seen.push(tick)
      const look = judge.add(tick)
      const findings = { abort: 'worse', proven: 'proven', undecided: 'none' } as const
      return {
        at,
        canary: countSlow(tick.canary),
        stable: countSlow(tick.stable),
        evidence: look.evidence,
        ratio: look.ratio,
        finding: findings[look.decision],
      }
    },
    foresee,
    describe() {
      const look = judge.describe()
      return { ...numbersOf(look, foresee(undefined).smallest), ...(look === undefined ? {} : { p99: look.p99 }) }
    },
    countBad: (after) => ticks.reduce((sum, { at, canary }) => sum + (at > after ? countSlow(canary).bad : 0), 0),
  }
}
