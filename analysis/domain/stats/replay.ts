/**
 * Judges counts tick by tick. Abort and proof rest on evidence that is valid at any look; nothing is kept between two judgements, so the same
 * ticks give the same looks, before and after a restart of the controller. An abort is the last word: ticks after it are not read.
 *
 * The three streams run with the noise of history. When they would abort or prove, the whole rollout is read again with all noise that is known by
 * then (live twins above all), and only what stands then counts.
 */
import { type ArmCounts, sumArms } from './arms.ts'
import { type CountEvidence, capOf, createCountEvidence } from './count-evidence.ts'
import { createStreams, decideCounts, type Streams } from './decide-counts.ts'
import { ratioInterval } from './interval.ts'
import { fromLog } from './log-space.ts'
import { type LiveNoise, phiNow, phiOfHistory } from './noise.ts'
import type { Calibration, CountRule, Decision, Look, Tick } from './ticks.ts'
import { addToTotals, emptyTotals, loadOf, ratioOf } from './totals.ts'
import { createTwins } from './twins.ts'

/** A reading with this much more noise than is known by now is good enough; one with less is done again. */
const PHI_SLACK = 1.02

export interface CountJudge {
  /**
   * Takes the next tick. The look has no interval, which would cost more than all the rest, and as long as nothing is near a decision its evidence
   * allows for the noise of history only.
   */
  readonly add: (tick: Tick) => Look
  /** The newest look (the abort's, after one) with its interval, and with all noise that is known; undefined before the first tick. */
  readonly describe: () => Look | undefined
}

/** Evidence of a rollout read with one φ. */
interface Reading extends Streams<CountEvidence> {
  readonly phi: number
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
  let last: Look | undefined

  function add(tick: Tick): Look {
    if (last?.decision === 'abort') return last
    twins.add(tick)
    const arms = sumArms(tick)
    if (arms !== undefined) {
      seen.push(arms)
      addToTotals(totals, arms)
      advance(plain, arms)
      if (careful !== undefined) advance(careful, arms)
    }
    const standing = decideCounts(plain, totals, rule) === 'undecided' ? plain : readCarefully()
    last = lookAt(tick.at, standing, decideCounts(standing, totals, rule))
    return last
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

  function lookAt(at: number, standing: Reading, decision: Decision): Look {
    return {
      at,
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
      decision,
    }
  }

  function describe(): Look | undefined {
    if (last === undefined) return undefined
    const standing = readCarefully()
    const look = lookAt(last.at, standing, last.decision)
    return { ...look, ...ratioInterval(seen, rule.alpha, standing.phi) }
  }

  return { add, describe }
}

function createReading(phi: number, rule: CountRule): Reading {
  const cap = capOf(rule.alpha)
  return { phi, ...createStreams(rule, (direction, nullRatio) => createCountEvidence({ direction, nullRatio, cap })) }
}

function advance({ phi, worse, intolerable, tolerable }: Reading, arms: ArmCounts): void {
  worse.advance(arms, phi)
  intolerable.advance(arms, phi)
  tolerable.advance(arms, phi)
}
