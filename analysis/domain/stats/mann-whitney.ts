/**
 * The Mann-Whitney judgement of one metric as Kayenta's NetflixACAJudge makes it (`analysis.md` 1.1), and the same with its holes closed. It sees
 * two samples of interval values and nothing of time: judging again and again raises its false alarms, which is for the caller to know.
 */
import { ascending, at, estimateShift, normalQuantile, type Shift } from './rank-shift.ts'

/** `kayenta`: every hole as it is there. `strict`: what cannot be known is `Nodata`, and an effect must be proven and not only estimated. */
export type MannWhitneyReading = 'kayenta' | 'strict'

export interface MannWhitneyRule {
  readonly reading: MannWhitneyReading
  /** Which change is a failure. */
  readonly direction: 'increase' | 'decrease' | 'either'
  /** Share of the estimated shift that both ends of the interval must exceed; 0.25 in Kayenta, fixed. */
  readonly tolerance: number
  /** Of the interval; 0.98 in Kayenta, fixed. */
  readonly confidenceLevel: number
  /** Effect size from which on a shift counts: mean(canary)/mean(baseline), or the chance that a canary's value is the larger one. */
  readonly effectSize: 'meanRatio' | 'cles'
  readonly allowedIncrease: number
  readonly allowedDecrease: number
  /** Of NaN among the values. */
  readonly nanStrategy: 'remove' | 'replace'
  /** `remove`: those beyond min(P1, Q1 − 3 IQR) to max(P99, Q3 + 3 IQR). */
  readonly outliers: 'keep' | 'remove'
}

/** Kayenta's own defaults. */
export const kayentaRule: MannWhitneyRule = {
  reading: 'kayenta',
  direction: 'either',
  tolerance: 0.25,
  confidenceLevel: 0.98,
  effectSize: 'meanRatio',
  allowedIncrease: 1,
  allowedDecrease: 1,
  nanStrategy: 'remove',
  outliers: 'keep',
}

/** `Error`: could not be computed, which Kayenta's score counts neither as a failure nor as missing data. */
export type MannWhitneyLabel = 'Pass' | 'High' | 'Low' | 'Nodata' | 'Error'

export interface MannWhitneyVerdict {
  readonly label: MannWhitneyLabel
  /** Absent when there was nothing to test. */
  readonly shift?: Shift
  readonly effect?: number
}

/** Of the range of shifts, for the strict reading. */
const FINE_TOLERANCE = 1e-9
/** Kayenta blurs two constants by this share of their values, since ties alone have no interval. */
const BLUR = 1e-5

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Percentile as Apache Commons Math has it by default: between neighbours at p·(n + 1). */
function percentileOf(sorted: readonly number[], percent: number): number {
  const place = (percent / 100) * (sorted.length + 1)
  const below = Math.floor(place)
  if (below < 1) return at(sorted, 0)
  if (below >= sorted.length) return at(sorted, sorted.length - 1)
  return at(sorted, below - 1) + (place - below) * (at(sorted, below) - at(sorted, below - 1))
}

function withoutOutliers(values: readonly number[]): readonly number[] {
  const sorted = ascending(values)
  const [first, third] = [percentileOf(sorted, 25), percentileOf(sorted, 75)]
  const low = Math.min(percentileOf(sorted, 1), first - 3 * (third - first))
  const high = Math.max(percentileOf(sorted, 99), third + 3 * (third - first))
  return values.filter((value) => value >= low && value <= high)
}

function prepare(values: readonly number[], { nanStrategy, outliers }: MannWhitneyRule): readonly number[] {
  const known =
    nanStrategy === 'remove'
      ? values.filter((value) => !Number.isNaN(value))
      : values.map((value) => (Number.isNaN(value) ? 0 : value))
  return outliers === 'remove' && known.length > 0 ? withoutOutliers(known) : known
}

const isConstant = (values: readonly number[]): boolean => values.every((value) => value === values[0])

/** Kayenta draws Gaussian noise; here its quantiles stand for it, so that equal samples get equal verdicts. */
const blur = (values: readonly number[]): readonly number[] =>
  values.map((value, index) => value + BLUR * value * normalQuantile((index + 0.5) / values.length))

