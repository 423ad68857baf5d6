/**
 * Prometheus' HTTP API as a metric provider: instant and range queries. A scalar becomes a number, a vector a list of numbers in the server's
 * order, a matrix one flat list, as in Argo. It must not repair: NaN stays NaN and an empty vector an empty list.
 */
import { z } from 'zod'
import { prometheusMetricSchema } from '../../controller/api/analysis.ts'
import { parseGoDuration } from '../../controller/api/scalars.ts'
import { findPromqlProblem } from '../../controller/metric-language/promql.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import {
  boundText,
  defineProvider,
  findUnsupportedAuthentication,
  type Preparation,
  type ProviderContext,
  type ProviderOutcome,
  renderHeaders,
} from './provider.ts'

type Config = z.infer<typeof prometheusMetricSchema>

const DEFAULT_TIMEOUT_SECONDS = 30
const MOST_BYTES = 4 * 1024 * 1024
const MOST_VALUES = 10_000

export const prometheus = defineProvider<Config>({
  id: 'prometheus',
  schema: prometheusMetricSchema,
  prepare,
})

function prepare(config: Config, context: ProviderContext): Preparation {
  const address = config.address || context.prometheusAddress
  if (!address) return { problem: 'prometheus.address is not set and the controller has no default address' }
  const query = config.query ?? ''
  const problem = findUnsupportedAuthentication(config.authentication) ?? findPromqlProblem(query)
  if (problem) return { problem: `prometheus: ${problem}` }
  const range = config.rangeQuery ? renderRange(config.rangeQuery, context.now) : {}
  if ('problem' in range) return { problem: `prometheus.rangeQuery.${range.problem}` }
  const timeoutSeconds = config.timeout || DEFAULT_TIMEOUT_SECONDS
  const url = renderUrl(address, config.rangeQuery ? 'query_range' : 'query')
  if (!url) return { problem: 'prometheus.address is not an http or https URL' }
  return {
    request: {
      method: 'POST',
      url,
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/x-www-form-urlencoded',
        ...renderHeaders(config.headers, config.authentication),
      },
      body: new URLSearchParams({ query, timeout: `${timeoutSeconds}s`, ...range }).toString(),
      timeoutMs: timeoutSeconds * 1000,
      maxBytes: MOST_BYTES,
      target: 'prometheus',
      ...(config.insecure ? { tls: { insecure: true } } : {}),
    },
    metadata: { ResolvedPrometheusQuery: boundText(query, 2000) },
    parse,
  }
}

/** The API's URL below an address that may have a path of its own. */
function renderUrl(address: string, endpoint: string): string | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/${endpoint}`
  return url.href
}

type Range = Record<string, string> | { readonly problem: string }

function renderRange(range: NonNullable<Config['rangeQuery']>, now: number): Range {
  const start = readTime(range.start ?? '', now)
  if (start === undefined)
    return { problem: `start: "${range.start ?? ''}" is not a time such as now() - duration("5m")` }
  const end = readTime(range.end ?? '', now)
  if (end === undefined) return { problem: `end: "${range.end ?? ''}" is not a time such as now()` }
  const stepMs = parseGoDuration(range.step ?? '') ?? 0
  if (stepMs <= 0) return { problem: `step: "${range.step ?? ''}" is not a positive duration` }
  return { start: String(start / 1000), end: String(end / 1000), step: String(stepMs / 1000) }
}

const RELATIVE_TIME = /^now\(\)(?:\s*([+-])\s*duration\(\s*(["'`])([^"'`]+)\2\s*\))?$/

/** `now()`, `now() - duration("5m")` or an RFC 3339 instant, as epoch milliseconds. */
function readTime(source: string, now: number): number | undefined {
  const text = source.trim()
  const relative = RELATIVE_TIME.exec(text)
  if (!relative) return /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)) ? Date.parse(text) : undefined
  const shiftMs = relative[3] === undefined ? 0 : parseGoDuration(relative[3])
  if (shiftMs === undefined) return undefined
  return relative[1] === '-' ? now - shiftMs : now + shiftMs
}

const sample = z.tuple([z.number(), z.string()])
const answerSchema = z.looseObject({
  status: z.enum(['success', 'error']),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  data: z
    .discriminatedUnion('resultType', [
      z.looseObject({ resultType: z.literal('scalar'), result: sample }),
      z.looseObject({ resultType: z.literal('string'), result: sample }),
      z.looseObject({ resultType: z.literal('vector'), result: z.array(z.looseObject({ value: sample.optional() })) }),
      z.looseObject({
        resultType: z.literal('matrix'),
        result: z.array(z.looseObject({ values: z.array(sample).optional() })),
      }),
    ])
    .optional(),
})
type Answer = z.infer<typeof answerSchema>

const fail = (message: string): ProviderOutcome => ({ kind: 'error', message: `prometheus: ${message}` })

function parse(response: HttpResponse): ProviderOutcome {
  const answer = readAnswer(response.body)
  const isOk = response.status >= 200 && response.status < 300
  if (!answer) return fail(isOk ? 'the answer is not that of a Prometheus API' : `HTTP ${response.status}`)
  if (answer.status === 'error' || !isOk)
    return fail(`${answer.errorType ?? `HTTP ${response.status}`}: ${boundText(answer.error ?? 'no reason given')}`)
  const warnings = (answer.warnings ?? []).map((warning) => JSON.stringify(warning)).join(', ')
  return readData(answer.data, warnings === '' ? {} : { metadata: { warnings: boundText(warnings) } })
}

function readAnswer(body: string): Answer | undefined {
  try {
    const parsed = answerSchema.safeParse(JSON.parse(body))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

type Extra = { readonly metadata?: Readonly<Record<string, string>> }

function readData(data: Answer['data'], extra: Extra): ProviderOutcome {
  if (!data) return fail('the answer has no data')
  switch (data.resultType) {
    case 'string':
      return { kind: 'sample', value: data.result[1], text: boundText(data.result[1]), ...extra }
    case 'scalar': {
      const number = readNumber(data.result[1])
      return number === undefined
        ? fail('a value is not a number')
        : { kind: 'sample', value: number, text: String(number), ...extra }
    }
    case 'vector':
      return readList(
        data.result.map((series) => series.value?.[1]),
        extra,
      )
    case 'matrix':
      return readList(
        data.result.flatMap((series) => series.values?.map(([, value]) => value) ?? [undefined]),
        extra,
      )
  }
}

function readList(texts: readonly (string | undefined)[], extra: Extra): ProviderOutcome {
  if (texts.length > MOST_VALUES) return fail(`the query returns more than ${MOST_VALUES} values`)
  const numbers: number[] = []
  for (const text of texts) {
    if (text === undefined)
      return fail('native histograms cannot be judged; use histogram_quantile or another function of them')
    const number = readNumber(text)
    if (number === undefined) return fail('a value is not a number')
    numbers.push(number)
  }
  return { kind: 'sample', value: numbers, text: boundText(`[${numbers.join(',')}]`), ...extra }
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
