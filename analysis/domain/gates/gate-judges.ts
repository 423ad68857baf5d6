/** The readers and judges of one gate between two looks; which of them is asked is up to the look. Nothing is decided here. */
import type { CountJudge } from '../stats/replay.ts'
import type { PodCount, Tick } from '../stats/ticks.ts'
import type { LatencyJudge } from './judge-latency.ts'
import { createResumer, type ResumeJudge } from './resume-judge.ts'
import type { LatencyTick, PodLatency } from './samples.ts'
import { createTickReader, type TickReader } from './tick-reader.ts'

export interface GateJudges {
  readonly countTicks: TickReader<PodCount>
  readonly latencyTicks: TickReader<PodLatency>
  readonly counts: ResumeJudge<Tick, CountJudge>
  readonly latency: ResumeJudge<LatencyTick, LatencyJudge>
}

export const createGateJudges = (): GateJudges => ({
  countTicks: createTickReader(),
  latencyTicks: createTickReader(),
  counts: createResumer<Tick, CountJudge>((judge, tick) => void judge.add(tick)),
  latency: createResumer<LatencyTick, LatencyJudge>((judge, tick) => judge.take(tick)),
})
