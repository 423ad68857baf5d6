/** What sets the ticks of one kind of gate apart from those of another, for a reader that goes on from look to look. Nothing is read here. */
import type { PodCount } from '../stats/ticks.ts'
import type { RawCounter } from './clean-counters.ts'
import { listLatencyCounters } from './latency-counters.ts'
import { buildLatency, readLatencyTicks } from './read-latency-ticks.ts'
import { buildCount, COLUMNS, listCounters, readTicks, type TickOptions, type TickReading } from './read-ticks.ts'
import type { GateSeries, PodLatency } from './samples.ts'
import type { BuildPod, GridTick } from './tick-grid.ts'

export interface TickShape<T> {
  /** Numbers that are summed up for each pod and tick. */
  readonly columns: number
  readonly build: BuildPod<T>
  /** The sum of an arm, as of one pod. */
  readonly sum: (pods: readonly T[]) => T
  /** As many numbers as {@link columns} that say all of a sum, */
  readonly pack: (sum: T) => readonly number[]
  /** and back. */
  readonly unpack: (numbers: ArrayLike<number>, offset: number) => T
  /** Everything that sets one way to count apart from another, as text. */
  readonly key: string
  readonly listCounters: (series: readonly GateSeries[]) => readonly RawCounter[]
  readonly readAll: (series: readonly GateSeries[], options: TickOptions) => TickReading<GridTick<T>>
}

export const countShape: TickShape<PodCount> = {
  columns: COLUMNS,
  build: buildCount,
  sum: (pods) => ({ pod: '', bad: sumOf(pods, ({ bad }) => bad), total: sumOf(pods, ({ total }) => total) }),
  pack: ({ bad, total }) => [bad, total],
  unpack: (numbers, offset) => ({ pod: '', bad: numbers[offset] ?? 0, total: numbers[offset + 1] ?? 0 }),
  key: 'counts',
  listCounters,
  readAll: readTicks,
}

export const latencyShape = (bounds: readonly number[]): TickShape<PodLatency> => ({
  columns: bounds.length + 1,
  build: buildLatency(bounds.length),
  sum: (pods) => ({
    pod: '',
    total: sumOf(pods, ({ total }) => total),
    slower: bounds.map((_, bound) => sumOf(pods, ({ slower }) => slower[bound] ?? 0)),
  }),
  pack: ({ total, slower }) => [total, ...slower],
  unpack: (numbers, offset) => ({
    pod: '',
    total: numbers[offset] ?? 0,
    slower: bounds.map((_, bound) => numbers[offset + 1 + bound] ?? 0),
  }),
  key: bounds.join(),
  listCounters: (series) => listLatencyCounters(series, bounds).counters,
  readAll: (series, options) => readLatencyTicks(series, bounds, options),
})

function sumOf<T>(items: readonly T[], countOf: (item: T) => number): number {
  let sum = 0
  for (const item of items) sum += countOf(item)
  return sum
}
