/**
 * What each pod added within the ticks that may still change, counted from a base that moves on. There are as many of them as pods times ticks, so all are
 * in one array. It decides nothing about ticks.
 */

export interface OpenSlots {
  readonly pods: number
  /** Numbers that are summed up for each pod and tick. */
  readonly columns: number
  /** Ticks from the base on that any pod was scraped in, or before one that was. */
  places: number
  /** By place and pod: see the offsets below. */
  cells: Float64Array
}

/** Offsets: one more than the first tick that the increments cover (0: not scraped), the newest scrape, the sums. */
const [COVER, NEWEST, SUMS] = [0, 1, 2]

/** Hardly any room to spare for the few ticks that are open at a look; for a release that is read from its first one, not one copy a tick. */
const GROWTH = 1.25

export const createOpenSlots = (pods: number, columns: number): OpenSlots => ({
  pods,
  columns,
  places: 0,
  cells: new Float64Array(0),
})

/**
 * Notes a scrape at `at` (epoch milliseconds) whose increments begin with the tick `cover`; answers with the place in {@link OpenSlots.cells} that what they add
 * to the first column is to be added to.
 */
export function openSlot(
  slots: OpenSlots,
  place: number,
  pod: number,
  { cover, at }: { readonly cover: number; readonly at: number },
): number {
  reserve(slots, place + 1)
  const { cells } = slots
  const cell = cellOf(slots, place, pod)
  if (cells[cell + COVER] === 0) cells[cell + COVER] = cover + 1
  cells[cell + NEWEST] = at
  return cell + SUMS
}

/** The first tick that a pod's increments at this place cover; undefined: it was not scraped. */
export function coverAt(slots: OpenSlots, place: number, pod: number): number | undefined {
  const cover = place < slots.places ? (slots.cells[cellOf(slots, place, pod) + COVER] ?? 0) : 0
  return cover === 0 ? undefined : cover - 1
}

export interface MergedSlots {
  readonly sums: number[]
  readonly newestAt: number
}

/** What a pod added from `start` to `end`, both included; undefined: it was not scraped. */
export function mergeSlots(slots: OpenSlots, pod: number, start: number, end: number): MergedSlots | undefined {
  let merged: { sums: number[]; newestAt: number } | undefined
  for (let place = start; place <= end; place += 1) {
    if (coverAt(slots, place, pod) === undefined) continue
    merged ??= { sums: Array.from({ length: slots.columns }, () => 0), newestAt: 0 }
    const cell = cellOf(slots, place, pod)
    merged.newestAt = Math.max(merged.newestAt, slots.cells[cell + NEWEST] ?? 0)
    for (let column = 0; column < slots.columns; column += 1)
      merged.sums[column] = (merged.sums[column] ?? 0) + (slots.cells[cell + SUMS + column] ?? 0)
  }
  return merged
}

/** Moves the base on. */
export function dropSlots(slots: OpenSlots, count: number): void {
  const row = rowOf(slots)
  const kept = Math.max(0, slots.places - count)
  const cells = new Float64Array(kept * row)
  cells.set(slots.cells.subarray(count * row, slots.places * row))
  slots.cells = cells
  slots.places = kept
}

function reserve(slots: OpenSlots, places: number): void {
  const row = rowOf(slots)
  if (slots.cells.length < places * row) {
    const cells = new Float64Array(Math.max(places, Math.ceil(slots.places * GROWTH)) * row)
    cells.set(slots.cells)
    slots.cells = cells
  }
  slots.places = Math.max(slots.places, places)
}

const rowOf = ({ pods, columns }: OpenSlots): number => pods * (SUMS + columns)

const cellOf = (slots: OpenSlots, place: number, pod: number): number =>
  (place * slots.pods + pod) * (SUMS + slots.columns)
