/** The past of a gate on errors or on business events. */
import { readStableHistory, readTicks } from '../gates/read-ticks.ts'
import { calibrate } from '../stats/calibrate.ts'
import type { Tick } from '../stats/ticks.ts'
import { createCountTrack } from './count-track.ts'
import {
  describeStable,
  type GateSource,
  mergeBusiest,
  type SourceInput,
  type StableSource,
  shareOf,
  sliceTicks,
} from './gate-source.ts'
import type { GateTrack } from './gate-track.ts'
import type { PlanGate } from './plan.ts'
import { readRelease, readVersions } from './read-versions.ts'

export function createCountSource(input: SourceInput): GateSource {
  const { byVersion, tickMs, problems } = readVersions(input, readStableHistory)
  const track = createTracker(input.gate, byVersion, tickMs)
  return {
    ...createStableCounts(input.gate, byVersion, tickMs),
    problems,
    releaseTrack(window) {
      const ticks = readRelease(input, window, tickMs, readTicks)
      return track(ticks, window.since, shareOf(ticks))
    },
  }
}

/** The same from ticks that were read already, without releases. */
export function createStableCounts(gate: PlanGate, byVersion: TicksByVersion, tickMs: number): StableSource {
  const track = createTracker(gate, byVersion, tickMs)
  return {
    ...describeStable(gate, byVersion, tickMs),
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
