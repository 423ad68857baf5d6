/**
 * How much overdispersion a judgement allows for. What history says counts, or what the live twins say where that is more; where both are short, a
 * careful guess has a share in it, and alone the word when there is neither.
 *
 *   φ = φ₁ + (φ_learned − φ₁) · s          s = requests of a canary pod now / of a stable pod in history, at least 1
 *
 * φ₁ is what shows within single ticks: clumps, which do not care how much traffic a pod has. The rest are moods of pods, multiplicative, whose part of
 * the variance grows with a pod's traffic.
 *
 * | pods in history | live twins | φ                                                                  |
 * |-----------------|------------|--------------------------------------------------------------------|
 * | 2 or more, 1 h  | yes        | history's, unless the twins are noisier beyond doubt; then theirs  |
 * | 2 or more       | yes        | the larger one; with the guess early on, or when history is quiet  |
 * | 2 or more       | no         | history's; with the guess while history is short                   |
 * | 1               | yes        | the larger one; early on with the guess                            |
 * | 1               | no         | the guess, or history's when that is more: pods cannot be compared |
 * | 0               | yes        | the twins', early on with the guess                                |
 * | 0               | no         | the guess                                                          |
 */
import type { Overdispersion } from './dispersion.ts'
import type { Calibration } from './ticks.ts'

/** φ of clumps whose size is geometric with mean 3. */
const GUESSED_CLUMPS = 5
/** What a pod's mood (sd 0.4 on the logarithm, correlation 0.9 from tick to tick) adds to φ per expected bad event: 0.4²·(1+0.9)/(1−0.9). */
const GUESSED_MOOD = 3
/** The guess counts as much as this much watching at first, less and less later, */
const GUESS_WEIGHT_MS = 4 * 60_000
/** and nothing from here on. */
const ENOUGH_MS = 15 * 60_000
/**
 * A history of this length stands until twins are noisier beyond doubt. Twins of some minutes are rough, and the larger one of a good figure and a
 * rough one is too large on average: it took a tenth of the time to a verdict.
 */
const LONG_HISTORY_MS = 3_600_000

/** History that is this much quieter than the live twins tells of another time, and is worth nothing. */
const QUIETER_HISTORY = 1.6

/** What the canary's pods get, on average over the ticks so far. */
export interface PodLoad {
  /** Requests of one canary pod in one tick. */
  readonly requests: number
  /** Bad events of one canary pod in one tick, at stable's rate. */
  readonly expected: number
}

export interface LiveNoise extends Overdispersion {
  readonly watchedMs: number
}

/** Overdispersion by history alone, before twins and load are asked; 1 without history. */
export function phiOfHistory(calibration: Calibration | undefined): number {
  return calibration === undefined ? 1 : Math.max(1, calibration.phi)
}

/** What an abort or a proof has to stand up to. */
export function phiNow(calibration: Calibration | undefined, live: LiveNoise | undefined, load: PodLoad): number {
  const history = learnFromHistory(calibration, load)
  const isBelieved = comparesPods(calibration) && calibration.historyMs >= LONG_HISTORY_MS
  const learned = isBelieved && (live?.least ?? 1) <= history ? history : Math.max(history, live?.phi ?? 1)
  const guess = GUESSED_CLUMPS + GUESSED_MOOD * load.expected
  const isHistoryTrusted = comparesPods(calibration) && (live?.phi ?? 1) <= history * QUIETER_HISTORY
  const watchedMs = (isHistoryTrusted ? calibration.historyMs : 0) + (live?.watchedMs ?? 0)
  if (watchedMs === 0) return Math.max(guess, history)
  const guessMs = GUESS_WEIGHT_MS * Math.max(0, 1 - watchedMs / ENOUGH_MS)
  return Math.max(learned, (watchedMs * learned + guessMs * guess) / (watchedMs + guessMs))
}

function comparesPods(calibration: Calibration | undefined): calibration is Calibration {
  return calibration !== undefined && (calibration.pods ?? 2) >= 2
}

function learnFromHistory(calibration: Calibration | undefined, { requests }: PodLoad): number {
  if (calibration === undefined) return 1
  const { phi, phiWithinTick = phi, podRequests = 0 } = calibration
  const scale = podRequests > 0 ? Math.max(1, requests / podRequests) : 1
  return Math.max(1, phiWithinTick + Math.max(0, phi - phiWithinTick) * scale)
}
