/**
 * From one reading of a metric to the phase of its measurement. Strict (the default): what is not there is `NoData`, which neither passes nor
 * fails. It must not count or compare with earlier measurements; that is `judge.ts`.
 *
 *   successCondition  failureCondition   Successful          Failed            Inconclusive
 *   given             -                  it is true          it is false       -
 *   -                 given              it is false         it is true        -
 *   given             given              only success true   failure true      neither is true
 *   -                 -                  argo: always        -                 strict: always, as NoData
 */
import type { AnalysisPhase } from '../../controller/api/analysis.ts'
import {
  type ConditionOutcome,
  compileCondition,
  evaluateCondition,
} from '../../controller/metric-language/expression/condition.ts'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'

/** `argo` is Argo Rollouts' exact reading, with its passes for lack of data. */
export type VerdictMode = 'strict' | 'argo'

/** What a provider brought back. `text` is what is shown as the measurement's value. */
export type Reading =
  | {
      readonly kind: 'sample'
      readonly value: Value
      readonly text: string
      /** Argo Rollouts takes it as Successful, whatever the conditions say. */
      readonly passesInArgo?: true
      readonly metadata?: Readonly<Record<string, string>>
    }
  | { readonly kind: 'noData'; readonly why: string; readonly metadata?: Readonly<Record<string, string>> }

export interface Verdict {
  readonly phase: Extract<AnalysisPhase, 'Successful' | 'Failed' | 'Inconclusive' | 'Error'>
  readonly message?: string
  readonly isNoData: boolean
}

export interface Conditions {
  readonly successCondition?: string | undefined
  readonly failureCondition?: string | undefined
}

/** How a measurement without data begins its message; `metadata.verdict` says the same to programs. */
export const NO_DATA_PREFIX = 'NoData: '

/** Argo's message of a measurement that was in flight when its run ended. */
export const METRIC_TERMINATED = 'Metric Terminated'

const noData = (why: string): Verdict => ({ phase: 'Inconclusive', message: `${NO_DATA_PREFIX}${why}`, isNoData: true })
const failed = (message: string): Verdict => ({ phase: 'Error', message, isNoData: false })
const decided = (phase: Verdict['phase']): Verdict => ({ phase, isNoData: false })

/** The verdict on one reading. */
export function judgeReading(reading: Reading, conditions: Conditions, mode: VerdictMode): Verdict {
  if (reading.kind === 'noData') return mode === 'strict' ? noData(reading.why) : failed(reading.why)
  const missing = mode === 'strict' ? findMissingData(reading.value) : undefined
  if (missing !== undefined) return noData(missing)
  if (mode === 'argo' && reading.passesInArgo) return decided('Successful')
  return judgeConditions(reading.value, conditions, mode)
}

function judgeConditions(value: Value, conditions: Conditions, mode: VerdictMode): Verdict {
  const success = ask(conditions.successCondition, value, mode)
  const failure = ask(conditions.failureCondition, value, mode)
  if (!success && !failure)
    return mode === 'argo'
      ? decided('Successful')
      : noData('neither successCondition nor failureCondition is given, so nothing was judged')
  for (const outcome of [failure, success]) {
    if (outcome?.kind === 'error') return failed(withHint(outcome.message, value))
  }
  // A failure that shows is a failure, even when the other condition lacks data.
  if (failure?.kind === 'answer' && failure.answer) return decided('Failed')
  for (const outcome of [failure, success]) {
    if (outcome?.kind === 'noData') return noData(outcome.why)
  }
  if (success?.kind !== 'answer') return decided('Successful')
  if (success.answer) return decided('Successful')
  return decided(failure ? 'Inconclusive' : 'Failed')
}

function ask(source: string | undefined, value: Value, mode: VerdictMode): ConditionOutcome | undefined {
  if (!source) return undefined
  const compiled = compileCondition(source)
  if ('problem' in compiled) return { kind: 'error', message: compiled.problem }
  return evaluateCondition(compiled.condition, value, mode === 'strict' ? 'noData' : 'compare')
}

const withHint = (message: string, value: Value): string =>
  value === null || (Array.isArray(value) && value.length === 0) ? `no data returned: ${message}` : message

/** Why a value is no evidence: absent, empty, NaN or infinite, wherever it hides in a list. Undefined when it is. */
export function findMissingData(value: Value): string | undefined {
  if (value === null) return 'the result is null'
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `the result is ${value}`
  if (typeof value === 'string') return value === '' ? 'the result is empty' : undefined
  if (typeof value === 'boolean') return undefined
  if (Array.isArray(value)) return value.length === 0 ? 'the result is empty' : findNonFinite(value)
  return Object.keys(value).length === 0 ? 'the result is empty' : undefined
}

function findNonFinite(list: readonly Value[]): string | undefined {
  if (list.includes(null)) return 'the result contains null'
  const broken = list.find((item) => typeof item === 'number' && !Number.isFinite(item))
  return typeof broken === 'number' ? `the result contains ${broken}` : undefined
}
