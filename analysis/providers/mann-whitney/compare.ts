/**
 * Judges one compared metric from the values of both arms on one grid of times, and says what it saw. The strict reading compares like with like: a
 * step counts only where both arms have a value. It must not ask anybody.
 */
import type { ComparedMetric } from '../../../controller/api/metric-providers/mann-whitney.ts'
import type { ScoredMetric } from '../../domain/stats/canary-score.ts'
import {
  judgeMannWhitney,
  kayentaRule,
  type MannWhitneyReading,
  type MannWhitneyRule,
  type MannWhitneyVerdict,
} from '../../domain/stats/mann-whitney.ts'
import { normalTail } from '../../domain/stats/normal-tail.ts'
import { ascending, rankStatistic } from '../../domain/stats/rank-shift.ts'

/** One value a step, NaN where there is none. */
export interface Arms {
  readonly canary: readonly number[]
  readonly stable: readonly number[]
}

export interface Comparison extends ScoredMetric {
  readonly verdict: MannWhitneyVerdict
  /** Two-sided, of no shift at all; undefined when nothing can be ranked. */
  readonly p: number | undefined
  /** Values that were compared. */
  readonly canaryCount: number
  readonly stableCount: number
}

export function compareMetric(metric: ComparedMetric, arms: Arms, reading: MannWhitneyReading): Comparison {
  const { name, group = 'default', critical = false, mustHaveData } = metric
  const rule = renderRule(metric, reading)
  const { canary, stable } = reading === 'strict' && rule.nanStrategy === 'remove' ? pairUp(arms) : arms
  const known = { canary: canary.filter(isKnown), stable: stable.filter(isKnown) }
  const judged = judgeMannWhitney(stable, canary, rule)
  const verdict = reading === 'strict' ? judgeFlat(judged, known, rule) : judged
  const isFatal = critical && (isBeyond(metric, verdict) || (verdict.label === 'Nodata' && reading === 'kayenta'))
  const isRequired = mustHaveData === true && verdict.label === 'Nodata' && !(critical && reading === 'kayenta')
  return {
    name,
    group,
    label: isRequired ? 'NodataFailMetric' : verdict.label,
    isCriticalFailure: isFatal || (critical && isRequired),
    mayLackData: mustHaveData === false,
    verdict,
    p: findP(findZ(known)),
    canaryCount: known.canary.length,
    stableCount: known.stable.length,
  }
}

const isKnown = (value: number): boolean => !Number.isNaN(value)

function renderRule(metric: ComparedMetric, reading: MannWhitneyReading): MannWhitneyRule {
  const { effectSize = 'meanRatio', direction = 'either', nanStrategy = 'remove', outliers = 'keep' } = metric
  const { allowedIncrease = anyEffect(metric), allowedDecrease = anyEffect(metric) } = metric
  return { ...kayentaRule, reading, direction, effectSize, allowedIncrease, allowedDecrease, nanStrategy, outliers }
}

/** The effect size of no effect. */
const anyEffect = ({ effectSize }: ComparedMetric): number => (effectSize === 'cles' ? 0.5 : 1)

function pairUp({ canary, stable }: Arms): Arms {
  const both = canary.flatMap((value, index) => {
    const other = stable[index] ?? Number.NaN
    return isKnown(value) && isKnown(other) ? [[value, other] as const] : []
  })
  return { canary: both.map(([value]) => value), stable: both.map(([, value]) => value) }
}

/** An effect that cannot be told counts, as in Kayenta. */
function isBeyond(metric: ComparedMetric, { label, effect = Number.NaN }: MannWhitneyVerdict): boolean {
  const { criticalIncrease = anyEffect(metric), criticalDecrease = anyEffect(metric) } = metric
  if (label === 'High') return Number.isNaN(effect) || effect >= criticalIncrease
  return label === 'Low' && (Number.isNaN(effect) || effect <= criticalDecrease)
}

/** The standardized rank sum of the canary; NaN when nothing can be ranked. */
const findZ = ({ canary, stable }: Arms): number =>
  canary.length === 0 || stable.length === 0 ? Number.NaN : rankStatistic(ascending(canary), ascending(stable), 0)

const findP = (z: number): number | undefined =>
  Number.isNaN(z) ? undefined : Math.min(1, 2 * normalTail(Math.abs(z)))

/**
 * Errors where there were none: as long as half of the canary's values are those of a stable that never changes, the interval of the shift holds 0
 * and Kayenta passes. The ranks tell, at the same confidence.
 */
function judgeFlat(verdict: MannWhitneyVerdict, arms: Arms, rule: MannWhitneyRule): MannWhitneyVerdict {
  const { label, shift, effect = Number.NaN } = verdict
  const isFlat = arms.stable.every((value) => value === arms.stable[0])
  if (label !== 'Pass' || shift === undefined || !isFlat) return verdict
  const z = findZ(arms)
  if ((findP(z) ?? 1) >= 1 - rule.confidenceLevel) return verdict
  if (z > 0 && rule.direction !== 'decrease' && effect >= rule.allowedIncrease) return { ...verdict, label: 'High' }
  return z < 0 && rule.direction !== 'increase' && effect <= rule.allowedDecrease
    ? { ...verdict, label: 'Low' }
    : verdict
}

const shorten = (value: number): string => String(Number(value.toPrecision(4)))

/** `High: shift 0.12 (0.05 to 0.2 at 98 %), effect 1.34, p 0.0003, 50 values of the canary, 50 of stable` */
export function renderComparison({ label, verdict, p, canaryCount, stableCount }: Comparison): string {
  const { shift, effect } = verdict
  return [
    `${label}: ${shift ? `shift ${shorten(shift.estimate)} (${shorten(shift.lower)} to ${shorten(shift.upper)} at 98 %)` : 'no shift'}`,
    ...(effect === undefined ? [] : [`effect ${Number.isFinite(effect) ? shorten(effect) : String(effect)}`]),
    ...(p === undefined ? [] : [`p ${shorten(p)}`]),
    `${canaryCount} values of the canary, ${stableCount} of stable`,
  ].join(', ')
}
