/** The judges of one gate between two looks; which of them is asked is up to the look. Nothing is decided here. */
import type { CountJudge } from '../stats/replay.ts'
import type { Tick } from '../stats/ticks.ts'
import type { LatencyJudge } from './judge-latency.ts'
import { createResumer, type ResumeJudge } from './resume-judge.ts'
import type { LatencyTick } from './samples.ts'

export interface GateJudges {
  readonly counts: ResumeJudge<Tick, CountJudge>
  readonly latency: ResumeJudge<LatencyTick, LatencyJudge>
}

export const createGateJudges = (): GateJudges => ({
  counts: createResumer<Tick, CountJudge>((judge, tick) => void judge.add(tick)),
  latency: createResumer<LatencyTick, LatencyJudge>((judge, tick) => judge.take(tick)),
})
