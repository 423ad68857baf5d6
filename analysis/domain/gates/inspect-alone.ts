/**
 * A look of the gate on business events once all traffic is on the canary and nothing is left to run beside it: its counts are held against stable's hours
 * before the release. The weaker form (analysis.md 2.5): what has changed for everybody since then is not cancelled. Only for a release whose controller
 * says that it has all traffic: a stable without events or series anywhere else may be an outage that both share, or a wrong label.
 */
import { sumBad, sumTotals } from '../stats/arms.ts'
import { type BeforeAfterLook, judgeBeforeAfter } from '../stats/before-after.ts'
import { ratioInterval } from '../stats/interval.ts'
import type { Count, Look, Tick } from '../stats/ticks.ts'
import { assessSamples, findExposure, tickOptionsOf } from './assess-samples.ts'
import { expectTicks, findShapeProblem } from './before-shape.ts'
import type { GateCase } from './gate-case.ts'
import type { Inspection } from './inspection.ts'
import { foresee } from './outlook.ts'
import { readStableHistory, type TickReading } from './read-ticks.ts'
import type { GateSeries } from './samples.ts'

/** Probes and late connections: fewer of stable's requests than one in so many of the canary's are no control. */
const TRICKLE = 200
/** Ticks that say how many requests a tick has. */
const RECENT_TICKS = 8
/**
 * The hours before as an arm: so much larger than the canary that what is known of it is certain, where an interval or a power asks for two arms. Its
 * binomial is the Poisson of `before-after.ts` then.
 */
const LARGE = 1e6

/** Undefined while there is something to compare with, or nothing says that there is not. */
export function inspectAlone(gateCase: GateCase): Inspection | undefined {
  if (gateCase.stage.weightPercent !== 100) return undefined
  const reading = readAlone(gateCase)
  if (reading.ticks.length === 0) return undefined
  // Whether there is enough of the history is asked below; no noise is assumed for want of it.
  const { history, ...others } = gateCase
  const { before, hours, calibration, rule } = gateCase
  const beforePhi = gateCase.beforePhi === undefined ? undefined : Math.max(gateCase.beforePhi, hours?.phi ?? 1)
  const assessed = assessSamples(others, reading, { isAlone: true })
  const shared = {
    historyMs: history?.foundMs ?? calibration?.historyMs ?? 0,
    hardFloor: undefined,
    exposedSince: findExposure(gateCase, reading.scrapeIntervalMs),
  }
  const lacking = findShapeProblem(before, beforePhi)
  const isKnown = lacking === undefined && before !== undefined && beforePhi !== undefined
  const counted = reading.ticks.map(({ at, canary }) => ({ at, bad: sumBad(canary), total: sumTotals(canary) }))
  const ticks = isKnown ? expectTicks(counted, before, hours) : []
  const pairs = ticks.flatMap(({ at, bad, total, expected }) =>
    total > 0 && expected > 0
      ? [{ at, canaryBad: bad, canaryTotal: total, stableBad: expected * LARGE, stableTotal: total * LARGE }]
      : [],
  )
  const phi = beforePhi ?? 1
  const outlook = foresee({
    exposures: pairs,
    rule,
    target: rule.target,
    phi,
    tickMs: reading.tickMs,
    nextWeightPercent: undefined,
  })
  if (!isKnown) return { ...shared, outlook, look: undefined, ...withProblem(assessed, lacking ?? '') }
  const judged = judgeBeforeAfter(ticks, phi, rule)
  const interval = ratioInterval(pairs, rule.alpha, phi)
  return {
    ...shared,
    ...assessed,
    comparison: 'beforeAfter',
    expectedBy: hours === undefined ? { kind: 'flat' } : { kind: hours.kind, periods: hours.periods },
    outlook,
    look: judged && lookOf(judged, before, phi, interval),
  }
}

/** The canary's ticks after the last one in which stable had requests to speak of; `stable` of them is empty. */
function readAlone(gateCase: GateCase): TickReading<Tick> {
  const options = tickOptionsOf(gateCase)
  const ofArm = (arm: 'canary' | 'stable') => gateCase.series.filter((one) => one.arm === arm)
  const reading = readStableHistory(
    ofArm('canary').map((one) => ({ ...one, arm: 'stable' as const, role: countedAs(one.role) })),
    options,
  )
  const recent = reading.ticks.slice(-RECENT_TICKS)
  const usual = recent.reduce((sum, tick) => sum + sumTotals(tick.stable), 0) / Math.max(1, recent.length)
  const beside = readStableHistory(ofArm('stable'), { ...options, warmupMs: 0 }).ticks
  const last = beside.findLast((tick) => sumTotals(tick.stable) * TRICKLE >= usual)?.at ?? gateCase.since
  const ticks = reading.ticks
    .filter(({ at }) => at - reading.tickMs >= last)
    .map(({ at, stable }) => ({ at, canary: stable, stable: [] }))
  return { ...reading, ticks }
}

/** Requests that failed are requests, also before the canary has a series of its events. */
const countedAs = (role: GateSeries['role']): GateSeries['role'] => (role === 'failed' ? 'requests' : role)

function withProblem({ samples, problems }: Pick<Inspection, 'samples' | 'problems'>, lacking: string) {
  const problem = {
    reason: 'NoControl' as const,
    what: `all traffic is on the canary, and ${lacking}`,
    fix: 'keep a few percent on stable until the gate has judged: a last weight below 100',
  }
  return samples === 'whole' ? { samples: 'thin' as const, problems: [problem, ...problems] } : { samples, problems }
}

function lookOf(
  { at, ticks, observed, expected, ratio, evidence, toleranceEvidence, decision }: BeforeAfterLook,
  before: Count,
  phi: number,
  interval: Pick<Look, 'ratioLower' | 'ratioUpper'>,
): Look {
  return {
    at,
    ticks,
    canary: observed,
    stable: before,
    ratio,
    ...interval,
    evidence,
    toleranceEvidence,
    expected,
    excess: observed.bad - expected,
    phi: { history: phi, live: undefined, used: phi },
    decision,
  }
}
