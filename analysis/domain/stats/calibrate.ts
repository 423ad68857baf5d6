/**
 * What hours of stable pods teach: slices of them, as large as the canary will be, are each held against the rest as if they were the canary.
 * With a single pod there is no slice: it is held against itself, one tick against the next, which takes changes of the base rate for
 * noise as well (more careful, never less) but cannot see what sets pods apart.
 */
import { type ArmCounts, sumBad, sumTotals } from './arms.ts'
import { createDispersion, type Dispersion, dispersionOf } from './dispersion.ts'
import { createPodGroups } from './pod-groups.ts'
import { createBlocks } from './rank-evidence.ts'
import type { Calibration, Tick } from './ticks.ts'
import { splitArms } from './twins.ts'

/** Slices that are looked at; more of them repeat the same traffic. */
const MOST_SLICES = 8
/** Blocks of a length below which it says nothing: 16 ticks need an hour at 15 s. */
const FEWEST_BLOCKS = 12

interface Slice {
  readonly dispersion: Dispersion
  readonly blocks: (arms: ArmCounts) => number | undefined
  readonly z: number[]
}

/**
 * `stableHistory`: ticks with stable pods only, ascending. `share`: the canary's share of traffic, 0..1, as in the smallest stage.
 * An empty history gives a calibration of length 0, which is the same as none.
 */
export function calibrate(stableHistory: readonly Tick[], share: number): Calibration {
  const pods = medianPods(stableHistory)
  const slices = pods < 2 ? [sliceInTime(stableHistory)] : slicesOfPods(stableHistory, groupsFor(pods, share))
  const rho = correlation(slices.map(({ z }) => z))
  const residuals = slices.flatMap(({ z }) => z.map((value, index) => value - rho * (z[index - 1] ?? 0)))
  return {
    phi:
      dispersionOf(
        slices.map(({ dispersion }) => dispersion),
        FEWEST_BLOCKS,
      ) ?? 1,
    rho,
    residuals: residuals.toSorted((a, b) => a - b),
    historyMs: lengthOf(stableHistory),
  }
}

function groupsFor(pods: number, share: number): number {
  const wanted = Math.round(1 / Math.min(Math.max(share, 0.01), 0.5))
  return Math.max(2, Math.min(wanted, pods))
}

function slicesOfPods(history: readonly Tick[], count: number): readonly Slice[] {
  const groups = createPodGroups(count)
  const slices = Array.from({ length: Math.min(count, MOST_SLICES) }, createSlice)
  for (const tick of history) {
    const arms = splitArms(tick, groups.deal(tick.stable), slices.length)
    for (const [index, slice] of slices.entries()) addToSlice(slice, arms[index])
  }
  return slices
}

/** Even ticks as canary, odd ones as stable. */
function sliceInTime(history: readonly Tick[]): Slice {
  const slice = createSlice()
  for (let index = 1; index < history.length; index += 2) {
    const even = history[index - 1]?.stable ?? []
    const odd = history[index]?.stable ?? []
    const arms: ArmCounts = {
      at: history[index]?.at ?? 0,
      canaryBad: sumBad(even),
      canaryTotal: sumTotals(even),
      stableBad: sumBad(odd),
      stableTotal: sumTotals(odd),
    }
    if (arms.canaryTotal > 0 && arms.stableTotal > 0) addToSlice(slice, arms)
  }
  return slice
}

function createSlice(): Slice {
  return { dispersion: createDispersion(), blocks: createBlocks(1), z: [] }
}

function addToSlice(slice: Slice, arms: ArmCounts | undefined): void {
  if (arms === undefined) return
  slice.dispersion.add(arms)
  const z = slice.blocks(arms)
  if (z !== undefined) slice.z.push(z)
}

/** Correlation of neighbours within each series, of all series together; within 0..0.95. */
function correlation(series: readonly (readonly number[])[]): number {
  let products = 0
  let squares = 0
  for (const values of series) {
    values.forEach((value, index) => {
      squares += value * value
      products += value * (values[index - 1] ?? 0)
    })
  }
  return squares === 0 ? 0 : Math.min(0.95, Math.max(0, products / squares))
}

function medianPods(history: readonly Tick[]): number {
  const counts = history.map(({ stable }) => stable.length).toSorted((a, b) => a - b)
  return counts[Math.floor(counts.length / 2)] ?? 0
}

function lengthOf(history: readonly Tick[]): number {
  return (history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0)
}
