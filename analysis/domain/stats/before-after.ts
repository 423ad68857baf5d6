/**
 * The weaker form, for events without a concurrent control (not told apart by version, or all traffic on the new one): counts against what history
 * makes one expect. What moves both, such as a campaign or an outage elsewhere, is not cancelled here, only allowed for by φ.
 *
 *   x_k ~ Poisson(r·λ_k)          l(r) = min( [x·ln(r/r0) − λ·(r − r0)] / φ,  cap )
 *
 * The mean of exp l is 1 for φ = 1 and a true ratio r0, as with two arms; restarts, decision and interval are the same.
 */
import { capOf, type Direction, RATIOS } from './count-evidence.ts'
import { createStreams, decideCounts } from './decide-counts.ts'
import { createDispersion, dispersionOf } from './dispersion.ts'
import { fromLog } from './log-space.ts'
import { createEvidenceStream, type EvidenceStream } from './restarts.ts'
import type { Count, CountRule, Decision } from './ticks.ts'

/** Blocks of a length below which the history says nothing about φ. */
const FEWEST_BLOCKS = 12

/** A tick of all traffic. `expected`: events by history's shape and this tick's traffic, more than 0. */
export interface ExpectedTick {
  /** Epoch milliseconds. */
  readonly at: number
  readonly bad: number
  readonly total: number
  readonly expected: number
}

export interface BeforeAfterLook {
  readonly at: number
  readonly ticks: number
  readonly observed: Count
  readonly expected: number
  /** Observed over expected. */
  readonly ratio: number | undefined
  readonly evidence: number
  readonly toleranceEvidence: number
  readonly decision: Decision
}

/** Overdispersion of history around its own shape, at least 1; undefined when it is too short to tell, and then there is no judgement. */
export function calibrateShape(history: readonly ExpectedTick[]): number | undefined {
  const dispersion = createDispersion()
  for (const { bad, expected } of history.filter(isUsable)) dispersion.addResidual(bad - expected, expected)
  return dispersionOf([dispersion], FEWEST_BLOCKS)?.phi
}

/** The last look; an abort stays one. Undefined without usable ticks. */
export function judgeBeforeAfter(
  ticks: readonly ExpectedTick[],
  phi: number,
  rule: CountRule,
): BeforeAfterLook | undefined {
  const cap = capOf(rule.alpha)
  const { worse, intolerable, tolerable } = createStreams(rule, (direction, nullRatio) => {
    const stream = createEvidenceStream(RATIOS[direction].length)
    return {
      advance: (tick: ExpectedTick) => {
        stream.advance(tick.at, factorsOf(tick, { direction, nullRatio, phi, cap }))
      },
      logEvidence: () => stream.logEvidence(),
    }
  })
  const sums = { ticks: 0, observed: { bad: 0, total: 0 }, expected: 0 }
  let decision: Decision = 'undecided'
  for (const tick of ticks.filter(isUsable)) {
    for (const stream of [worse, intolerable, tolerable]) stream.advance(tick)
    sums.ticks += 1
    sums.observed = { bad: sums.observed.bad + tick.bad, total: sums.observed.total + tick.total }
    sums.expected += tick.expected
    const totals = { ticks: sums.ticks, canary: sums.observed, expected: sums.expected }
    if (decision !== 'abort') decision = decideCounts({ worse, intolerable, tolerable }, totals, rule)
  }
  if (sums.ticks === 0) return undefined
  return {
    ...sums,
    at: ticks.findLast(isUsable)?.at ?? 0,
    ratio: sums.observed.bad / sums.expected,
    evidence: evidenceOf(worse),
    toleranceEvidence: evidenceOf(intolerable),
    decision,
  }
}

interface Alternative {
  readonly direction: Direction
  readonly nullRatio: number
  readonly phi: number
  readonly cap: number
}

function factorsOf({ bad, expected }: ExpectedTick, { direction, nullRatio, phi, cap }: Alternative): number[] {
  return RATIOS[direction].map((ratio) => {
    const logLikelihood = bad * Math.log(ratio) - expected * nullRatio * (ratio - 1)
    return Math.min(logLikelihood / phi, cap)
  })
}

function evidenceOf({ logEvidence }: Pick<EvidenceStream, 'logEvidence'>): number {
  return fromLog(logEvidence())
}

function isUsable({ bad, expected }: ExpectedTick): boolean {
  return Number.isFinite(bad) && bad >= 0 && Number.isFinite(expected) && expected > 0
}
