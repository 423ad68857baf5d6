/** A service that is made up, seeded: pods with counters of requests, failures and events, scraped every 15 seconds. */

import type { VersionSeries } from '../../../../analysis/domain/backtest/gate-source.ts'
import type { PlanGate } from '../../../../analysis/domain/backtest/plan.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import { seededRandom } from '../../../fakes/fake-random.ts'

export const START = Date.UTC(2026, 0, 1)
export const MINUTE = 60_000
const SCRAPE = 15_000

export interface Version {
  readonly name: string
  readonly pods: number
  /** Of each pod. */
  readonly requestsPerScrape: number
  readonly errorShare: number
  /** Minutes after {@link START}. */
  readonly from: number
  readonly to: number
}

/** Failures are independent of each other: counted one by one. */
export const simulate = (versions: readonly Version[], seed: number): VersionSeries =>
  new Map(versions.map((version) => [version.name, simulateVersion(version, seededRandom(seed + version.from).next)]))

function simulateVersion(version: Version, random: () => number): readonly GateSeries[] {
  return Array.from({ length: version.pods }, (_, pod) => pod).flatMap((pod) => {
    const times: number[] = []
    const [served, failed]: [number[], number[]] = [[], []]
    let [good, bad] = [0, 0]
    for (let at = START + version.from * MINUTE + 500 * pod; at <= START + version.to * MINUTE; at += SCRAPE) {
      times.push(at)
      served.push(good)
      failed.push(bad)
      for (let request = 0; request < version.requestsPerScrape; request += 1) {
        if (random() < version.errorShare) bad += 1
        else good += 1
      }
    }
    const common = { arm: 'stable', pod: `${version.name}-${pod}`, times } as const
    return [
      { ...common, role: 'requests', values: served, detail: '200' },
      { ...common, role: 'failed', values: failed, detail: '503' },
    ] satisfies GateSeries[]
  })
}

/** The error gate's defaults, without a warm-up. */
export const errorRule: PlanGate['rule'] = {
  direction: 'up',
  alpha: 1 / 300,
  beta: 1 / 3,
  toleranceRatio: 1.2,
  toleranceExcess: 0.001,
  minEvents: 5,
  target: 3,
  earlyPass: false,
  warmupMs: 0,
}
