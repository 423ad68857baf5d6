/**
 * Judges the tail of latencies tick by tick: is the canary's P99 beyond what is tolerated? Slow requests are counted at bucket edges around stable's P99, so
 * nothing depends on what lies within a bucket. As `stats/replay.ts` does for counts, noise that only live twins know of is asked for before a decision.
 *
 *   E(no slower) ≥ 1/α, E(tolerated) ≥ 1/β, enough slow requests, 3 ticks   E("slower than tolerated") ≥ 1/α   decision
 *   all of them, or once before                                              any                                abort
 *   not all                                                                  yes                                proven
 *   not all                                                                  no                                 undecided
 */
import { type ArmCounts, sumArms } from '../stats/arms.ts'
import { createIntervalFinder } from '../stats/interval.ts'
import { fromLog } from '../stats/log-space.ts'
import { phiNow, phiOfHistory } from '../stats/noise.ts'
import { hasRanks, type RankHistory } from '../stats/rank-evidence.ts'
import type { Calibration, CountRule, Decision, Look } from '../stats/ticks.ts'
import { addToTotals, emptyTotals, loadOf, type Totals } from '../stats/totals.ts'
import { createTwins, type Twins } from '../stats/twins.ts'
import { atEdge, type LatencyCalibration } from './latency-calibration.ts'
import type { EdgePlan } from './latency-edges.ts'
import { createLatencyHypothesis, type LatencyHypothesis, type LatencyMoment } from './latency-hypothesis.ts'
import { createLatencyShifts, QUANTILE } from './latency-shift.ts'
import { createMomentLog } from './moment-log.ts'
import type { LatencyTick } from './samples.ts'
import { addPods, logQuantile, type Survival } from './survival.ts'

/**
 * A look at the tail. Counts, `expected` and `excess` are of requests slower than `edge`; `ratio` and its interval are of latencies: the canary's P99 over
 * stable's, log-log.
 */
export interface LatencyLook extends Look {
  /** Seconds. */
  readonly edge: number
  /** P99 in seconds; undefined where it lies beyond the buckets. */
  readonly p99: { readonly canary: number | undefined; readonly stable: number | undefined }
}

export interface LatencyJudge {
  /** Takes the next tick; an abort is not missed. */
  readonly take: (tick: LatencyTick) => void
  /** Takes the next tick and looks. The look has no interval. */
  readonly add: (tick: LatencyTick) => LatencyLook
  /**
   * The newest look with its interval, and with all noise that is known; undefined before the first tick. Looks to come are the same whether this one was
   * asked for or not.
   */
  readonly describe: () => LatencyLook | undefined
}

/** One look for every tick, in order. `rule.toleranceRatio`: how many times as slow the tail may be, as the plan was made for. */
export function replayLatency(
  ticks: readonly LatencyTick[],
  plan: EdgePlan,
  calibration: LatencyCalibration | undefined,
  rule: CountRule,
): readonly LatencyLook[] {
  const judge = createLatencyJudge(plan, calibration, rule)
  return ticks.map(judge.add)
}

/** The last look, with the interval; undefined without ticks. */
export function judgeLatency(
  ticks: readonly LatencyTick[],
  plan: EdgePlan,
  calibration: LatencyCalibration | undefined,
  rule: CountRule,
): LatencyLook | undefined {
  const judge = createLatencyJudge(plan, calibration, rule)
  for (const tick of ticks) judge.take(tick)
  return judge.describe()
}

const FEWEST_TICKS = 3
/** A reading with this much more noise than is known by now is good enough; one with less is done again. */
const PHI_SLACK = 1.02
/** Ranks in a history that is this much quieter than today mean nothing (analysis.md 2.1). */
const QUIETER_HISTORY = 1.25

