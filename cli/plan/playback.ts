/** What a played update consists of: moments, what each waits for, and how it ends. Shapes only; times are milliseconds since the change of the spec. */

export interface Wait {
  readonly kind: 'pods' | 'pause' | 'analysis' | 'experiment' | 'plugin' | 'person'
  /** In words, such as `pause of 30s`. */
  readonly text: string
  /** Whose time nobody knows, such as `plugin penstock/webhook, at most 1h`; absent where it is known. */
  readonly unknown?: string
  readonly shortestMs?: number
  /** Absent: nobody knows. */
  readonly longestMs?: number
}

export interface PodCount {
  readonly wanted: number
  readonly available: number
}

export interface Moment {
  readonly atMs: number
  /** From 1; absent without steps, and once all are done. */
  readonly step?: number
  readonly text: string
  /** Share of the requests that the new version gets, 0 to 100. */
  readonly newWeightPercent: number
  /** Weights of other Services, such as those of an experiment. */
  readonly otherWeights: Readonly<Record<string, number>>
  readonly oldPods: PodCount
  readonly newPods: PodCount
  readonly waitsFor: readonly Wait[]
}

export interface Playback {
  readonly moments: readonly Moment[]
  /** Everything is at the new version; undefined: it never gets there. */
  readonly doneAtMs: number | undefined
  /** Where and why it stands when it does not get there. */
  readonly standsStill?: string
  /** What runs beside the steps, in sentences. */
  readonly notes: readonly string[]
}

/** `90_000` → `1m30s`: exact to the tenth of a second. */
export function renderTime(ms: number): string {
  const tenths = Math.round(ms / 100)
  const [hours, minutes, seconds] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10]
  const parts = [hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}m` : '', seconds > 0 ? `${seconds}s` : '']
  return parts.join('') || '0s'
}
