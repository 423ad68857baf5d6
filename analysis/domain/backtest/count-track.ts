/** The gates on errors and on business events, replayed tick by tick with the judge that they have in production. */

import type { GateRule } from '../gates/gate-case.ts'
import { findHardFloor } from '../gates/hard-floor.ts'
import { foresee, type Outlook } from '../gates/outlook.ts'
import { sumBad, sumTotals } from '../stats/arms.ts'
import { exposuresOf } from '../stats/power.ts'
import { createCountJudge } from '../stats/replay.ts'
import type { Calibration, Tick } from '../stats/ticks.ts'
import { type GateTrack, numbersOf } from './gate-track.ts'

export interface CountTrackInput {
  readonly ticks: readonly Tick[]
  readonly tickMs: number
  readonly rule: GateRule
  readonly calibration: Calibration | undefined
  /** Requests may fail altogether: only errors have a floor. */
  readonly hasHardFloor: boolean
}

export function createCountTrack({ ticks, tickMs, rule, calibration, hasHardFloor }: CountTrackInput): GateTrack {
  const judge = createCountJudge(calibration, rule)
  const seen: Tick[] = []
  let isBelowFloor = false
  const foreseeAt = (nextWeightPercent: number | undefined): Outlook =>
    foresee({
      exposures: exposuresOf(seen),
      rule,
      target: rule.target,
      phi: judge.describe()?.phi.used ?? 1,
      tickMs,
      nextWeightPercent,
    })
  return {
    times: ticks.map(({ at }) => at),
    take(place, deal, weightPercent) {
      const { at, ...arms } = ticks[place] ?? { at: 0, canary: [], stable: [] }
      const tick: Tick = { at, ...deal(arms, weightPercent) }
      seen.push(tick)
      const look = judge.add(tick)
      // Two ticks in a row decide it.
      isBelowFloor ||= hasHardFloor && findHardFloor(seen.slice(-2)) !== undefined
      const findings = { abort: 'worse', proven: 'proven', undecided: 'none' } as const
      return {
        at,
        canary: { bad: sumBad(tick.canary), total: sumTotals(tick.canary) },
        stable: { bad: sumBad(tick.stable), total: sumTotals(tick.stable) },
        evidence: look.evidence,
        ratio: look.ratio,
        finding: isBelowFloor ? 'hardFloor' : findings[look.decision],
      }
    },
    foresee: foreseeAt,
    describe: () => numbersOf(judge.describe(), foreseeAt(undefined).smallest),
    countBad: (after) => sumAfter(ticks, after, rule.direction === 'down' ? missingOf : failedOf),
  }
}

const failedOf = ({ canary }: Tick): number => sumBad(canary)

/** Events that the canary would have had at stable's rate, less those that it had. */
function missingOf({ canary, stable }: Tick): number {
  const requests = sumTotals(stable)
  return requests > 0 ? (sumBad(stable) / requests) * sumTotals(canary) - sumBad(canary) : 0
}

function sumAfter(ticks: readonly Tick[], after: number, pick: (tick: Tick) => number): number {
  let sum = 0
  for (const tick of ticks) if (tick.at > after) sum += pick(tick)
  return Math.max(0, sum)
}
