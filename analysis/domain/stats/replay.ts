/**
 * Judges counts tick by tick. Abort and proof rest on evidence that is valid at any look; nothing is kept between two judgements, so the same
 * ticks give the same looks, before and after a restart of the controller.
 *
 * | before  | E(r0=1) ≥ 1/α, E(tolerance) ≥ 1/β, enough events and excess, 3 ticks | E("beyond the tolerance") ≥ 1/α | decision  |
 * |---------|----------------------------------------------------------------------|---------------------------------|-----------|
 * | abort   | any                                                                  | any                             | abort     |
 * | another | all of them                                                          | any                             | abort     |
 * | another | not all                                                              | yes                             | proven    |
 * | another | not all                                                              | no                              | undecided |
 *
 * The three streams run with the noise of history. When they would abort or prove, the whole rollout is read again with all noise that is known by
 * then (live twins above all), and only what stands then counts.
 */
import { type ArmCounts, sumArms } from './arms.ts'
import { type CountEvidence, capOf, createCountEvidence } from './count-evidence.ts'
import { ratioInterval } from './interval.ts'
import { fromLog } from './log-space.ts'
import { type LiveNoise, phiNow, phiOfHistory } from './noise.ts'
import type { Calibration, CountRule, Decision, Look, Tick } from './ticks.ts'
import { addToTotals, emptyTotals, loadOf, ratioOf, type Totals } from './totals.ts'
import { createTwins } from './twins.ts'

const FEWEST_TICKS = 3
/** A reading with this much more noise than is known by now is good enough; one with less is done again. */
const PHI_SLACK = 1.02

export interface CountJudge {
  /**
   * Takes the next tick. The look has no interval, which would cost more than all the rest, and as long as nothing is near a decision its evidence
   * allows for the noise of history only.
   */
  readonly add: (tick: Tick) => Look
  /** The newest look with its interval, and with all noise that is known; undefined before the first tick. */
  readonly describe: () => Look | undefined
}

/** Evidence of a rollout read with one φ. */
interface Reading {
  readonly phi: number
  readonly worse: CountEvidence
  readonly intolerable: CountEvidence
  readonly tolerable: CountEvidence
}

/** One look for every tick, in order; see {@link CountJudge.add}. */
export function replayCounts(
  ticks: readonly Tick[],
  calibration: Calibration | undefined,
  rule: CountRule,
): readonly Look[] {
  const judge = createCountJudge(calibration, rule)
  return ticks.map(judge.add)
}

/** The last look, with the interval; undefined without ticks. */
export function judgeCounts(
  ticks: readonly Tick[],
  calibration: Calibration | undefined,
  rule: CountRule,
): Look | undefined {
  const judge = createCountJudge(calibration, rule)
  for (const tick of ticks) judge.add(tick)
  return judge.describe()
}

export function createCountJudge(calibration: Calibration | undefined, rule: CountRule): CountJudge {
  const seen: ArmCounts[] = []
  const totals = emptyTotals()
  const twins = createTwins()
  const plain = createReading(phiOfHistory(calibration), rule)
  let careful: Reading | undefined
  let aborted = false
  let at: number | undefined

  function add(tick: Tick): Look {
    at = tick.at
    twins.add(tick)
    const arms = sumArms(tick)
    if (arms !== undefined) {
      seen.push(arms)
      addToTotals(totals, arms)
      advance(plain, arms)
      if (careful !== undefined) advance(careful, arms)
    }
    const standing = decide(plain, totals, rule) === 'undecided' ? plain : readCarefully()
    const decision = decide(standing, totals, rule)
    aborted ||= decision === 'abort'
    return lookAt(tick.at, standing, decision)
  }

  /** The whole rollout with all noise that is known by now. */
  function readCarefully(): Reading {
    const phi = phiNow(calibration, liveNoise(), loadOf(totals))
    if (phi <= plain.phi) return plain
    if (careful !== undefined && careful.phi >= phi && careful.phi <= phi * PHI_SLACK) return careful
    careful = createReading(phi, rule)
    for (const arms of seen) advance(careful, arms)
    return careful
  }

  function liveNoise(): LiveNoise | undefined {
    const overdispersion = twins.overdispersion()
    return overdispersion === undefined ? undefined : { ...overdispersion, watchedMs: twins.watchedMs() }
  }

  function lookAt(time: number, standing: Reading, decision: Decision): Look {
    return {
      at: time,
      ticks: totals.ticks,
      canary: totals.canary,
      stable: totals.stable,
      ratio: ratioOf(totals),
      ratioLower: undefined,
      ratioUpper: undefined,
      evidence: fromLog(standing.worse.logEvidence()),
      toleranceEvidence: fromLog(standing.intolerable.logEvidence()),
      expected: totals.expected,
      excess: totals.canary.bad - totals.expected,
      phi: { history: phiOfHistory(calibration), live: twins.overdispersion()?.phi, used: standing.phi },
      decision: aborted ? 'abort' : decision,
    }
  }

  function describe(): Look | undefined {
    if (at === undefined) return undefined
    const standing = readCarefully()
    const look = lookAt(at, standing, decide(standing, totals, rule))
    return { ...look, ...ratioInterval(seen, rule.alpha, standing.phi) }
  }

  return { add, describe }
}

function createReading(phi: number, rule: CountRule): Reading {
  const cap = capOf(rule.alpha)
  const { direction, toleranceRatio } = rule
  return {
    phi,
    worse: createCountEvidence({ direction, nullRatio: 1, cap }),
    intolerable: createCountEvidence({ direction, nullRatio: toleranceRatio, cap }),
    tolerable: createCountEvidence({ direction: direction === 'up' ? 'down' : 'up', nullRatio: toleranceRatio, cap }),
  }
}

function advance({ phi, worse, intolerable, tolerable }: Reading, arms: ArmCounts): void {
  worse.advance(arms, phi)
  intolerable.advance(arms, phi)
  tolerable.advance(arms, phi)
}

function decide(reading: Reading, totals: Totals, rule: CountRule): Decision {
  if (totals.ticks < FEWEST_TICKS) return 'undecided'
  const beyondNull = reading.worse.logEvidence() >= Math.log(1 / rule.alpha)
  const beyondTolerance = reading.intolerable.logEvidence() >= Math.log(1 / rule.beta)
  if (beyondNull && beyondTolerance && isLarge(totals, rule)) return 'abort'
  return reading.tolerable.logEvidence() >= Math.log(1 / rule.alpha) ? 'proven' : 'undecided'
}

/** Enough events, and more of them than a difference per request that is put up with (analysis.md §2.3). */
function isLarge({ canary, expected }: Totals, { direction, minEvents, toleranceExcess }: CountRule): boolean {
  const events = direction === 'up' ? canary.bad : expected
  const excess = direction === 'up' ? canary.bad - expected : expected - canary.bad
  return events >= minEvents && excess > 0 && excess >= toleranceExcess * canary.total
}
