/**
 * What a seed makes of a user's release: what the new version is like and from when on, whether an alert watches it, how slow everything is, how long
 * people take to promote, and what goes wrong besides. Data only; times count from the change of the pod template.
 */
import type { Fate } from '../../cli/simulate/simulator.ts'
import type { Fault } from '../faults/fault.ts'
import { makeFaults } from '../faults/make-faults.ts'
import { createRandom, type SeededRandom } from '../kernel/random.ts'

export interface Release {
  readonly seed: number
  readonly fate: Fate
  /** It answers badly from now on; 0 for a good one, too. */
  readonly badAfterMs: number
  /** From when it shows until Prometheus' series say so: scrapes, and the range of a rate. */
  readonly metricLagMs: number
  /** From when users feel it until an alert about it arrives; undefined: nobody has written one. */
  readonly alertDelayMs: number | undefined
  /** An alert about nothing, of a good version. */
  readonly falseAlertMs: number | undefined
  readonly podReadyMs: readonly [number, number]
  readonly gatewayLagMs: readonly [number, number]
  readonly faults: readonly Fault[]
  readonly healAfterMs: number
}

export interface Expected {
  readonly momentsMs: readonly number[]
  readonly endMs: number
}

/** Longer than pods and a gateway take, however short the plan is. */
const SHORTEST_MS = 60_000
const METRIC_LAG_MS = [5_000, 60_000] as const
/** How soon an alert is there: the rule's `for`, and Alertmanager's `group_wait`. */
const ALERT_DELAY_MS = [30_000, 300_000] as const
const SLOW_PODS_MS = [30_000, 120_000] as const
const USUAL_PODS_MS = [1_000, 20_000] as const

const drawFrom = (random: SeededRandom, [from, to]: readonly [number, number]): number => random.between(from, to)

/** Of ten seeds in turn, so that a few show all there is; `alertShare`: how often there is an alert. */
const CAST: readonly { readonly fate: Fate; readonly alertShare: number }[] = [
  { fate: 'turns bad', alertShare: 0 },
  { fate: 'good', alertShare: 0 },
  { fate: 'turns bad', alertShare: 1 },
  { fate: 'never ready', alertShare: 0 },
  { fate: 'turns bad', alertShare: 0 },
  { fate: 'good', alertShare: 0.3 },
  { fate: 'turns bad', alertShare: 1 },
  { fate: 'never ready', alertShare: 0 },
  { fate: 'turns bad', alertShare: 0.5 },
  { fate: 'good', alertShare: 0 },
]

export function drawRelease(seed: number, { momentsMs, endMs }: Expected): Release {
  const random = createRandom(seed)
  const { fate, alertShare } = CAST[seed % CAST.length] ?? { fate: 'good', alertShare: 0 }
  const alerts = random.fork('alerts')
  const hasAlert = alerts.chance(alertShare)
  const world = random.fork('world')
  const untilMs = Math.max(SHORTEST_MS, endMs)
  const slowestMs = drawFrom(world, world.chance(0.2) ? SLOW_PODS_MS : USUAL_PODS_MS)
  const faults = makeFaults(random.fork('faults'), { untilMs, momentsMs, processes: 1 })
  return {
    seed,
    fate,
    badAfterMs: world.chance(0.4) ? 0 : world.between(0, endMs),
    alertDelayMs: hasAlert && fate === 'turns bad' ? drawFrom(alerts, ALERT_DELAY_MS) : undefined,
    falseAlertMs: hasAlert && fate === 'good' ? alerts.between(0, untilMs) : undefined,
    metricLagMs: drawFrom(world, METRIC_LAG_MS),
    podReadyMs: [Math.min(1_000, slowestMs), slowestMs],
    gatewayLagMs: [10, world.between(50, 3_000)],
    faults,
    healAfterMs: untilMs + world.between(0, SHORTEST_MS),
  }
}
