/**
 * Users' conditions on what a gate has found. They take the place of the gate's own rules; what they are not given, the gate decides itself. The same in the
 * controller and in a backtest.
 *
 *   verdict                        no condition    failureCondition              successCondition
 *   abort Regression               Failed          Failed only when it is true   Failed
 *   abort for any other reason     Failed          Failed                        Failed
 *   pass Proven, WouldHaveBeen…    Successful      Successful                    Successful once it is true; else Inconclusive at the end
 *   pass ProceedUndecided          Successful      Successful                    Successful
 *   hold, final                    Inconclusive    the same                      the same
 *   hold                           undefined       Failed once it is true        Successful once it is true
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'
import { type Conditions, judgeReading, type Verdict, type VerdictMode } from '../verdict.ts'
import { roundNumber } from './round-numbers.ts'

type Unknown<T> = { readonly [Key in keyof T]?: T[Key] | undefined }

/** What conditions are asked about. */
export interface GateNumbers
  extends Pick<GateVerdict, 'outcome' | 'evidence' | 'toleranceEvidence' | 'ticks' | 'canary' | 'stable'>,
    Unknown<Pick<GateVerdict, 'ratio' | 'ratioLower' | 'ratioUpper' | 'smallestDetectable'>> {
  readonly noise: { readonly phi: number }
  /** Seconds; of the latency gate alone. */
  readonly p99?: { readonly canary?: number | undefined; readonly stable?: number | undefined } | undefined
}

/** What conditions see as `result`; null while it is unknown. */
export function renderGateValue(numbers: GateNumbers): Value {
  const { ratio, ratioLower, ratioUpper, evidence, toleranceEvidence, noise, canary, stable, ticks, p99 } = numbers
  return {
    outcome: numbers.outcome,
    evidence: roundOrNull(evidence),
    toleranceEvidence: roundOrNull(toleranceEvidence),
    ratio: roundOrNull(ratio),
    ratioLower: roundOrNull(ratioLower),
    ratioUpper: roundOrNull(ratioUpper),
    smallestDetectable: roundOrNull(numbers.smallestDetectable),
    phi: roundOrNull(noise.phi),
    ticks,
    canaryBad: roundOrNull(canary.bad),
    canaryTotal: roundOrNull(canary.total),
    stableBad: roundOrNull(stable.bad),
    stableTotal: roundOrNull(stable.total),
    ...(p99 === undefined ? {} : { canaryP99: roundOrNull(p99.canary), stableP99: roundOrNull(p99.stable) }),
  }
}

export const roundOrNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : roundNumber(value)

/** Undefined while no condition decides. */
export function askConditions(conditions: Conditions, value: Value, mode: VerdictMode): Verdict | undefined {
  const ask = (condition: Conditions): Verdict => judgeReading({ kind: 'sample', value, text: '' }, condition, mode)
  const { failureCondition, successCondition } = conditions
  const failure = failureCondition ? ask({ failureCondition }) : undefined
  if (failure?.phase === 'Failed' || failure?.phase === 'Error') return failure
  const success = successCondition ? ask({ successCondition }) : undefined
  return success?.phase === 'Successful' || success?.phase === 'Error' ? success : undefined
}

/** What becomes of a measurement that no condition decides; undefined: it goes on. */
export function decideUnasked(
  { outcome, reason, final }: Pick<GateVerdict, 'outcome' | 'reason' | 'final'>,
  conditions: Conditions,
  stageIsOver: boolean,
): 'Failed' | 'Successful' | 'Inconclusive' | undefined {
  if (outcome === 'abort') return conditions.failureCondition && reason === 'Regression' ? undefined : 'Failed'
  if (outcome === 'hold' || outcome === 'error') return final ? 'Inconclusive' : undefined
  if (!conditions.successCondition || reason === 'ProceedUndecided') return 'Successful'
  return stageIsOver ? 'Inconclusive' : undefined
}