export function createLatencyJudge(
  plan: EdgePlan,
  calibration: LatencyCalibration | undefined,
  rule: CountRule,
): LatencyJudge {
  const edges = plan.edges.map((_, edge) => createEdge(calibration?.edges[edge]))
  const shifts = createLatencyShifts(plan.bounds, calibration?.shift.block)
  const findInterval = createIntervalFinder(rule.alpha)
  const seen = createMomentLog(edges.length)
  const canary = emptySurvival(plan)
  const stable = emptySurvival(plan)
  const plain = createReading(plan, rule, { phis: edges.map(({ phi }) => phi), ranks: ranksOf(calibration) })
  let careful: Reading | undefined
  let lastAt: number | undefined
  let aborted = false

  function take(tick: LatencyTick): void {
    const counts = edges.map((edge, index) => edge.add(tick, plan.edges[index]?.index ?? 0))
    const moment = { at: tick.at, counts, shift: shifts(tick.canary, tick.stable)?.shift }
    canary.total += addPods(canary.slower, tick.canary)
    stable.total += addPods(stable.slower, tick.stable)
    seen.push(moment)
    lastAt = tick.at
    advance(plain, moment)
    if (careful !== undefined) advance(careful, moment)
    if (aborted || decide(plain, totals(), rule) !== 'abort') return
    aborted = decide(readCarefully(), totals(), rule) === 'abort'
  }

  function add(tick: LatencyTick): LatencyLook {
    take(tick)
    return lookAt(tick.at, decide(plain, totals(), rule) === 'undecided' ? plain : readCarefully())
  }

  const totals = (): Totals => edges[0]?.totals ?? emptyTotals()

  function readCarefully(): Reading {
    const reading = peekCarefully()
    if (reading !== plain) careful = reading
    return reading
  }

  /** The whole rollout with all noise that is known by now. */
  function peekCarefully(): Reading {
    const phis = edges.map((edge) => edge.phiNow())
    const isTrusted = edges.every(({ phi, twins }) => (twins.overdispersion()?.phi ?? 1) <= QUIETER_HISTORY * phi)
    const ranks = isTrusted ? ranksOf(calibration) : undefined
    if (isTrusted && covers(plain.phis, phis)) return plain
    const isCareful = careful?.ranks === ranks && covers(careful?.phis ?? [], phis)
    if (careful !== undefined && isCareful && covers(phis, careful.phis, PHI_SLACK)) return careful
    const allowed = phis.map((phi, edge) => Math.max(phi, plain.phis[edge] ?? 1))
    const reading = createReading(plan, rule, { phis: allowed, ranks })
    seen.forEach((moment) => {
      advance(reading, moment)
    })
    return reading
  }

  function lookAt(at: number, standing: Reading): LatencyLook {
    const found = totals()
    const p99 = { canary: logQuantile(QUANTILE, canary), stable: logQuantile(QUANTILE, stable) }
    const { canary: slow, stable: stableSlow, ticks, expected } = found
    return {
      at,
      ticks,
      canary: slow,
      stable: stableSlow,
      ratio: p99.canary !== undefined && p99.stable !== undefined ? p99.canary / p99.stable : undefined,
      ratioLower: undefined,
      ratioUpper: undefined,
      evidence: fromLog(standing.worse.logEvidence()),
      toleranceEvidence: fromLog(standing.intolerable.logEvidence()),
      expected,
      excess: slow.bad - expected,
      phi: {
        history: edges[0]?.phi ?? 1,
        live: edges[0]?.twins.overdispersion()?.phi,
        used: standing.phis[0] ?? 1,
      },
      decision: aborted ? 'abort' : decide(standing, found, rule),
      edge: plan.edges[0]?.bound ?? 0,
      p99,
    }
  }

  function describe(): LatencyLook | undefined {
    if (lastAt === undefined) return undefined
    const standing = peekCarefully()
    const { ratioLower, ratioUpper } = findInterval(seen.pairsAt(0), standing.phis[0] ?? 1)
    const scaleOf = (ratio: number | undefined) => scaleOfRatio(stable, plan.edges[0]?.index ?? 0, ratio)
    return { ...lookAt(lastAt, standing), ratioLower: scaleOf(ratioLower), ratioUpper: scaleOf(ratioUpper) }
  }

  return { take, add, describe }
}

const emptySurvival = ({ bounds }: EdgePlan) => ({ bounds, slower: bounds.map(() => 0), total: 0 })

const ranksOf = (calibration: LatencyCalibration | undefined): Reading['ranks'] =>
  calibration?.shift.block !== undefined && hasRanks(calibration.shift) ? calibration.shift : undefined

const covers = (phis: readonly number[], others: readonly number[], slack = 1): boolean =>
  others.every((phi, edge) => phi <= (phis[edge] ?? 1) * slack)

