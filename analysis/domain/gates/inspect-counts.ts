/** A look of the gates on errors and on business events: samples to ticks, ticks to evidence. */
import { exposuresOf } from '../stats/power.ts'
import { createCountJudge } from '../stats/replay.ts'
import { assessSamples, findExposure, listFailed, tickOptionsOf } from './assess-samples.ts'
import type { GateCase } from './gate-case.ts'
import type { GateJudges } from './gate-judges.ts'
import { findHardFloor } from './hard-floor.ts'
import type { Inspection } from './inspection.ts'
import { foresee } from './outlook.ts'
import { countShape } from './tick-shape.ts'
import { findTopDetail } from './top-detail.ts'

export function inspectCounts(gateCase: GateCase, judges: GateJudges): Inspection {
  const { gate, rule, calibration, stage } = gateCase
  const reading = judges.countTicks(gateCase, countShape, tickOptionsOf(gateCase))
  const { ticks, tickMs } = reading
  const key = { text: JSON.stringify(rule), calibration }
  const look = judges.counts(reading, key, () => createCountJudge(calibration, rule)).describe()
  const firstAt = ticks[0]?.at
  return {
    ...assessSamples(gateCase, reading),
    look,
    historyMs: calibration?.historyMs ?? 0,
    hardFloor: gate === 'errorRate' ? findHardFloor(ticks) : undefined,
    outlook: foresee({
      exposures: exposuresOf(ticks),
      rule,
      target: rule.target,
      phi: look?.phi.used ?? 1,
      tickMs,
      nextWeightPercent: stage.nextWeightPercent,
    }),
    exposedSince: findExposure(gateCase, reading.scrapeIntervalMs),
    top:
      gate === 'errorRate' && look !== undefined && firstAt !== undefined
        ? findTopDetail(listFailed(gateCase), firstAt - tickMs, look.at)
        : undefined,
  }
}
