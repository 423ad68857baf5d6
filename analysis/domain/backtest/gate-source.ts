/**
 * What one gate can read of the past, by version of the service: the raw series, and ticks made of them once for all cases. From it come the tracks of
 * pseudo-rollouts (pods of one version, dealt later) and of releases that happened. Shapes and what both kinds of gates share.
 */
import type { DataProblem } from '../gates/problems.ts'
import type { GateSeries } from '../gates/samples.ts'
import type { Deal } from './deal-pods.ts'
import type { GateTrack } from './gate-track.ts'
import type { PlanGate } from './plan.ts'

/** Series of each value of the version label; all of arm `stable`. */
export type VersionSeries = ReadonlyMap<string, readonly GateSeries[]>

export interface SourceInput {
  readonly gate: PlanGate
  readonly series: VersionSeries
  /** Epoch milliseconds; the gate's history before the first case included. */
  readonly from: number
  readonly to: number
}

export interface StableWindow {
  readonly version: string
  readonly since: number
  readonly until: number
  readonly deal: Deal
  readonly firstWeightPercent: number
}

export interface ReleaseWindow {
  readonly canary: string
  readonly stable: string
  readonly since: number
  readonly until: number
}

export interface StableSource {
  readonly gate: PlanGate
  readonly tickMs: number
  /** Pods in the last tick before a time: 0 when there was none shortly before. */
  podsAt(version: string, at: number): number
  /** Without ticks where there is nothing to judge by, such as a histogram without fitting buckets. */
  stableTrack(window: StableWindow): GateTrack
}

export interface GateSource extends StableSource {
  /** What is wrong with the samples, or worth knowing about them; with an `error` there are no ticks. */
  readonly problems: readonly DataProblem[]
  releaseTrack(window: ReleaseWindow): GateTrack
}

/** Those of `(from, to]`; ascending by `at`. */
export function sliceTicks<T extends { readonly at: number }>(
  ticks: readonly T[],
  from: number,
  to: number,
): readonly T[] {
  return ticks.slice(findAfter(ticks, from), findAfter(ticks, to))
}

/** The place of the first one after a time. */
function findAfter(ticks: readonly { readonly at: number }[], time: number): number {
  let [low, high] = [0, ticks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ticks[middle]?.at ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return low
}

const PIECE_MS = 30 * 60_000

interface Weighed {
  readonly at: number
  readonly stable: readonly { readonly total: number }[]
}

/** The ticks of whichever version had most of the traffic, half hour by half hour: what a gate learns noise from. */
export function mergeBusiest<T extends Weighed>(byVersion: ReadonlyMap<string, readonly T[]>): readonly T[] {
  const pieces = new Map<number, Map<string, { total: number; ticks: T[] }>>()
  for (const [version, ticks] of byVersion) {
    for (const tick of ticks) {
      const piece = pieces.get(Math.floor(tick.at / PIECE_MS)) ?? new Map<string, { total: number; ticks: T[] }>()
      pieces.set(Math.floor(tick.at / PIECE_MS), piece)
      const own = piece.get(version) ?? { total: 0, ticks: [] }
      piece.set(version, own)
      for (const { total } of tick.stable) own.total += total
      own.ticks.push(tick)
    }
  }
  return [...pieces]
    .sort(([one], [other]) => one - other)
    .flatMap(([, piece]) => [...piece.values()].toSorted((one, other) => other.total - one.total)[0]?.ticks ?? [])
}

const FEWEST_TICKS = 3

/** The canary's share of requests within the first ticks, as a gate in production takes it. */
export function shareOf(ticks: readonly { readonly canary: Totals; readonly stable: Totals }[]): number {
  let [canary, all] = [0, 0]
  for (const tick of ticks.slice(0, FEWEST_TICKS)) {
    for (const { total } of tick.canary) [canary, all] = [canary + total, all + total]
    for (const { total } of tick.stable) all += total
  }
  return all > 0 ? canary / all : 0
}
type Totals = readonly { readonly total: number }[]

/** What does not depend on what a tick counts. */
export const describeStable = (
  gate: PlanGate,
  byVersion: ReadonlyMap<string, readonly Weighed[]>,
  tickMs: number,
): Pick<StableSource, 'gate' | 'tickMs' | 'podsAt'> => ({
  gate,
  tickMs,
  podsAt: (version, at) => podsAround(byVersion.get(version), at, tickMs),
})

/** How many pods there were around a time. */
function podsAround(ticks: readonly Weighed[] | undefined, at: number, tickMs: number): number {
  return sliceTicks(ticks ?? [], at - 3 * tickMs, at + 3 * tickMs).at(-1)?.stable.length ?? 0
}
