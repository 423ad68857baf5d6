/** From raw histograms to ticks of the latency gate: how many requests of each pod were slower than each bound. The tick rule is that of all gates. */
import type { RawCounter } from './clean-counters.ts'
import { columnOf, type LatencyCounters, listLatencyCounters, TOTAL } from './latency-counters.ts'
import { readColumns, type TickOptions, type TickReading } from './read-ticks.ts'
import type { GateSeries, LatencyTick, PodLatency } from './samples.ts'
import type { BuildPod } from './tick-grid.ts'

/**
 * Roles `bucket` (with `requests` as `_count` where there is no `+Inf`) or `native`. `bounds`: seconds, ascending, out of those that `listBounds` finds;
 * `slower` of the ticks is in their order.
 */
export function readLatencyTicks(
  series: readonly GateSeries[],
  bounds: readonly number[],
  options: TickOptions,
): TickReading<LatencyTick> {
  return read(listLatencyCounters(series, bounds), bounds, 'both', options)
}

/** The same of stable pods alone, for calibration: ticks without canary. */
export function readLatencyHistory(
  series: readonly GateSeries[],
  bounds: readonly number[],
  options: TickOptions,
): TickReading<LatencyTick> {
  const stable = series.filter(({ arm }) => arm === 'stable')
  return read(listLatencyCounters(stable, bounds), bounds, 'stable', options)
}

function read(
  { counters, problems }: LatencyCounters,
  bounds: readonly number[],
  arms: 'both' | 'stable',
  options: TickOptions,
): TickReading<LatencyTick> {
  const isUnusable = problems.some(({ severity }) => severity === 'error')
  const raw: readonly RawCounter[] = isUnusable ? [] : counters
  const reading = readColumns(raw, buildLatency(bounds.length), { columns: bounds.length + 1, arms }, options)
  return { ...reading, problems: [...problems, ...reading.problems] }
}

export const buildLatency =
  (bounds: number): BuildPod<PodLatency> =>
  (pod, sums, offset) => {
    const total = sums[offset + TOTAL] ?? 0
    const slower: number[] = []
    for (let bound = 0; bound < bounds; bound += 1) {
      slower.push(Math.min(total, Math.max(0, total - (sums[offset + columnOf(bound)] ?? 0))))
    }
    return { pod, total, slower }
  }
