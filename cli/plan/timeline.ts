/** Two plays of one update, the shortest and the longest, as one timeline. Pure. */
import type { Moment, Playback } from './playback.ts'

export interface TimelineRow extends Omit<Moment, 'atMs'> {
  readonly earliestMs: number
  /** Absent: in the longest play this moment does not come about. */
  readonly latestMs?: number
}

export interface Timeline {
  readonly rows: readonly TimelineRow[]
  /** The new version has everything; absent: it never gets there. */
  readonly end?: { readonly earliestMs: number; readonly latestMs?: number }
  /** What nobody knows the length of, in words; the end is later by that. */
  readonly unknown: readonly string[]
  readonly standsStill?: string
  readonly notes: readonly string[]
}

export function joinPlays(shortest: Playback, longest: Playback): Timeline {
  let from = 0
  const rows = shortest.moments.map(({ atMs, ...moment }): TimelineRow => {
    const at = longest.moments.findIndex((other, index) => index >= from && isSameMoment(moment, other))
    if (at < 0) return { earliestMs: atMs, ...moment }
    from = at + 1
    return { earliestMs: atMs, latestMs: longest.moments[at]?.atMs ?? atMs, ...moment }
  })
  const unknown = rows.flatMap(({ step, waitsFor }) =>
    waitsFor.flatMap(({ unknown: who }) => {
      if (who === undefined) return []
      return [step === undefined ? who : `${who} (step ${step})`]
    }),
  )
  const { doneAtMs, standsStill, notes } = shortest
  const latest = longest.doneAtMs === undefined ? {} : { latestMs: longest.doneAtMs }
  return {
    rows,
    ...(doneAtMs === undefined ? {} : { end: { earliestMs: doneAtMs, ...latest } }),
    unknown: [...new Set(unknown)],
    ...(standsStill === undefined ? {} : { standsStill }),
    notes,
  }
}

const isSameMoment = (left: Omit<Moment, 'atMs'>, right: Moment): boolean =>
  left.step === right.step &&
  left.text === right.text &&
  left.newWeightPercent === right.newWeightPercent &&
  left.newPods.available === right.newPods.available &&
  left.oldPods.available === right.oldPods.available
