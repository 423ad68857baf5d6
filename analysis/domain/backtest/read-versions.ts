/**
 * Raw series to ticks, whatever they count: of each version of a service once for all cases, and of both versions of a release that happened. How a tick
 * is read is the caller's business.
 */
import type { DataProblem } from '../gates/problems.ts'
import type { TickOptions, TickReading } from '../gates/read-ticks.ts'
import type { GateSeries } from '../gates/samples.ts'
import type { ReleaseWindow, SourceInput, VersionSeries } from './gate-source.ts'
import type { PlanGate } from './plan.ts'

export type ReadTicks<T> = (series: readonly GateSeries[], options: TickOptions) => TickReading<T>

export interface VersionTicks<T> {
  readonly byVersion: ReadonlyMap<string, readonly T[]>
  /** The longest of all versions; 0 without ticks. */
  readonly tickMs: number
  readonly problems: readonly DataProblem[]
}

export function readVersions<T>({ gate, series, from, to }: SourceInput, read: ReadTicks<T>): VersionTicks<T> {
  let tickMs = 0
  const problems: DataProblem[] = []
  const byVersion = new Map<string, readonly T[]>()
  for (const [version, own] of series) {
    const reading = read(own, { from, now: to, ...lengthsOf(gate) })
    byVersion.set(version, reading.ticks)
    problems.push(...reading.problems)
    if (reading.ticks.length > 0) tickMs = Math.max(tickMs, reading.tickMs)
  }
  return { byVersion, tickMs, problems }
}

/** The last tick may end after the release does. */
export function readRelease<T>(
  { gate, series }: Pick<SourceInput, 'gate' | 'series'>,
  window: ReleaseWindow,
  tickMs: number,
  read: ReadTicks<T>,
): readonly T[] {
  const { since, until } = window
  const options = { from: since, now: until + 2 * tickMs, ...lengthsOf(gate) }
  return read(cutRelease(series, { ...window, until: until + tickMs }), options).ticks
}

const lengthsOf = ({ rule: { warmupMs, leastTickMs } }: PlanGate): Pick<TickOptions, 'warmupMs' | 'leastTickMs'> =>
  leastTickMs === undefined ? { warmupMs } : { warmupMs, leastTickMs }

/** Samples before a release that increments start from. */
const BASE_MS = 120_000

/** The series of both versions within a release, each with its arm. */
export function cutRelease(
  series: VersionSeries,
  { canary, stable, since, until }: ReleaseWindow,
): readonly GateSeries[] {
  const cut = (one: GateSeries, arm: GateSeries['arm']): readonly GateSeries[] => {
    const first = one.times.findIndex((time) => time > since - BASE_MS)
    const after = one.times.findIndex((time) => time > until)
    const end = after < 0 ? one.times.length : after
    if (first < 0 || first >= end) return []
    const { histograms } = one
    return [
      {
        ...one,
        arm,
        times: one.times.slice(first, end),
        values: one.values.slice(first, end),
        ...(histograms === undefined ? {} : { histograms: histograms.slice(first, end) }),
      },
    ]
  }
  return [
    ...(series.get(canary) ?? []).flatMap((one) => cut(one, 'canary')),
    ...(series.get(stable) ?? []).flatMap((one) => cut(one, 'stable')),
  ]
}
