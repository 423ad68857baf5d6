/**
 * Live A/A twins: stable pods dealt into four groups, each held against the other three while the rollout runs. They are all the same release,
 * so what they differ by is noise, and noise of this very hour, which history may not have seen.
 */
import { countOf, type PairCounts } from './arms.ts'
import { createDispersion, dispersionOf, type Overdispersion } from './dispersion.ts'
import { createPodGroups } from './pod-groups.ts'
import type { Tick } from './ticks.ts'

const GROUPS = 4
/** Blocks (of all groups together) below which a scale says nothing. */
const FEWEST_BLOCKS = 8

export interface Twins {
  readonly add: (tick: Tick) => void
  /** Between stable pods; undefined with fewer than four of them, or too early. */
  readonly overdispersion: () => Overdispersion | undefined
  /** How long they have been watched, milliseconds. */
  readonly watchedMs: () => number
}

export function createTwins(): Twins {
  const groups = createPodGroups(GROUPS)
  const streams = Array.from({ length: GROUPS }, createDispersion)

  let since: number | undefined
  let until = 0

  function add(tick: Tick): void {
    if (tick.stable.length < GROUPS) return
    since ??= tick.at
    until = tick.at
    const arms = splitArms(tick, groups.deal(tick.stable), GROUPS)
    for (let group = 0; group < GROUPS; group++) {
      const counts = arms[group]
      if (counts !== undefined) streams[group]?.add(counts)
    }
  }

  return {
    add,
    overdispersion: () => dispersionOf(streams, FEWEST_BLOCKS),
    watchedMs: () => (since === undefined ? 0 : until - since),
  }
}

/** Each group as canary and the rest of the stable pods as stable; undefined where one of the two had no request. */
export function splitArms(tick: Tick, groupOf: readonly number[], groups: number): (PairCounts | undefined)[] {
  const bad = Array.from({ length: groups }, () => 0)
  const total = Array.from({ length: groups }, () => 0)
  let allBad = 0
  let allTotal = 0
  let index = 0
  for (const pod of tick.stable) {
    const group = groupOf[index++] ?? groups
    const podBad = countOf(pod.bad)
    const podTotal = countOf(pod.total)
    allBad += podBad
    allTotal += podTotal
    if (group >= groups) continue
    bad[group] = (bad[group] ?? 0) + podBad
    total[group] = (total[group] ?? 0) + podTotal
  }
  return total.map((canaryTotal, group) => {
    const canaryBad = bad[group] ?? 0
    if (canaryTotal <= 0 || allTotal - canaryTotal <= 0) return undefined
    const stableTotal = allTotal - canaryTotal
    return { at: tick.at, canaryBad, canaryTotal, stableBad: allBad - canaryBad, stableTotal }
  })
}
