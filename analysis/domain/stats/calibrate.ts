/**
 * What hours of stable pods teach: slices of them, as large as the canary will be, are each held against the rest as if they were the canary.
 * With a single pod there is no slice: it is held against itself, one tick against the next, which takes changes of the base rate for
 * noise as well but cannot see what sets pods apart; `noise.ts` makes up for that.
 */
import { type PairCounts, sumBad, sumTotals } from './arms.ts'
import { chooseLimit } from './choose-limit.ts'
import { createDispersion, type Dispersion, dispersionOf } from './dispersion.ts'
import { limitTick } from './limited-ticks.ts'
import { createPodGroups } from './pod-groups.ts'
import type { Calibration, Tick } from './ticks.ts'
import { splitArms } from './twins.ts'

/** Slices that are looked at; more of them repeat the same traffic. */
const MOST_SLICES = 8
/** Blocks of a length below which it says nothing. */
const FEWEST_BLOCKS = 12
/** Below this overdispersion there are no clumps to see through. */
const LEAST_CLUMPED = 1.5
/** Slices are no smaller than this share and no larger than that one. */
const SMALLEST_SHARE = 0.01
const LARGEST_SHARE = 0.5

/**
 * `stableHistory`: ticks with stable pods only, ascending. `share`: the canary's share of traffic, 0..1, as in the smallest stage.
 * An empty history gives a calibration of length 0, which is the same as none.
 */
export function calibrate(stableHistory: readonly Tick[], share: number): Calibration {
  const whole = calibrateWhole(stableHistory, share)
  if (whole.phi < LEAST_CLUMPED) return whole
  const chosen = chooseLimit(stableHistory, whole.phi, (limit) =>
    calibrateWhole(
      stableHistory.map((tick) => limitTick(tick, limit)),
      share,
    ),
  )
  return chosen === undefined ? whole : { ...whole, limited: { ...chosen.known, limit: chosen.limit } }
}

/** The same without looking for a limit: for counts that do not come in clumps of a few pods. */
export function calibrateWhole(stableHistory: readonly Tick[], share: number): Calibration {
  const pods = medianPods(stableHistory)
  const slices = pods < 2 ? [sliceInTime(stableHistory)] : slicesOfPods(stableHistory, groupsFor(pods, share))
  const { phi, withinTick } = dispersionOf(slices, FEWEST_BLOCKS) ?? { phi: 1, withinTick: 1 }
  return {
    phi,
    phiWithinTick: withinTick,
    // Ranks serve numbers that are not counts: docs/adr/0014-verdict-statistics.md.
    rho: 0,
    residuals: [],
    historyMs: lengthOf(stableHistory),
    podRequests: podRequests(stableHistory),
    pods,
  }
}

function groupsFor(pods: number, share: number): number {
  const wanted = Math.round(1 / Math.min(Math.max(share, SMALLEST_SHARE), LARGEST_SHARE))
  return Math.max(2, Math.min(wanted, pods))
}

function slicesOfPods(history: readonly Tick[], count: number): readonly Dispersion[] {
  const groups = createPodGroups(count)
  const slices = Array.from({ length: Math.min(count, MOST_SLICES) }, createDispersion)
  for (const tick of history) {
    const pairs = splitArms(tick, groups.deal(tick.stable), slices.length)
    for (const [index, slice] of slices.entries()) {
      const pair = pairs[index]
      if (pair !== undefined) slice.add(pair)
    }
  }
  return slices
}

/** Even ticks as canary, odd ones as stable. */
function sliceInTime(history: readonly Tick[]): Dispersion {
  const slice = createDispersion()
  for (let index = 1; index < history.length; index += 2) {
    const even = history[index - 1]?.stable ?? []
    const odd = history[index]?.stable ?? []
    const pair: PairCounts = {
      at: history[index]?.at ?? 0,
      canaryBad: sumBad(even),
      canaryTotal: sumTotals(even),
      stableBad: sumBad(odd),
      stableTotal: sumTotals(odd),
    }
    if (pair.canaryTotal > 0 && pair.stableTotal > 0) slice.add(pair)
  }
  return slice
}

function medianPods(history: readonly Tick[]): number {
  const counts = history.map(({ stable }) => stable.length).toSorted((a, b) => a - b)
  return counts[Math.floor(counts.length / 2)] ?? 0
}

function podRequests(history: readonly Tick[]): number {
  let requests = 0
  let pods = 0
  for (const { stable } of history) {
    requests += sumTotals(stable)
    pods += stable.length
  }
  return pods === 0 ? 0 : requests / pods
}

function lengthOf(history: readonly Tick[]): number {
  return (history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0)
}
