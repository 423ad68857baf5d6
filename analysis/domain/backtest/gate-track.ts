/** One gate on its way through one case: ticks go in one after the other, what the gate would know at each of them comes out. */
import type { GateNumbers } from '../gates/gate-conditions.ts'
import type { Outlook } from '../gates/outlook.ts'
import type { Count, Look } from '../stats/ticks.ts'
import type { Deal } from './deal-pods.ts'

export type Finding = 'hardFloor' | 'worse' | 'proven' | 'none'

/** The gate's evidence after a tick. Counts are of this tick. */
export interface TrackPoint {
  /** Epoch milliseconds. */
  readonly at: number
  readonly canary: Count
  readonly stable: Count
  /** Odds against "as good as stable". */
  readonly evidence: number
  /** Rate ratio over all ticks so far (latency: of the P99s); undefined while it cannot be told. */
  readonly ratio: number | undefined
  readonly finding: Finding
}

export interface GateTrack {
  /** When the ticks of the case are, epoch milliseconds, ascending. */
  readonly times: readonly number[]
  /** Takes the tick at this place; each one once and in order. */
  take(place: number, deal: Deal, weightPercent: number): TrackPoint
  /** What would have been caught by now. */
  foresee(nextWeightPercent: number | undefined): Outlook
  /** What conditions are asked about, at the newest tick. It costs more than all the rest. */
  describe(): TrackNumbers
  /** Bad events of the canary after a time, epoch milliseconds: for `events`, those that are missing. */
  countBad(after: number): number
}

export type TrackNumbers = Omit<GateNumbers, 'outcome'>

const NOTHING = { bad: 0, total: 0 }

/** As the verdict has them, whether or not there was a tick. */
export const numbersOf = (look: Look | undefined, smallestDetectable: number | undefined): TrackNumbers => ({
  ticks: look?.ticks ?? 0,
  canary: look?.canary ?? NOTHING,
  stable: look?.stable ?? NOTHING,
  ratio: look?.ratio,
  ratioLower: look?.ratioLower,
  ratioUpper: look?.ratioUpper,
  evidence: look?.evidence ?? 1,
  toleranceEvidence: look?.toleranceEvidence ?? 1,
  smallestDetectable,
  noise: { phi: look?.phi.used ?? 1 },
})
