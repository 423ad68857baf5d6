/**
 * Judges counts tick by tick. Abort and proof rest on evidence that is valid at any look; nothing is kept between two judgements, so the same
 * ticks give the same looks, before and after a restart of the controller. An abort is the last word: ticks after it are not read.
 *
 * Streams run with the noise of history. When they would abort or prove, the whole rollout is read again with all noise that is known by then (live
 * twins above all), and only what stands then counts. Where history says that limited counts see through its clumps, half of the bet
 * against the canary is on them.
 */
import { sumArms } from './arms.ts'
import { decideCounts, type Streams } from './decide-counts.ts'
import { createIntervalFinder } from './interval.ts'
import { areComparable, limitTick } from './limited-ticks.ts'
import { fromLog, mixLogs } from './log-space.ts'
import { phiOfHistory } from './noise.ts'
import { createStrand, type Reading } from './strand.ts'
import type { Calibration, CountRule, Decision, Look, Tick } from './ticks.ts'
import { addToTotals, emptyTotals, loadOf, ratioOf } from './totals.ts'

/** Share of the bet that stays on whole counts. */
const WHOLE_COUNTS = 0.5

export interface CountJudge {
  /**
   * Takes the next tick. The look has no interval, which would cost more than all the rest, and as long as nothing is near a decision its evidence
   * allows for the noise of history only.
   */
  readonly add: (tick: Tick) => Look
  /**
   * The newest look (the abort's, after one) with its interval, and with all noise that is known; undefined before the first tick. Looks to come are the
   * same whether this one was asked for or not.
   */
  readonly describe: () => Look | undefined
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

/** What decides: evidence, and the φ of whole counts to show. */
interface Standing extends Streams<{ readonly logEvidence: () => number }> {
  readonly phi: number
}

export function createCountJudge(calibration: Calibration | undefined, rule: CountRule): CountJudge {
  const totals = emptyTotals()
  const findInterval = createIntervalFinder(rule.alpha)
  const whole = createStrand(calibration, rule)
  const limit = calibration?.limited?.limit
  const limited = calibration?.limited && createStrand(calibration.limited, rule)
  let last: Look | undefined

  function add(tick: Tick): Look {
    if (last?.decision === 'abort') return last
    whole.add(tick, true)
    if (limit !== undefined) limited?.add(limitTick(tick, limit), areComparable(tick, rule.direction))
    const arms = sumArms(tick)
    if (arms !== undefined) addToTotals(totals, arms)
    const plain = mix(whole.plain, limited?.plain)
    const standing = decideCounts(plain, totals, rule) === 'undecided' ? plain : readCarefully()
    last = lookAt(tick.at, standing, decideCounts(standing, totals, rule))
    return last
  }

  function readCarefully(): Standing {
    const load = loadOf(totals)
    return mix(whole.readCarefully(load), limited?.readCarefully(load))
  }

  function lookAt(at: number, standing: Standing, decision: Decision): Look {
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
      phi: { history: phiOfHistory(calibration), live: whole.live(), used: standing.phi },
      decision,
    }
  }

  function describe(): Look | undefined {
    if (last === undefined) return undefined
    const load = loadOf(totals)
    const wholeReading = whole.peekCarefully(load)
    const limitedReading = limited?.peekCarefully(load)
    const look = lookAt(last.at, mix(wholeReading, limitedReading), last.decision)
    const side = limited &&
      limitedReading && { ticks: limited.seen, phi: limitedReading.phi, direction: rule.direction }
    return { ...look, ...findInterval(whole.seen, wholeReading.phi, side) }
  }

  return { add, describe }
}

/** Limited counts have no say in what is within the tolerance: cutting makes every ratio look smaller. */
function mix(whole: Reading, limited: Reading | undefined): Standing {
  if (limited === undefined) return whole
  return {
    phi: whole.phi,
    worse: { logEvidence: () => mixLogs(WHOLE_COUNTS, whole.worse.logEvidence(), limited.worse.logEvidence()) },
    intolerable: {
      logEvidence: () => mixLogs(WHOLE_COUNTS, whole.intolerable.logEvidence(), limited.intolerable.logEvidence()),
    },
    tolerable: whole.tolerable,
  }
}
