/** The past of a latency gate. Edges are planned anew for each case, from the half hour before it, as the gate does it when a release begins. */
import { calibrateLatency } from '../gates/latency-calibration.ts'
import { listBounds } from '../gates/latency-counters.ts'
import { type EdgePlan, planEdges } from '../gates/latency-edges.ts'
import { readLatencyHistory, readLatencyTicks } from '../gates/read-latency-ticks.ts'
import type { LatencyTick, PodLatency } from '../gates/samples.ts'
import { sumSurvival } from '../gates/survival.ts'
import {
  describeStable,
  type GateSource,
  mergeBusiest,
  type SourceInput,
  type StableSource,
  shareOf,
  sliceTicks,
} from './gate-source.ts'
import { type GateTrack, numbersOf } from './gate-track.ts'
import { createLatencyTrack } from './latency-track.ts'
import type { PlanGate } from './plan.ts'
import { readRelease, readVersions } from './read-versions.ts'

const NOTHING = { bad: 0, total: 0 }
const SURVEY_MS = 30 * 60_000

export function createLatencySource(input: SourceInput): GateSource {
  const { gate } = input
  const bounds = listBounds([...input.series.values()].flat())
  const { byVersion, tickMs, problems } = readVersions(input, (own, options) =>
    readLatencyHistory(own, bounds, options),
  )
  const track = createTracker(gate, byVersion, { bounds, tickMs })
  return {
    ...createStableLatencies(gate, byVersion, { bounds, tickMs }),
    problems,
    releaseTrack: (window) =>
      track(
        window.since,
        (plan) => readRelease(input, window, tickMs, (own, options) => readLatencyTicks(own, plan.bounds, options)),
        shareOf,
      ),
  }
}

/** Bounds in seconds that the ticks are counted at, and the length of a tick. */
interface TickShape {
  readonly bounds: readonly number[]
  readonly tickMs: number
}
type TicksByVersion = ReadonlyMap<string, readonly LatencyTick[]>

/** The same from ticks that were read already, without releases. */
export function createStableLatencies(gate: PlanGate, byVersion: TicksByVersion, shape: TickShape): StableSource {
  const { bounds, tickMs } = shape
  const track = createTracker(gate, byVersion, shape)
  return {
    ...describeStable(gate, byVersion, tickMs),
    stableTrack: ({ version, since, until, deal, firstWeightPercent }) =>
      track(
        since,
        (plan) => sliceTicks(byVersion.get(version) ?? [], since, until).map(narrowTo(bounds, plan)),
        (ticks) => shareOf(ticks.slice(0, 3).map((tick) => deal(tick, firstWeightPercent))),
      ),
  }
}

function createTracker({ rule, historyMs }: PlanGate, byVersion: TicksByVersion, { bounds, tickMs }: TickShape) {
  const stable = mergeBusiest(byVersion)

  return function track(
    since: number,
    read: (plan: EdgePlan) => readonly LatencyTick[],
    shareOfTicks: (ticks: readonly LatencyTick[]) => number,
  ): GateTrack {
    const survey = sliceTicks(stable, since - SURVEY_MS, since)
    const plan = planEdges(sumSurvival(survey, 'stable', bounds), rule.toleranceRatio)
    if (!plan) return NO_TRACK
    const ticks = read(plan)
    const history = sliceTicks(stable, since - historyMs, since).map(narrowTo(bounds, plan))
    const calibration = calibrateLatency(history, plan, shareOfTicks(ticks))
    return createLatencyTrack({ ticks, tickMs, rule, knowledge: { plan, calibration } })
  }
}

const NO_TRACK: GateTrack = {
  times: [],
  take: (_place) => ({ at: 0, canary: NOTHING, stable: NOTHING, evidence: 1, ratio: undefined, finding: 'none' }),
  foresee: () => ({
    ratio: 1,
    events: undefined,
    caught: false,
    smallest: undefined,
    delayMs: undefined,
    nextWeightDelayMs: undefined,
  }),
  describe: () => numbersOf(undefined, undefined),
  countBad: () => 0,
}

/** A tick at all bounds as one at the plan's. */
function narrowTo(bounds: readonly number[], plan: EdgePlan): (tick: LatencyTick) => LatencyTick {
  const places = plan.bounds.map((bound) => bounds.indexOf(bound))
  const narrow = ({ pod, total, slower }: PodLatency): PodLatency => ({
    pod,
    total,
    slower: places.map((place) => slower[place] ?? 0),
  })
  return ({ at, canary, stable }) => ({ at, canary: canary.map(narrow), stable: stable.map(narrow) })
}
