/** What can be caught by when, from the engine's own statement of power: steady traffic at one weight, half a percent of stable's requests fail. */
import { delayUntilDetectable, type Exposure, smallestDetectable } from '../../../analysis/domain/stats/power.ts'
import { BASE_ERRORS } from '../verdicts/cells.ts'
import { errorRule } from '../verdicts/judges.ts'
import { SCRAPE_SECONDS } from '../verdicts/plan.ts'

export interface SteadyTraffic {
  /** Requests per second of both arms together. */
  readonly rps: number
  /** The canary's share, 0..1. */
  readonly weight: number
  /** Overdispersion. */
  readonly phi: number
}

const exposureOf = ({ rps, weight }: SteadyTraffic): Exposure => {
  const requests = rps * SCRAPE_SECONDS
  const stableTotal = requests * (1 - weight)
  return { canaryTotal: requests * weight, stableTotal, stableBad: stableTotal * BASE_ERRORS }
}

/** The smallest ratio that is caught with 80 % chance after so many minutes; undefined when none is. */
export function caughtAfter(traffic: SteadyTraffic, minutes: number): number | undefined {
  const ticks = Math.round((minutes * 60) / SCRAPE_SECONDS)
  const exposure = exposureOf(traffic)
  return smallestDetectable(
    Array.from({ length: ticks }, () => exposure),
    errorRule,
    traffic.phi,
  )
}

/** Minutes until the ratio is caught with 80 % chance; undefined beyond `mostMinutes`. */
export function minutesUntilCaught(traffic: SteadyTraffic, ratio: number, mostMinutes: number): number | undefined {
  const forecast = { exposure: exposureOf(traffic), intervalMs: SCRAPE_SECONDS * 1000 }
  const delay = delayUntilDetectable([], forecast, {
    ratio,
    rule: errorRule,
    phi: traffic.phi,
    mostMs: mostMinutes * 60_000,
  })
  return delay === undefined ? undefined : delay / 60_000
}
