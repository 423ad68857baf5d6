/**
 * What "nothing found" is worth by now, and when it will be worth enough: whether the regression that a stage has to be able to catch would have been
 * caught, the smallest that would, and how much longer the target takes at this weight and at the next one.
 */
import { delayUntilDetectable, type Exposure, isDetectable, smallestDetectable } from '../stats/power.ts'
import type { CountRule } from '../stats/ticks.ts'

/** Beyond this nothing is foreseen: traffic will have changed. */
const MOST_MS = 2 * 3_600_000
/** Stands for "no event at all so far" where a rate is needed: half an event, as the middle of what cannot be told from none. */
const HALF_EVENT = 0.5
/** A total loss, as a ratio that logarithms can take. */
const NEXT_TO_NOTHING = 0.001
/** Missing events that a total loss shows by (analysis.md 2.5). */
const EVENTS_FOR_TOTAL_LOSS = 8
/**
 * A service that hardly ever fails triples its errors without anybody noticing: there, what has to have been catchable is ten times the tolerated
 * excess more failing requests (1 % by default). At 0.5 % failing, both are the same.
 */
const TOLERATED_EXCESSES = 10

export interface Outlook {
  /** The target in force. */
  readonly ratio: number
  /** Expected events that it takes, for a rule that looks for missing ones. */
  readonly events: number | undefined
  readonly caught: boolean
  readonly smallest: number | undefined
  /** Milliseconds; undefined when it takes longer than is foreseen. */
  readonly delayMs: number | undefined
  readonly nextWeightDelayMs: number | undefined
}

export interface OutlookInput {
  readonly exposures: readonly Exposure[]
  readonly rule: CountRule
  /** A ratio of rates: 3, or 0 for a total loss. */
  readonly target: number
  readonly phi: number
  readonly tickMs: number
  readonly nextWeightPercent: number | undefined
}

export function foresee(input: OutlookInput): Outlook {
  const { rule, phi, tickMs } = input
  const exposures = withLeastRate(input.exposures)
  const ratio = raiseTarget(exposures, input)
  const events = rule.direction === 'down' ? Math.ceil(EVENTS_FOR_TOTAL_LOSS * phi) : undefined
  const goal: Goal = { ratio, events: events ?? 0, rule, phi, tickMs }
  const caught = expectedOf(exposures) >= goal.events && isDetectable(exposures, ratio, rule, phi)
  const forecast = averageOf(exposures)
  const next = forecast && atWeight(forecast, input.nextWeightPercent)
  return {
    ratio,
    events,
    caught,
    smallest: smallestDetectable(exposures, rule, phi),
    delayMs: caught ? 0 : forecast && delayUntil(goal, exposures, forecast),
    nextWeightDelayMs: caught ? undefined : next && delayUntil(goal, exposures, next),
  }
}

interface Goal extends Pick<OutlookInput, 'rule' | 'phi' | 'tickMs'> {
  readonly ratio: number
  readonly events: number
}

function delayUntil(goal: Goal, soFar: readonly Exposure[], exposure: Exposure): number | undefined {
  const { ratio, events, rule, phi, tickMs } = goal
  const delay = delayUntilDetectable(soFar, { exposure, intervalMs: tickMs }, { ratio, rule, phi, mostMs: MOST_MS })
  const missing = Math.max(0, events - expectedOf(soFar))
  const delayForEvents = missing === 0 ? 0 : Math.ceil(missing / expectedOf([exposure])) * tickMs
  if (delay === undefined || delayForEvents > MOST_MS) return undefined
  return Math.max(delay, delayForEvents)
}

/** Events that the canary would have at stable's rate. */
function expectedOf(exposures: readonly Exposure[]): number {
  let expected = 0
  for (const { canaryTotal, stableTotal, stableBad } of exposures) expected += (stableBad / stableTotal) * canaryTotal
  return expected
}

function sumExposures(exposures: readonly Exposure[]): Exposure {
  const sum = { canaryTotal: 0, stableTotal: 0, stableBad: 0 }
  for (const { canaryTotal, stableTotal, stableBad } of exposures) {
    sum.canaryTotal += canaryTotal
    sum.stableTotal += stableTotal
    sum.stableBad += stableBad
  }
  return sum
}

function withLeastRate(exposures: readonly Exposure[]): readonly Exposure[] {
  const { stableBad, stableTotal } = sumExposures(exposures)
  if (stableBad > 0 || stableTotal <= 0) return exposures
  return exposures.map((one) => ({ ...one, stableBad: (HALF_EVENT / stableTotal) * one.stableTotal }))
}

function raiseTarget(exposures: readonly Exposure[], { rule, target }: OutlookInput): number {
  if (rule.direction === 'down') return Math.max(target, NEXT_TO_NOTHING)
  const { stableBad, stableTotal } = sumExposures(exposures)
  if (stableBad <= 0) return target
  return Math.max(target, 1 + (TOLERATED_EXCESSES * rule.toleranceExcess * stableTotal) / stableBad)
}

/** An average tick so far; undefined before the first one. */
function averageOf(exposures: readonly Exposure[]): Exposure | undefined {
  const ticks = exposures.length
  if (ticks === 0) return undefined
  const { canaryTotal, stableTotal, stableBad } = sumExposures(exposures)
  return { canaryTotal: canaryTotal / ticks, stableTotal: stableTotal / ticks, stableBad: stableBad / ticks }
}

/** The same traffic, split as the next stage will; undefined where there is none, or it leaves nothing to compare with. */
function atWeight(
  { canaryTotal, stableTotal, stableBad }: Exposure,
  percent: number | undefined,
): Exposure | undefined {
  if (percent === undefined || percent <= 0 || percent >= 100) return undefined
  const all = canaryTotal + stableTotal
  const left = all * (1 - percent / 100)
  return { canaryTotal: all - left, stableTotal: left, stableBad: (stableBad / stableTotal) * left }
}
