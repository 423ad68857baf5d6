/**
 * How much overdispersion a look allows for: that of history, or that of the live twins when it is larger.
 */
import type { Calibration } from './ticks.ts'

/** Without a history, twins have the word, but seldom enough blocks early on: at least this. */
const PHI_WITHOUT_HISTORY = 2
/** Neither history nor twins: clumps of three on average (φ 5) and some personality of pods on top. */
const PHI_UNKNOWN = 8
/** Ranks in a history that is this much quieter than today mean nothing. */
const QUIETER_HISTORY = 1.25

export interface Noise {
  readonly phi: number
  readonly ranks: boolean
}

export function isCalibrated(calibration: Calibration | undefined): calibration is Calibration {
  return calibration !== undefined && calibration.historyMs > 0
}

/** Overdispersion before the live twins are asked. */
export function phiOfHistory(calibration: Calibration | undefined): number {
  return isCalibrated(calibration) ? Math.max(1, calibration.phi) : PHI_WITHOUT_HISTORY
}

/** What an abort has to stand up to. */
export function noiseNow(calibration: Calibration | undefined, live: number | undefined): Noise {
  const history = phiOfHistory(calibration)
  if (live === undefined) return { phi: isCalibrated(calibration) ? history : PHI_UNKNOWN, ranks: true }
  return { phi: Math.max(history, live), ranks: live <= QUIETER_HISTORY * history }
}
