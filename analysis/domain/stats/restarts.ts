/**
 * Evidence of one stream: a mixture of products of per-tick factors, of which one runs from the start and others begin later, so that a defect
 * that sets in after half an hour is seen as fast as one that was there from the start.
 *
 *   E(t) = ½ · Σ_i π_i exp S_i(t)  +  ½ · Σ_j ω_j · M_j(t)         M_j(t) = Σ_i π_i exp(S_i(t) − S_i(s_j)), and 1 before its start s_j
 *
 * S_i is the running sum of the log factors of alternative i, π uniform. If every factor has a conditional mean of at most 1, so has each M_j,
 * and with weights that are fixed in advance and sum to 1, E is a supermartingale that starts at 1: P(E ever reaches 1/α) ≤ α (Ville).
 * That is why the ω must not depend on how long the rollout turns out to be. Part j starts after j times two minutes:
 *
 *   ω_j = 0.08 for j ≤ 10,   2 / (j(j−1)) for j > 10        Σ_{j ≤ n} ω_j = 0.08 n,   1 − 2/n       (all of them: 1)
 *
 * uniform over the first 20 minutes, then thinning out so slowly that an onset after three hours costs ln 90 more, not a tenfold wait.
 * M_j splits into exp S_i(t) and a factor fixed at its start, so a tick costs one addition per alternative however many parts run.
 */
import { addLogs } from './log-space.ts'

export const RESTART_MS = 120_000
const UNIFORM_PARTS = 10
const UNIFORM_WEIGHT = 0.08
const LATE_WEIGHT = 2
/** Share of the part that runs from the start, unless a stream is given another. */
const WHOLE = 0.5

export interface EvidenceStream {
  /** Takes one tick's log factors, one per alternative. `at`: epoch milliseconds, ascending. */
  readonly advance: (at: number, logFactors: readonly number[]) => void
  /** ln E so far; 0 before the first tick. */
  readonly logEvidence: () => number
}

/** A stream that mixes `alternatives` products with equal weights. `whole`: share of the part that runs from the start, 0..1, instead of ½. */
export const createEvidenceStream = (alternatives: number, whole: number = WHOLE): EvidenceStream =>
  new MixedStream(alternatives, whole)

/** A class, as a gate has dozens of them and closures of their own were half of what they keep. */
class MixedStream implements EvidenceStream {
  readonly #whole: number
  readonly #sums: number[]
  /** By alternative: ln of Σ over the parts that run of (weight · exp −S at their start). */
  readonly #starts: number[]
  #origin: number | undefined
  #started = 0

  constructor(alternatives: number, whole: number) {
    this.#whole = whole
    this.#sums = Array.from({ length: alternatives }, () => 0)
    this.#starts = Array.from({ length: alternatives }, () => Math.log(whole))
  }

  advance(at: number, logFactors: readonly number[]): void {
    this.#startParts(at)
    const sums = this.#sums
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (logFactors[i] ?? 0)
  }

  logEvidence(): number {
    const [sums, starts] = [this.#sums, this.#starts]
    const waiting = (1 - this.#whole) * (1 - startedWeight(this.#started))
    let largest = Math.log(waiting)
    for (let i = 0; i < sums.length; i++) largest = Math.max(largest, (sums[i] ?? 0) + (starts[i] ?? 0))
    let running = 0
    for (let i = 0; i < sums.length; i++) running += Math.exp((sums[i] ?? 0) + (starts[i] ?? 0) - largest)
    return largest + Math.log(waiting * Math.exp(-largest) + running / sums.length)
  }

  #startParts(at: number): void {
    const [sums, starts, started] = [this.#sums, this.#starts, this.#started]
    this.#origin ??= at
    const due = Math.max(started, Math.floor((at - this.#origin) / RESTART_MS))
    if (due === started) return
    const weight = Math.log((1 - this.#whole) * (startedWeight(due) - startedWeight(started)))
    for (let i = 0; i < sums.length; i++) starts[i] = addLogs(starts[i] ?? 0, weight - (sums[i] ?? 0))
    this.#started = due
  }
}

/** Σ ω_j over the first n parts. */
export function startedWeight(parts: number): number {
  return parts <= UNIFORM_PARTS ? UNIFORM_WEIGHT * parts : 1 - LATE_WEIGHT / parts
}
