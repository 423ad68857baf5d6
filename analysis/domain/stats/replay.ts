/**
 * Judges counts tick by tick. Abort and proof rest on evidence that is valid at any look; nothing is kept between two judgements, so the same
 * ticks give the same looks, before and after a restart of the controller.
 *
 * | evidence against r0 = 1 | against the tolerance | excess, events, 3 ticks | lower end of "better than tolerated" | decision  |
 * |-------------------------|-----------------------|-------------------------|--------------------------------------|-----------|
 * | ≥ 1/α                   | ≥ 1/β                 | enough                  | any                                  | abort     |
 * | otherwise, but an abort before                                          | any                                  | abort     |
 * | otherwise               |                       |                         | evidence ≥ 1/α for within tolerance  | proven    |
 * | otherwise               |                       |                         | less                                 | undecided |
 *
 * All three streams run with the noise of history. When they would abort or prove, the whole rollout is read again with the noise of the live
 * twins where that is larger, and only what stands then counts.
 */
import { type ArmCounts, sumArms } from './arms.ts'
import { capOf } from './count-evidence.ts'
import { createHypothesis, type Hypothesis } from './hypothesis.ts'
import { ratioInterval } from './interval.ts'
import { fromLog } from './log-space.ts'
import { type Noise, noiseNow, phiOfHistory } from './noise.ts'
import type { Calibration, CountRule, Decision, Look, Tick } from './ticks.ts'
import { addToTotals, emptyTotals, ratioOf, type Totals } from './totals.ts'
import { createTwins } from './twins.ts'

const FEWEST_TICKS = 3
/** A replay with this much less noise than today's is done again. */
const PHI_SLACK = 1.02

export interface CountJudge {
  /** Takes the next tick; the look has no interval, which would cost more than all the rest. */
  readonly add: (tick: Tick) => Look
  /** The newest look with its interval; undefined before the first tick. */
  readonly describe: () => Look | undefined
}

/** Evidence of a rollout read with one φ. */
interface Reading {
  readonly phi: number
  readonly worse: Hypothesis
  readonly intolerable: Hypothesis
  readonly tolerable: Hypothesis
}

/** One look for every tick, in order. */
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
  const reading = createReading(phiOfHistory(calibration), calibration, rule)
  let confirmed: Reading | undefined
  let aborted = false
  let last: Look | undefined

  function confirm(noise: Noise): Reading {
    if (noise.phi <= reading.phi) return reading
    const close = confirmed !== undefined && confirmed.phi >= noise.phi && confirmed.phi <= noise.phi * PHI_SLACK
    if (confirmed !== undefined && close) return confirmed
    confirmed = createReading(noise.phi, calibration, rule)
    for (const arms of seen) advance(confirmed, arms)
    return confirmed
  }

  function add(tick: Tick): Look {
    twins.add(tick)
    const arms = sumArms(tick)
    if (arms !== undefined) {
      seen.push(arms)
      addToTotals(totals, arms)
      advance(reading, arms)
      if (confirmed !== undefined) advance(confirmed, arms)
    }
    last = look(tick.at)
    return last
  }

  function look(at: number): Look {
    const live = twins.phi()
    const plain = { phi: reading.phi, ranks: true }
    const noise = decide(reading, plain, totals, rule) === 'undecided' ? plain : noiseNow(calibration, live)
    const standing = confirm(noise)
    const decision = aborted ? 'abort' : decide(standing, noise, totals, rule)
    aborted = decision === 'abort'
    return {
      at,
      ticks: totals.ticks,
      canary: totals.canary,
      stable: totals.stable,
      ratio: ratioOf(totals),
      ratioLower: undefined,
      ratioUpper: undefined,
      evidence: fromLog(standing.worse.logEvidence(noise.ranks)),
      toleranceEvidence: fromLog(standing.intolerable.logEvidence(noise.ranks)),
      expected: totals.expected,
      excess: totals.canary.bad - totals.expected,
      phi: { history: phiOfHistory(calibration), live, used: standing.phi },
      decision,
    }
  }

  function describe(): Look | undefined {
    if (last === undefined) return undefined
    const noise = noiseNow(calibration, twins.phi())
    return { ...last, ...ratioInterval(seen, { alpha: rule.alpha, noise, calibration }) }
  }

  return { add, describe }
}

function createReading(phi: number, calibration: Calibration | undefined, rule: CountRule): Reading {
  const cap = capOf(rule.alpha)
  const { direction, toleranceRatio } = rule
  return {
    phi,
    worse: createHypothesis({ direction, nullRatio: 1, cap }, calibration),
    intolerable: createHypothesis({ direction, nullRatio: toleranceRatio, cap }, calibration),
    tolerable: createHypothesis(
      { direction: direction === 'up' ? 'down' : 'up', nullRatio: toleranceRatio, cap },
      calibration,
    ),
  }
}

function advance({ phi, worse, intolerable, tolerable }: Reading, arms: ArmCounts): void {
  worse.advance(arms, phi)
  intolerable.advance(arms, phi)
  tolerable.advance(arms, phi)
}

function decide(reading: Reading, { ranks }: Noise, totals: Totals, rule: CountRule): Decision {
  if (totals.ticks < FEWEST_TICKS) return 'undecided'
  const beyondNull = reading.worse.logEvidence(ranks) >= Math.log(1 / rule.alpha)
  const beyondTolerance = reading.intolerable.logEvidence(ranks) >= Math.log(1 / rule.beta)
  if (beyondNull && beyondTolerance && isLarge(totals, rule)) return 'abort'
  return reading.tolerable.logEvidence(ranks) >= Math.log(1 / rule.alpha) ? 'proven' : 'undecided'
}

/** Enough events, and more of them than a difference per request that is put up with (analysis.md §2.3). */
function isLarge({ canary, expected }: Totals, { direction, minEvents, toleranceExcess }: CountRule): boolean {
  const events = direction === 'up' ? canary.bad : expected
  const excess = direction === 'up' ? canary.bad - expected : expected - canary.bad
  return events >= minEvents && excess > 0 && excess >= toleranceExcess * canary.total
}
