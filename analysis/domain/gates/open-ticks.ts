/** The ticks that may still change, from what pods added within them: by the rules of `tick-grid.ts`, whose words these are. It changes nothing. */
import { coverAt, type MergedSlots, mergeSlots, type OpenSlots } from './open-slots.ts'
import type { Arm } from './samples.ts'
import type { BuildPod, GridTick } from './tick-grid.ts'

export interface OpenTick<T> {
  /** From the base on. */
  readonly place: number
  readonly tick: GridTick<T>
  /** It covers a gap of an arm. */
  readonly isMerged: boolean
}

export interface OpenGrid {
  readonly slots: OpenSlots
  /** In the order of the slots. */
  readonly pods: readonly { readonly arm: Arm; readonly pod: string }[]
  /** The tick that open slots begin with. */
  readonly base: number
}

/** `end`: ticks from the base on that are over. */
export function listOpenTicks<T>(grid: OpenGrid, build: BuildPod<T>, end: number): OpenTick<T>[] {
  const { pods } = grid
  const places = pods.map((_, index) => index)
  const canary = places.filter((index) => pods[index]?.arm === 'canary')
  const stable = places.filter((index) => pods[index]?.arm === 'stable')
  const open: OpenTick<T>[] = []
  let waitingSince = 0
  for (let place = 0; place < end; place += 1) {
    if (!isScraped(grid, canary, place) || !isScraped(grid, stable, place)) continue
    const start = Math.max(findCover(grid, canary, waitingSince, place), findCover(grid, stable, waitingSince, place))
    const canaryPods = mergePods(grid, canary, start, place)
    const stablePods = mergePods(grid, stable, start, place)
    open.push({
      place,
      tick: {
        at: Math.max(...[...canaryPods, ...stablePods].map(({ newestAt }) => newestAt)),
        canary: canaryPods.map(({ pod, sums }) => build(pod, sums, 0)),
        stable: stablePods.map(({ pod, sums }) => build(pod, sums, 0)),
      },
      isMerged: start < place,
    })
    waitingSince = place + 1
  }
  return open
}

/** Indexes of pods. */
type ArmPods = readonly number[]

const isScraped = ({ slots }: OpenGrid, arm: ArmPods, place: number): boolean =>
  arm.some((pod) => coverAt(slots, place, pod) !== undefined)

/** Where the time begins, not before `since`, that an arm's increments up to `place` cover; all from the base on. */
function findCover({ slots, base }: OpenGrid, arm: ArmPods, since: number, place: number): number {
  let start = place
  for (const pod of arm)
    for (let at = since; at <= place; at += 1) start = Math.min(start, (coverAt(slots, at, pod) ?? base + place) - base)
  return Math.max(start, since)
}

interface MergedPod extends MergedSlots {
  readonly pod: string
}

function mergePods({ slots, pods }: OpenGrid, arm: ArmPods, start: number, end: number): readonly MergedPod[] {
  return arm.flatMap((index): readonly MergedPod[] => {
    const merged = mergeSlots(slots, index, start, end)
    return merged === undefined ? [] : [{ pod: pods[index]?.pod ?? '', sums: merged.sums, newestAt: merged.newestAt }]
  })
}
