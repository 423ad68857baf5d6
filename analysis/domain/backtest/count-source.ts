/** The past of a gate on errors or on business events. */
import type { DataProblem } from '../gates/problems.ts'
import { readStableHistory, readTicks } from '../gates/read-ticks.ts'
import { calibrate } from '../stats/calibrate.ts'
import type { Tick } from '../stats/ticks.ts'
import { createCountTrack } from './count-track.ts'
import {
  cutRelease,
  type GateSource,
  mergeBusiest,
  podsAround,
  type SourceInput,
  type StableSource,
  shareOf,
  sliceTicks,
} from './gate-source.ts'
import type { GateTrack } from './gate-track.ts'
import type { PlanGate } from './plan.ts'

export function createCountSource({ gate, series, from, to }: SourceInput): GateSource {
  const { warmupMs, leastTickMs } = gate.rule
  const lengths = leastTickMs === undefined ? { warmupMs } : { warmupMs, leastTickMs }
  let tickMs = 0
  const problems: DataProblem[] = []
  const byVersion = new Map<string, readonly Tick[]>()
  for (const [version, own] of series) {
    const reading = readStableHistory(own, { from, now: to, ...lengths })
    byVersion.set(version, reading.ticks)
    problems.push(...reading.problems)
    if (reading.ticks.length > 0) tickMs = Math.max(tickMs, reading.tickMs)
  }
  const track = createTracker(gate, byVersion, tickMs)
  return {
    ...createStableCounts(gate, byVersion, tickMs),
    problems,
    releaseTrack(window) {
      const { since, until } = window
      const { ticks } = readTicks(cutRelease(series, { ...window, until: window.until + tickMs }), {
        from: since,
        now: until + 2 * tickMs,
        ...lengths,
      })
      return track(ticks, since, shareOf(ticks))
    },
  }
}

/** The same from ticks that were read already, without releases. */
export function createStableCounts(gate: PlanGate, byVersion: TicksByVersion, tickMs: number): StableSource {
  const track = createTracker(gate, byVersion, tickMs)
  return {
    gate,
    tickMs,
    podsAt: (version, at) => podsAround(byVersion.get(version), at, tickMs),
    stableTrack({ version, since, until, deal, firstWeightPercent }) {
      const ticks = sliceTicks(byVersion.get(version) ?? [], since, until)
      return track(ticks, since, shareOf(ticks.slice(0, 3).map((tick) => deal(tick, firstWeightPercent))))
    },
  }
}

type TicksByVersion = ReadonlyMap<string, readonly Tick[]>

function createTracker({ rule, historyMs, gate }: PlanGate, byVersion: TicksByVersion, tickMs: number) {
  const stable = mergeBusiest(byVersion)
  return (ticks: readonly Tick[], since: number, share: number): GateTrack =>
    createCountTrack({
      ticks,
      tickMs,
      rule,
      calibration: historyMs > 0 ? calibrate(sliceTicks(stable, since - historyMs, since), share) : undefined,
      hasHardFloor: gate === 'errorRate',
    })
}
