/**
 * What an answer of Prometheus' query API says: a scalar is a number, a vector a list of numbers in the server's order, a matrix one flat list, as in
 * Argo. It must not repair: NaN stays NaN and an empty vector an empty list.
 *
 *   result             strict                     compat
 *   string             the text                   an error
 *   native histogram   an error                   0 in a vector, nothing in a matrix
 */
import { z } from 'zod'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { formatPlain } from './go-number.ts'
import { readShape } from './json-answer.ts'
import { boundText, type ProviderOutcome } from './provider.ts'

const MOST_VALUES = 10_000

const sample = z.tuple([z.number(), z.string()])
const texts = z.array(z.string()).optional()
const answerSchema = z.looseObject({
  status: z.enum(['success', 'error']),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: texts,
  infos: texts,
  data: z
    .discriminatedUnion('resultType', [
      z.looseObject({ resultType: z.literal('scalar'), result: sample }),
      z.looseObject({ resultType: z.literal('string'), result: sample }),
      z.looseObject({ resultType: z.literal('vector'), result: z.array(z.looseObject({ value: sample.optional() })) }),
      z.looseObject({
        resultType: z.literal('matrix'),
        result: z.array(z.looseObject({ values: z.array(sample).optional(), histograms: z.unknown().optional() })),
      }),
    ])
    .optional(),
})
type Answer = z.infer<typeof answerSchema>

const fail = (message: string): ProviderOutcome => ({ kind: 'error', message: `prometheus: ${message}` })

export function readPrometheusAnswer(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  const answer = readShape(answerSchema, response.body)
  const isOk = response.status >= 200 && response.status < 300
  if (!answer) return fail(isOk ? 'the answer is not that of a Prometheus API' : `HTTP ${response.status}`)
  if (answer.status === 'error' || !isOk)
    return fail(
      `${boundText(answer.errorType ?? `HTTP ${response.status}`, 50)}: ${boundText(answer.error ?? 'no reason given')}`,
    )
  const outcome = readData(answer.data, mode)
  const metadata = { ...renderRemarks('warnings', answer.warnings), ...renderRemarks('infos', answer.infos) }
  return Object.keys(metadata).length === 0 ? outcome : { ...outcome, metadata }
}

function renderRemarks(name: string, remarks: readonly string[] = []): Readonly<Record<string, string>> {
  const text = remarks.map((remark) => JSON.stringify(remark)).join(', ')
  return text === '' ? {} : { [name]: boundText(text) }
}

function readData(data: Answer['data'], mode: VerdictMode): ProviderOutcome {
  if (!data) return fail('the answer has no data')
  switch (data.resultType) {
    case 'string':
      if (mode === 'argo') return fail('a string cannot be judged')
      return { kind: 'sample', value: data.result[1], text: boundText(data.result[1]) }
    case 'scalar': {
      const number = readNumber(data.result[1])
      return number === undefined
        ? fail('a value is not a number')
        : { kind: 'sample', value: number, text: formatPlain(number) }
    }
    case 'vector': {
      const values = data.result.map((series) => series.value?.[1])
      return readList(mode === 'argo' ? values.map((value) => value ?? '0') : values)
    }
    case 'matrix':
      return readList(
        data.result.flatMap(({ values = [], histograms }) => [
          ...values.map(([, value]) => value),
          ...(histograms === undefined || mode === 'argo' ? [] : [undefined]),
        ]),
      )
  }
}

/** `undefined` stands for a native histogram. */
function readList(values: readonly (string | undefined)[]): ProviderOutcome {
  if (values.length > MOST_VALUES) return fail(`the query returns more than ${MOST_VALUES} values`)
  const numbers: number[] = []
  for (const value of values) {
    if (value === undefined)
      return fail('native histograms cannot be judged; use histogram_quantile or another function of them')
    const number = readNumber(value)
    if (number === undefined) return fail('a value is not a number')
    numbers.push(number)
  }
  return { kind: 'sample', value: numbers, text: boundText(`[${numbers.map(formatPlain).join(',')}]`) }
}

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
}

function readNumber(text: string): number | undefined {
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text]
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? undefined : number
}
