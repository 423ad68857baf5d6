/** What the load tells of itself, and how the readings of several hosts become one. Pure. */
import type { Counts, Loss, Punctuality } from '../../sandbox/load/load.ts'

export interface LoadPlan {
  /** Base URL of the gateway. */
  readonly url: string
  /** Each gets the same share of the rate. */
  readonly hosts: readonly string[]
  readonly requestsPerSecond: number
}

export interface LoadReading extends Counts, Punctuality {
  /** Since the reading before. */
  readonly losses: readonly Loss[]
}

export function addReadings(readings: readonly LoadReading[]): LoadReading {
  const total = (field: Exclude<keyof LoadReading, 'lostBy' | 'losses'>): number =>
    readings.reduce((sum, reading) => sum + reading[field], 0)
  const lostBy: Record<string, number> = {}
  for (const [cause, count] of readings.flatMap((reading) => Object.entries(reading.lostBy)))
    lostBy[cause] = (lostBy[cause] ?? 0) + count
  return {
    ok: total('ok'),
    appError: total('appError'),
    lost: total('lost'),
    unjudged: total('unjudged'),
    lostBy,
    losses: readings.flatMap(({ losses }) => losses),
    scheduled: total('scheduled'),
    sent: total('sent'),
    skipped: total('skipped'),
    late: total('late'),
    worstLateMs: Math.max(...readings.map(({ worstLateMs }) => worstLateMs)),
  }
}
