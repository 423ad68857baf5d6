/**
 * What Prometheus has to say for a user's own conditions to be content, or not: values are tried until the product's judge gives either verdict. It
 * knows nothing about queries.
 */
import { type Conditions, judgeReading, type VerdictMode } from '../../analysis/domain/verdict.ts'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import type { MetricAnswer } from '../models/outbound.ts'

export interface MetricAnswers {
  readonly content: MetricAnswer
  /** Undefined: nothing that was tried is refused. */
  readonly discontent: MetricAnswer | undefined
}

const USUAL = [0, 1, 0.5, 100, 0.001, 0.01, 0.05, 0.1, 0.9, 0.95, 0.99, 0.999, 10, 50, 99, 1000, 1e6, 1e9, -1]
const NUMBERS = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi
const MOST_NUMBERS = 80
/** Of two values side by side every pair is tried. */
const MOST_IN_PAIRS = 20

/** The usual numbers, and those around every number that a condition names. */
function listNumbers(usages: readonly Conditions[]): readonly number[] {
  const text = usages
    .map(({ successCondition, failureCondition }) => `${successCondition} ${failureCondition}`)
    .join(' ')
  const named = [...text.matchAll(NUMBERS)].map(([number]) => Number(number)).filter(Number.isFinite)
  const around = named.flatMap((number) => [number, number * 0.9, number * 1.1, number - 1, number + 1])
  return [...new Set([...USUAL.slice(0, 4), ...around, ...USUAL])].slice(0, MOST_NUMBERS)
}

/** As a query of one series, a scalar, several series alike, and two that differ. */
function listShapes(numbers: readonly number[]): readonly (readonly MetricAnswer[])[] {
  const few = numbers.slice(0, MOST_IN_PAIRS)
  return [
    numbers.map((number) => [number]),
    numbers,
    numbers.map((number) => [number, number, number]),
    few.flatMap((first) => few.map((second) => [first, second])),
  ]
}

/** For every usage at once; undefined when nothing that was tried contents all of them. */
export function findAnswers(usages: readonly Conditions[], mode: VerdictMode): MetricAnswers | undefined {
  const verdictOf = (answer: MetricAnswer, conditions: Conditions): string => {
    const value: Value = typeof answer === 'number' ? answer : [...answer]
    const { phase, isNoData } = judgeReading({ kind: 'sample', value, text: '' }, conditions, mode)
    return isNoData ? 'NoData' : phase
  }
  const find = (answers: readonly MetricAnswer[], phase: string): MetricAnswer | undefined =>
    answers.find((answer) => usages.every((conditions) => verdictOf(answer, conditions) === phase))
  let contentAlone: MetricAnswers | undefined
  for (const answers of listShapes(listNumbers(usages))) {
    const content = find(answers, 'Successful')
    if (content === undefined) continue
    const discontent = find(answers, 'Failed') ?? find(answers, 'Inconclusive')
    if (discontent !== undefined) return { content, discontent }
    contentAlone ??= { content, discontent }
  }
  return contentAlone
}
