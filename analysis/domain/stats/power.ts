/**
 * What could have been caught: the smallest regression that the ticks so far would have shown in four of five rollouts, and how much longer it
 * takes to be able to catch a given one. "No failure seen" is worth what these numbers say and no more.
 *
 * With ratio r and stable's events x_s in a tick, the canary has λ_c = x_s·r·n_c/n_s of them (λ_s = x_s), and the alternative r' of the mixture that is
 * nearest to r gathers, against r0,
 *
 *   mean I = Σ min(λ_c·a + λ_s·b, φ·cap)/φ     variance V = Σ (λ_c·a² + λ_s·b²)/φ     a = ln(θ(r')/θ(r0)),  b = ln((1−θ(r'))/(1−θ(r0)))
 *
 * A limit L is passed with 80 % chance when  I − 0.84·√V ≥ ln L + c,  c being the price of the mixture (analysis.md §2.1, turned round).
 */
import { type PairCounts, sumArms } from './arms.ts'
import { capOf, type Direction, RATIOS } from './count-evidence.ts'
import type { CountRule, Tick } from './ticks.ts'

/** Standard normal quantile of the 80 % that "would have been caught" means. */
const Z_POWER = 0.84
/** What the mixture over ratios, restarts and ranks costs on its way to the limit, as fitted to simulation. */
const MIXTURE_PRICE = 2.8
const FEWEST_TICKS = 3
/** Ratios beyond this are no statement any more. */
const LARGEST_RATIO = 1000
const STEPS = 14

/** Traffic of one tick; `stableBad` is what stable's rate is read from and may be an expectation. */
export type Exposure = Omit<PairCounts, 'canaryBad' | 'at'>

/** What every further tick will bring. */
export interface TickForecast {
  readonly exposure: Exposure
  readonly intervalMs: number
}

/** The ticks that count, as exposures. */
export function exposuresOf(ticks: readonly Tick[]): readonly Exposure[] {
  return ticks.flatMap((tick) => sumArms(tick) ?? [])
}

/** The ratio nearest to 1 that would have been caught with 80 % chance; undefined when none would. `phi` ≥ 1: overdispersion. */
export function smallestDetectable(exposures: readonly Exposure[], rule: CountRule, phi: number): number | undefined {
  const end = rule.direction === 'up' ? LARGEST_RATIO : 1 / LARGEST_RATIO
  if (!isDetectable(exposures, end, rule, phi)) return undefined
  let caught = Math.log(end)
  let missed = 0
  for (let step = 0; step < STEPS; step++) {
    const middle = (caught + missed) / 2
    if (isDetectable(exposures, Math.exp(middle), rule, phi)) caught = middle
    else missed = middle
  }
  return Math.exp(caught)
}

/** Would the ratio have been caught in these ticks with 80 % chance? */
export function isDetectable(exposures: readonly Exposure[], ratio: number, rule: CountRule, phi: number): boolean {
  if (exposures.length < FEWEST_TICKS || !isBeyond(ratio, rule)) return false
  return (
    passes(exposures, { ratio, nullRatio: 1, limit: 1 / rule.alpha }, rule, phi) &&
    passes(exposures, { ratio, nullRatio: rule.toleranceRatio, limit: 1 / rule.beta }, rule, phi) &&
    hasEvents(exposures, ratio, rule, phi)
  )
}

/**
 * Milliseconds of further ticks like the forecast until the ratio would be caught with 80 % chance; 0 when it would have been already, undefined
 * when `mostMs` of them are not enough.
 */
export function delayUntilDetectable(
  soFar: readonly Exposure[],
  { exposure, intervalMs }: TickForecast,
  ask: { readonly ratio: number; readonly rule: CountRule; readonly phi: number; readonly mostMs: number },
): number | undefined {
  const detects = (ticks: number) =>
    isDetectable([...soFar, ...Array.from({ length: ticks }, () => exposure)], ask.ratio, ask.rule, ask.phi)
  if (detects(0)) return 0
  let enough = Math.ceil(ask.mostMs / intervalMs)
  if (!detects(enough)) return undefined
  let few = 0
  while (enough - few > 1) {
    const middle = (enough + few) >> 1
    if (detects(middle)) enough = middle
    else few = middle
  }
  return enough * intervalMs
}

function isBeyond(ratio: number, { direction, toleranceRatio }: CountRule): boolean {
  return direction === 'up' ? ratio > Math.max(1, toleranceRatio) : ratio < Math.min(1, toleranceRatio)
}

interface Question {
  readonly ratio: number
  readonly nullRatio: number
  readonly limit: number
}

function passes(exposures: readonly Exposure[], question: Question, rule: CountRule, phi: number): boolean {
  const needed = Math.log(question.limit) + MIXTURE_PRICE
  return nearestRatios(question, rule.direction).some((alternative) => {
    const { mean, variance } = gather(exposures, question, alternative, phi * capOf(rule.alpha))
    return mean / phi - Z_POWER * Math.sqrt(variance / phi) >= needed
  })
}

const ascending = (one: number, other: number): number => one - other
const ASCENDING: typeof RATIOS = { up: RATIOS.up.toSorted(ascending), down: RATIOS.down.toSorted(ascending) }

/** The alternatives of the mixture on both sides of the ratio in question. */
function nearestRatios({ ratio, nullRatio }: Question, direction: Direction): readonly number[] {
  const [nearest, next] = [
    ASCENDING[direction].findLast((factor) => factor * nullRatio <= ratio),
    ASCENDING[direction].find((factor) => factor * nullRatio > ratio),
  ]
  return [nearest, next].flatMap((factor) => (factor === undefined ? [] : [factor * nullRatio]))
}

function gather(exposures: readonly Exposure[], { ratio, nullRatio }: Question, alternative: number, most: number) {
  const logRatio = Math.log(alternative / nullRatio)
  let mean = 0
  let variance = 0
  for (const { canaryTotal, stableTotal, stableBad } of exposures) {
    const share = canaryTotal / (canaryTotal + stableTotal)
    const canaryBad = (stableBad / stableTotal) * canaryTotal * ratio
    const whenStable = Math.log((share * nullRatio + 1 - share) / (share * alternative + 1 - share))
    const whenCanary = logRatio + whenStable
    const gain = canaryBad * whenCanary + stableBad * whenStable
    mean += Math.min(gain, most)
    // Beyond the cap a tick hardly varies any more.
    if (gain < most) variance += canaryBad * whenCanary * whenCanary + stableBad * whenStable * whenStable
  }
  return { mean, variance }
}

/** The conditions that are not evidence: enough events, and enough of them too many (or too few). */
function hasEvents(exposures: readonly Exposure[], ratio: number, rule: CountRule, phi: number): boolean {
  let expected = 0
  let requests = 0
  for (const { canaryTotal, stableTotal, stableBad } of exposures) {
    expected += (stableBad / stableTotal) * canaryTotal
    requests += canaryTotal
  }
  const bad = expected * ratio
  const slack = Z_POWER * Math.sqrt(phi * bad)
  if (rule.direction === 'up') {
    return bad - slack >= rule.minEvents && bad - slack - expected >= rule.toleranceExcess * requests
  }
  return expected >= rule.minEvents && expected - bad - slack >= rule.toleranceExcess * requests
}