/** The shift as each reading has it; undefined when it cannot be told. */
function readShift(canary: readonly number[], baseline: readonly number[], rule: MannWhitneyRule): Shift | undefined {
  const bothConstant = isConstant(canary) && isConstant(baseline)
  if (rule.reading === 'kayenta') {
    const [x, y] = bothConstant ? [blur(canary), blur(baseline)] : [canary, baseline]
    return estimateShift(x, y, rule.confidenceLevel)
  }
  if (bothConstant) {
    const difference = at(canary, 0) - at(baseline, 0)
    return { lower: difference, upper: difference, estimate: difference }
  }
  const range = Math.max(...canary, ...baseline) - Math.min(...canary, ...baseline)
  return estimateShift(canary, baseline, rule.confidenceLevel, range * FINE_TOLERANCE)
}

/** Not enough values for this confidence even if all of one arm were above all of the other. */
function isTooFew(n: number, m: number, confidenceLevel: number): boolean {
  const most = ((n * m) / 2 - 0.5) / Math.sqrt((n * m * (n + m + 1)) / 12)
  return most < -normalQuantile((1 - confidenceLevel) / 2)
}

/** NaN: cannot be told, and then Kayenta asks for no effect. */
function readEffect(canary: readonly number[], baseline: readonly number[], rule: MannWhitneyRule): number {
  if (rule.effectSize === 'cles') {
    let larger = 0
    for (const x of canary) for (const y of baseline) larger += x > y ? 1 : x === y ? 0.5 : 0
    return larger / (canary.length * baseline.length)
  }
  const [above, below] = [mean(canary), mean(baseline)]
  return rule.reading === 'kayenta' && (above === 0 || below === 0) ? Number.NaN : above / below
}

/** How far the interval must be from zero. In the strict reading the allowed effect itself must be excluded. */
function boundsOf(shift: Shift, baseline: readonly number[], rule: MannWhitneyRule) {
  const share = rule.tolerance * Math.abs(shift.estimate)
  if (rule.reading === 'kayenta' || rule.effectSize === 'cles') return { above: share, below: -share }
  const center = Math.abs(mean(baseline))
  return {
    above: Math.max(share, (rule.allowedIncrease - 1) * center),
    below: Math.min(-share, (rule.allowedDecrease - 1) * center),
  }
}

/**
 * One metric, judged once. Values are one per interval.
 *
 * | values                        | kayenta                 | strict |
 * |-------------------------------|-------------------------|--------|
 * | an arm is empty               | remove: Nodata, replace: Pass | Nodata |
 * | same values in both, or one value | Pass                | Pass   |
 * | too few for this confidence   | range of differences is the interval | Nodata |
 * | cannot be computed            | Error                   | Nodata |
 * | a mean of 0                   | any effect size counts  | ratio 0 or Infinity |
 */
export function judgeMannWhitney(
  baselineValues: readonly number[],
  canaryValues: readonly number[],
  rule: MannWhitneyRule = kayentaRule,
): MannWhitneyVerdict {
  const isStrict = rule.reading === 'strict'
  const [baseline, canary] = [prepare(baselineValues, rule), prepare(canaryValues, rule)]
  if (baseline.length === 0 || canary.length === 0)
    return { label: rule.nanStrategy === 'remove' || isStrict ? 'Nodata' : 'Pass' }
  if (isStrict && isTooFew(canary.length, baseline.length, rule.confidenceLevel)) return { label: 'Nodata' }
  if (isSame(baseline, canary)) return { label: 'Pass' }
  const shift = readShift(canary, baseline, rule)
  if (shift === undefined) return { label: isStrict ? 'Nodata' : 'Error' }
  const effect = readEffect(canary, baseline, rule)
  return { label: labelOf(shift, effect, boundsOf(shift, baseline, rule), rule), shift, effect }
}

function isSame(baseline: readonly number[], canary: readonly number[]): boolean {
  const [ys, xs] = [ascending(baseline), ascending(canary)]
  if (ys.length === xs.length && ys.every((value, index) => value === xs[index])) return true
  return isConstant([...ys, ...xs])
}

function labelOf(
  shift: Shift,
  effect: number,
  bounds: { readonly above: number; readonly below: number },
  rule: MannWhitneyRule,
): MannWhitneyLabel {
  const isUnknown = Number.isNaN(effect)
  const isHigh = shift.lower > bounds.above && (isUnknown || effect >= rule.allowedIncrease)
  if (rule.direction !== 'decrease' && isHigh) return 'High'
  const isLow = shift.upper < bounds.below && (isUnknown || effect <= rule.allowedDecrease)
  return rule.direction !== 'increase' && isLow ? 'Low' : 'Pass'
}
