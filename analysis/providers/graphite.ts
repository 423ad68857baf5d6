/**
 * Graphite's render API as a metric provider: the numbers of one series, oldest first, without its gaps, as in Argo. A series that is all gaps is
 * no data. Argo read the first of several series and no word of the others; that is refused, since the order is the server's.
 */
import { z } from 'zod'
import { type GraphiteMetric, graphiteMetricSchema } from '../../controller/api/metric-providers/graphite.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { readShape } from './json-answer.ts'
import { boundText, defineProvider, type Preparation, type ProviderContext, type ProviderOutcome } from './provider.ts'

const REQUEST_TIMEOUT_MS = 10_000
const MOST_BYTES = 4 * 1024 * 1024
const MOST_VALUES = 10_000

export const graphite = defineProvider<GraphiteMetric>({ id: 'graphite', schema: graphiteMetricSchema, prepare })

function prepare({ address = '', query = '' }: GraphiteMetric, { mode }: ProviderContext): Preparation {
  const url = renderUrl(address, query)
  if (url === undefined) return { problem: 'graphite.address is not an http or https URL' }
  return {
    request: {
      method: 'GET',
      url,
      headers: { Accept: 'application/json' },
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxBytes: MOST_BYTES,
      target: 'graphite',
    },
    metadata: {},
    parse: (response) => parse(response, mode),
  }
}

/** The query is parameters already; white space in it is layout. */
function renderUrl(address: string, query: string): string | undefined {
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) return undefined
  const url = new URL(address)
  const [parameters = ''] = query.replaceAll(/\s+/g, '').split('#')
  const sent = new URLSearchParams(parameters)
  sent.set('format', 'json')
  sent.sort()
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/render`
  url.search = sent.toString()
  url.hash = ''
  return url.href
}

const point = z.tuple([z.union([z.number(), z.string(), z.null()]), z.union([z.number(), z.string(), z.null()])])
const answerSchema = z.array(z.looseObject({ datapoints: z.array(point).nullish() }))

const fail = (message: string): ProviderOutcome => ({ kind: 'error', message: `graphite: ${message}` })

function parse(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  if (response.status < 200 || response.status > 299) return fail(`HTTP ${response.status}`)
  const series = readShape(answerSchema, response.body)
  if (!series) return fail('the answer is not that of a render API')
  if (mode === 'strict' && series.length > 1)
    return fail(
      `the query returns ${series.length} series; one can be judged: combine them, for instance with sumSeries()`,
    )
  const points = series[0]?.datapoints ?? []
  if (points.length === 0) return { kind: 'noData', why: 'no values found' }
  if (points.length > MOST_VALUES) return fail(`the query returns more than ${MOST_VALUES} values`)
  const texts = points.flatMap(([value]) => (value === null ? [] : [value]))
  const values = texts.map(readNumber)
  const known = values.filter((value) => value !== undefined)
  if (known.length < values.length) return fail('a value is not a number')
  return { kind: 'sample', value: known, text: boundText(`[${known.map((value) => value.toFixed(6)).join(',')}]`) }
}

function readNumber(value: number | string): number | undefined {
  if (typeof value === 'number') return value
  if (/^nan$/i.test(value)) return Number.NaN
  const number = Number(value)
  return value.trim() === '' || Number.isNaN(number) ? undefined : number
}
