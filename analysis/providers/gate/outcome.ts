/**
 * From a gate's verdict to what becomes of its measurement. Users' conditions take the place of the gate's own rules; what they are not given, the gate
 * decides itself. It must not judge evidence.
 *
 *   verdict                        no condition    failureCondition              successCondition
 *   error                          Error           the same                      the same
 *   abort Regression               Failed          Failed only when it is true   Failed
 *   abort for any other reason     Failed          Failed                        Failed
 *   pass Proven, WouldHaveBeen…    Successful      Successful                    Successful once it is true; else Inconclusive at the end
 *   pass ProceedUndecided          Successful      Successful                    Successful
 *   hold, final                    Inconclusive    the same                      the same
 *   hold                           Running         Failed once it is true        Successful once it is true
 */
import type { Measurement, Metric } from '../../../controller/api/analysis.ts'
import { GATE_KNOWLEDGE, GATE_VERDICT, type GateVerdict, readGateVerdict } from '../../../controller/api/verdict.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import { roundNumber, roundNumbers } from '../../domain/gates/round-numbers.ts'
import { judgeReading, type Verdict, type VerdictMode } from '../../domain/verdict.ts'
import type { LookOutcome } from '../long-provider.ts'

export interface Judged {
  readonly verdict: GateVerdict
  readonly metric: Metric
  readonly mode: VerdictMode
  readonly onUndecided: GatePlan['onUndecided']
  /** Text of what history taught; undefined while it is not needed yet. */
  readonly knowledge: string | undefined
  /** Epoch milliseconds of the next look. */
  readonly resumeAt: number
}

/** What would become of the measurement if its run ended now. */
const AT_END = 'at-end'

type Decided = Extract<LookOutcome, { kind: 'decided' }>

export function decideOutcome(judged: Judged): LookOutcome {
  const { verdict, metric, resumeAt } = judged
  const metadata = renderMetadata(judged)
  if (verdict.outcome === 'error') return { kind: 'error', message: verdict.text, metadata }
  const value = renderValue(verdict)
  const decided = (phase: Decided['phase'], message = verdict.text): LookOutcome => ({
    kind: 'decided',
    phase,
    message,
    value: JSON.stringify(value),
    metadata,
  })
  const asked = askConditions(judged, value)
  if (asked?.phase === 'Error') return { kind: 'error', message: asked.message ?? '', metadata }
  if (asked?.phase === 'Failed') return decided('Failed', `${renderCondition(metric, 'failure')}\n${verdict.text}`)
  if (asked?.phase === 'Successful') return decided('Successful')
  const own = decideOwn(judged)
  if (own !== undefined) return decided(own)
  return { kind: 'running', resumeAt, value: JSON.stringify(value), metadata }
}

const renderCondition = (metric: Metric, name: 'failure' | 'success'): string =>
  `${name}Condition ${metric[`${name}Condition`] ?? ''} is true`

/** Undefined while no condition decides. */
function askConditions({ metric, mode }: Judged, value: Value): Verdict | undefined {
  const ask = (condition: Pick<Metric, 'successCondition'> | Pick<Metric, 'failureCondition'>): Verdict =>
    judgeReading({ kind: 'sample', value, text: '' }, condition, mode)
  const { failureCondition, successCondition } = metric
  const failure = failureCondition ? ask({ failureCondition }) : undefined
  if (failure?.phase === 'Failed' || failure?.phase === 'Error') return failure
  const success = successCondition ? ask({ successCondition }) : undefined
  return success?.phase === 'Successful' || success?.phase === 'Error' ? success : undefined
}

function decideOwn({ verdict, metric }: Judged): Decided['phase'] | undefined {
  const { outcome, reason, final } = verdict
  if (outcome === 'abort') return metric.failureCondition && reason === 'Regression' ? undefined : 'Failed'
  if (outcome === 'hold') return final ? 'Inconclusive' : undefined
  if (!metric.successCondition || reason === 'ProceedUndecided') return 'Successful'
  return hasStageEnded(verdict) ? 'Inconclusive' : undefined
}

const hasStageEnded = ({ stage }: GateVerdict): boolean => (stage?.secondsLeft ?? 1) <= 0

/** What conditions see as `result`; null while it is unknown. */
function renderValue(verdict: GateVerdict): Value {
  const { ratio, ratioLower, ratioUpper, evidence, toleranceEvidence, noise, canary, stable, ticks, p99 } = verdict
  return {
    outcome: verdict.outcome,
    evidence: round(evidence),
    toleranceEvidence: round(toleranceEvidence),
    ratio: round(ratio),
    ratioLower: round(ratioLower),
    ratioUpper: round(ratioUpper),
    smallestDetectable: round(verdict.smallestDetectable),
    phi: round(noise.phi),
    ticks,
    canaryBad: round(canary.bad),
    canaryTotal: round(canary.total),
    stableBad: round(stable.bad),
    stableTotal: round(stable.total),
    ...(p99 === undefined ? {} : { canaryP99: round(p99.canary), stableP99: round(p99.stable) }),
  }
}

const round = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : roundNumber(value)

function renderMetadata(judged: Judged): Readonly<Record<string, string>> {
  const { verdict, knowledge } = judged
  const { evidence, ratio, ratioLower, ratioUpper, noise, canary, smallestDetectable } = verdict
  const numbers = {
    evidence,
    ratio,
    lo: ratioLower,
    hi: ratioUpper,
    phi: noise.phi,
    n: canary.total,
    mde: smallestDetectable,
  }
  return {
    [GATE_VERDICT]: JSON.stringify(roundNumbers(verdict)),
    ...Object.fromEntries(
      Object.entries(numbers).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(round(value))]])),
    ),
    [AT_END]: decideEnd(judged),
    ...(knowledge === undefined ? {} : { [GATE_KNOWLEDGE]: knowledge }),
  }
}

/** A run that ends takes no more time: what is undecided then is settled as it would be after the longest hold. */
function decideEnd({ verdict, metric, onUndecided }: Judged): Decided['phase'] {
  const isWhole = verdict.reason === 'Watching' || verdict.reason === 'Undecided'
  if (!isWhole) return 'Inconclusive'
  if (verdict.target.caught) return metric.successCondition ? 'Inconclusive' : 'Successful'
  return ({ pause: 'Inconclusive', proceed: 'Successful', abort: 'Failed' } as const)[onUndecided]
}

/** What an open measurement amounts to when its run ends first. */
export function concludeGate(open: Measurement): Decided | undefined {
  const phase = open.metadata?.[AT_END]
  const verdict = readGateVerdict(open)
  if (!verdict || (phase !== 'Successful' && phase !== 'Inconclusive' && phase !== 'Failed')) return undefined
  return {
    kind: 'decided',
    phase,
    message: `${ENDED[phase]}\n${verdict.text}`,
    ...(open.value === undefined ? {} : { value: open.value }),
    ...(open.metadata === undefined ? {} : { metadata: open.metadata }),
  }
}

const ENDED = {
  Successful: 'the run was ended: nothing was found that would have been caught',
  Inconclusive: 'the run was ended before it could be decided',
  Failed: 'the run was ended undecided, and onUndecided is abort',
} as const
