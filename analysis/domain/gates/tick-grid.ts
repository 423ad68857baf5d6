/**
 * Groups the scrapes of all pods into ticks and decides which of them count. Pods are scraped at different phases of the interval; each keeps its
 * own phase, so that jitter moves no scrape into a neighbouring tick. A tick that was emitted does not change when later
 * samples arrive.
 *
 *   tick                                       it
 *   both arms were scraped                     counts
 *   one arm was not (stale, gone, scrape gap)  waits: what the other arm adds meanwhile is kept
 *   both arms again, and the missing arm's     counts as one tick from there on: both arms cover the same time (the increment over a gap cannot
 *   increment reaches back into the gap        be split, and an incident within the gap must show in both arms or in none)
 *   both arms again, but it does not           counts alone; what was kept is dropped: nothing to compare it with
 *   not over                                   is not emitted yet
 */
import type { PodIncrements } from './pod-increments.ts'
import type { Arm } from './samples.ts'

/** One pod's increments, with the rows that may be counted. */
export interface PodRows extends PodIncrements {
  readonly arm: Arm
  readonly pod: string
  /** A row counts when the scrape before it is not earlier than this, epoch milliseconds. */
  readonly countsFrom: number
  /** Row 0 counts: everything at the first scrape is new. */
  readonly firstCounts: boolean
}

export interface GridOptions {
  /** Start of the first tick. */
  readonly from: number
  readonly now: number
  readonly tickMs: number
  readonly columns: number
  /** Stable history has no canary to wait for. */
  readonly arms: 'both' | 'stable'
}

/** What one pod added within one tick: `sums` from `offset` on, a number by column. Nothing of it may be kept. */
export type BuildPod<T> = (pod: string, sums: ArrayLike<number>, offset: number) => T

export interface GridTick<T> {
  /** The newest scrape in it, epoch milliseconds. */
  readonly at: number
  readonly canary: readonly T[]
  readonly stable: readonly T[]
}

export interface Grid<T> {
  readonly ticks: readonly GridTick<T>[]
  /** Ticks that cover a gap of an arm. */
  readonly merged: number
  /** Pods that missed scrapes, by name. */
  readonly gaps: readonly string[]
}

/** One pod's increments by tick. */
interface PodSlots {
  readonly arm: Arm
  readonly pod: string
  readonly sums: Float64Array
  /** First tick that the increment covers, plus one; 0: not scraped. */
  readonly covers: Int32Array
  readonly newestAt: Float64Array
  readonly hasGap: boolean
}

export function groupTicks<T>(pods: readonly PodRows[], build: BuildPod<T>, options: GridOptions): Grid<T> {
  const length = countSlots(pods, options)
  const slots = pods.map((pod) => slotPod(pod, length, options))
  const canary = slots.filter(({ arm }) => arm === 'canary' && options.arms === 'both')
  const stable = slots.filter(({ arm }) => arm === 'stable')
  const arms = options.arms === 'both' ? [canary, stable] : [stable]
  const end = Math.min(length, countFinished(options))
  const ticks: GridTick<T>[] = []
  let merged = 0
  let waitingSince = 0
  for (let slot = 0; slot < end; slot += 1) {
    if (!arms.every((arm) => isScraped(arm, slot))) continue
    const start = Math.max(...arms.map((arm) => findCover(arm, waitingSince, slot)))
    if (start < slot) merged += 1
    for (let at = start; at < slot; at += 1) {
      for (const pod of slots) moveSlot(pod, at, slot, options.columns)
    }
    const [atCanary, atStable] = [findNewest(canary, slot), findNewest(stable, slot)]
    ticks.push({
      at: Math.max(atCanary, atStable),
      canary: buildPods(canary, slot, build, options.columns),
      stable: buildPods(stable, slot, build, options.columns),
    })
    waitingSince = slot + 1
  }
  return { ticks, merged, gaps: slots.filter(({ hasGap }) => hasGap).map(({ pod }) => pod) }
}

function isScraped(arm: readonly PodSlots[], slot: number): boolean {
  for (const { covers } of arm) if (covers[slot] !== 0) return true
  return false
}

function countSlots(pods: readonly PodRows[], { from, tickMs }: GridOptions): number {
  const newest = pods.reduce((latest, { times }) => Math.max(latest, times[times.length - 1] ?? from), from)
  return Math.floor((newest - from) / tickMs) + 2
}

/** Ticks that are over, with a little patience for scrapes that take long or come late. */
export function countFinished({ from, now, tickMs }: Pick<GridOptions, 'from' | 'now' | 'tickMs'>): number {
  return Math.floor((now - Math.min(PATIENCE_SHARE * tickMs, PATIENCE_MS) - from) / tickMs)
}

const PATIENCE_SHARE = 0.1
const PATIENCE_MS = 2000

/** The tick of a time: scrapes are counted from the pod's first one, whose own tick is where it falls. */
export function slotOf(time: number, first: number, { from, tickMs }: Pick<GridOptions, 'from' | 'tickMs'>): number {
  return Math.max(0, Math.floor((first - from) / tickMs) + Math.round((time - first) / tickMs))
}

function slotPod(pod: PodRows, length: number, options: GridOptions): PodSlots {
  const { times, sums: rows, countsFrom } = pod
  const { columns } = options
  const first = times[0] ?? 0
  const sums = new Float64Array(length * columns)
  const covers = new Int32Array(length)
  const newestAt = new Float64Array(length)
  let last = slotOf(first, first, options)
  let hasGap = false
  for (let row = 0; row < times.length; row += 1) {
    const time = times[row] ?? 0
    const slot = slotOf(time, first, options)
    const before = last
    last = slot
    if (row === 0 ? !pod.firstCounts : (times[row - 1] ?? 0) < countsFrom) continue
    for (let column = 0; column < columns; column += 1) {
      const cell = slot * columns + column
      sums[cell] = (sums[cell] ?? 0) + (rows[row * columns + column] ?? 0)
    }
    if (covers[slot] === 0) covers[slot] = Math.min(before + 1, slot) + 1
    newestAt[slot] = time
    hasGap ||= slot - before > 1
  }
  return { arm: pod.arm, pod: pod.pod, sums, covers, newestAt, hasGap }
}

/** Where the time begins, not before `since`, that an arm's increments up to `slot` cover. */
function findCover(arm: readonly PodSlots[], since: number, slot: number): number {
  let start = slot
  for (const { covers } of arm) {
    for (let at = since; at <= slot; at += 1) {
      const cover = covers[at] ?? 0
      if (cover !== 0) start = Math.min(start, cover - 1)
    }
  }
  return Math.max(start, since)
}

function moveSlot({ sums, covers, newestAt }: PodSlots, from: number, to: number, columns: number): void {
  if (covers[from] === 0) return
  for (let column = 0; column < columns; column += 1) {
    const cell = to * columns + column
    sums[cell] = (sums[cell] ?? 0) + (sums[from * columns + column] ?? 0)
  }
  if (covers[to] === 0) covers[to] = covers[from] ?? 0
  newestAt[to] = Math.max(newestAt[to] ?? 0, newestAt[from] ?? 0)
}

function findNewest(arm: readonly PodSlots[], slot: number): number {
  let newest = 0
  for (const { newestAt } of arm) newest = Math.max(newest, newestAt[slot] ?? 0)
  return newest
}

function buildPods<T>(arm: readonly PodSlots[], slot: number, build: BuildPod<T>, columns: number): T[] {
  const pods: T[] = []
  for (const { pod, sums, covers } of arm) {
    if (covers[slot] !== 0) pods.push(build(pod, sums, slot * columns))
  }
  return pods
}