/** How many times as slow a service is whose requests are `ratio` times as often beyond the bound. */
function scaleOfRatio(stable: Survival, index: number, ratio: number | undefined): number | undefined {
  const bound = stable.bounds[index]
  if (ratio === undefined || bound === undefined) return undefined
  const share = ratio * ((stable.slower[index] ?? 0) / stable.total)
  const reached = share > 0 && share < 1 ? logQuantile(1 - share, stable) : undefined
  return reached === undefined ? undefined : bound / reached
}

/** Counts, noise and sums of one edge. */
interface Edge {
  readonly phi: number
  readonly totals: Totals
  readonly twins: Twins
  readonly add: (tick: LatencyTick, index: number) => ArmCounts | undefined
  readonly phiNow: () => number
}

function createEdge(calibration: Calibration | undefined): Edge {
  const totals = emptyTotals()
  const twins = createTwins()
  return {
    phi: phiOfHistory(calibration),
    totals,
    twins,
    add(tick, index) {
      const counts = atEdge(tick, index)
      const arms = sumArms(counts)
      twins.add(counts)
      if (arms !== undefined) addToTotals(totals, arms)
      return arms
    },
    phiNow() {
      const live = twins.overdispersion()
      return phiNow(calibration, live && { ...live, watchedMs: twins.watchedMs() }, loadOf(totals))
    },
  }
}

/** Evidence of a rollout read with one φ for each edge. */
interface Reading {
  readonly phis: readonly number[]
  readonly ranks: RankHistory | undefined
  readonly worse: LatencyHypothesis
  readonly intolerable: LatencyHypothesis
  readonly tolerable: LatencyHypothesis
}

/**
 * Beyond the tolerance, alternatives lie close: slow requests have room for three times as many at most where all take 30 % longer, and with fewer
 * alternatives each has a larger share. Simulated, +30 % is found in two thirds of the time, and +15 % aborted in 12 % of rollouts instead of 5 %.
 */
const INTOLERABLE_RATIOS = [1.3, 1.6, 2.2, 3.5]
/**
 * Three to one is a low limit, and what a bet is spread over counts most there: edges have equal shares, since the one that tells 30 from 15 % is often not
 * the one next to the P99, ranks have none, and most is on what runs from the start. Simulated, +30 % in bursts is found in three quarters to nine tenths of the time.
 */
const INTOLERABLE_WHOLE = 0.75

function createReading(plan: EdgePlan, rule: CountRule, noise: Pick<Reading, 'phis' | 'ranks'>): Reading {
  const { alpha, toleranceRatio } = rule
  const common = { alpha, ranks: noise.ranks }
  const equal = { nullRatios: plan.edges.map(() => 1), nullShift: 0 }
  const tolerated = { nullRatios: plan.edges.map((edge) => edge.toleranceRatio), nullShift: Math.log(toleranceRatio) }
  return {
    ...noise,
    worse: createLatencyHypothesis(plan.edges, { ...common, ...equal, direction: 'up' }),
    intolerable: createLatencyHypothesis(evenly(plan.edges), {
      ...common,
      ...tolerated,
      ranks: undefined,
      direction: 'up',
      alternatives: INTOLERABLE_RATIOS,
      whole: INTOLERABLE_WHOLE,
    }),
    tolerable: createLatencyHypothesis(plan.edges, { ...common, ...tolerated, direction: 'down' }),
  }
}

const evenly = (edges: EdgePlan['edges']): EdgePlan['edges'] =>
  edges.map((edge) => ({ ...edge, weight: 1 / edges.length }))

function advance({ phis, worse, intolerable, tolerable }: Reading, moment: LatencyMoment): void {
  worse.advance(moment, phis)
  intolerable.advance(moment, phis)
  tolerable.advance(moment, phis)
}

function decide(reading: Reading, { ticks, canary }: Totals, rule: CountRule): Decision {
  if (ticks < FEWEST_TICKS) return 'undecided'
  const beyondNull = reading.worse.logEvidence() >= Math.log(1 / rule.alpha)
  const beyondTolerance = reading.intolerable.logEvidence() >= Math.log(1 / rule.beta)
  if (beyondNull && beyondTolerance && canary.bad >= rule.minEvents) return 'abort'
  return reading.tolerable.logEvidence() >= Math.log(1 / rule.alpha) ? 'proven' : 'undecided'
}
