/** Where most of the canary's bad events are: the code and route that a person looks at first. For display only; no decision rests on it. */
import type { GateSeries } from './samples.ts'

export interface TopDetail {
  readonly detail: string
  readonly bad: number
  /** Of all bad events of counters that tell where they come from. */
  readonly of: number
}

/** Increments of the canary's `failed` counters after `from` and up to `to` (epoch milliseconds), by detail; undefined when none tells where. */
export function findTopDetail(series: readonly GateSeries[], from: number, to: number): TopDetail | undefined {
  const byDetail = new Map<string, number>()
  let all = 0
  for (const one of series) {
    if (one.arm !== 'canary' || one.role !== 'failed' || one.detail === undefined || one.detail === '') continue
    const bad = sumIncrements(one, from, to)
    all += bad
    byDetail.set(one.detail, (byDetail.get(one.detail) ?? 0) + bad)
  }
  const [top] = [...byDetail].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return top === undefined || top[1] <= 0 ? undefined : { detail: top[0], bad: top[1], of: all }
}

/** A counter that falls started anew; one that is first seen within the window started at 0. */
function sumIncrements({ times, values }: GateSeries, from: number, to: number): number {
  let before = 0
  let sum = 0
  times.forEach((time, index) => {
    const value = values[index] ?? Number.NaN
    if (!Number.isFinite(value) || value < 0) return
    if (time > from && time <= to) sum += value < before ? value : value - before
    before = value
  })
  return sum
}
