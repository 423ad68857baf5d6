/**
 * Wavefront's chart API as a metric provider. Of each series the point nearest to now is taken: one series becomes a number, several a list, as
 * in Argo. A series without a point is no data; in Argo it was 0.
 */
import { z } from 'zod'
import { type WavefrontMetric, wavefrontMetricSchema } from '../../controller/api/metric-providers/wavefront.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { readShape } from './json-answer.ts'
import { boundText, defineProvider, type Preparation, type ProviderContext, type ProviderOutcome } from './provider.ts'

/** One Secret for all; its keys are addresses, its values tokens. */
const TOKENS = 'wavefront-api-tokens'
const REQUEST_TIMEOUT_MS = 30_000
const MOST_BYTES = 4 * 1024 * 1024
const MOST_SERIES = 1000

export const wavefront = defineProvider<WavefrontMetric>({
  id: 'wavefront',
  schema: wavefrontMetricSchema,
  secretOf: () => ({ name: TOKENS, from: 'controller' }),
  prepare,
})

function prepare({ address = '', query = '' }: WavefrontMetric, { secret, now, mode }: ProviderContext): Preparation {
  if (!/^[\w.-]+$/.test(address)) return { problem: 'wavefront.address must be a host such as example.wavefront.com' }
  const token = secret && Object.hasOwn(secret, address) ? secret[address] : undefined
  if (!token) return { problem: `wavefront: API token not found: Secret "${TOKENS}" has no key ${address}` }
  const nowSeconds = Math.floor(now / 1000)
  return {
    request: {
      method: 'GET',
      url: `https://${address}/api/v2/chart/api?${renderParameters(query, nowSeconds)}`,
      headers: { Accept: 'application/json', Authorization: `Bearer ${token}` },
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxBytes: MOST_BYTES,
      target: 'wavefront',
    },
    metadata: {},
    parse: (response) => parse(response, nowSeconds, mode),
  }
}

/** Start and end are the same moment, so points outside of it are asked for (`i`). */
function renderParameters(query: string, nowSeconds: number): string {
  const nowMs = `${nowSeconds}000`
  return new URLSearchParams([
    ['autoEvents', 'false'],
    ['e', nowMs],
    ['g', 's'],
    ['i', 'true'],
    ['includeObsoleteMetrics', 'false'],
    ['listmode', 'false'],
    ['p', '1'],
    ['q', query],
    ['s', nowMs],
    ['strict', 'false'],
  ]).toString()
}

const answerSchema = z.looseObject({
  timeseries: z.array(z.looseObject({ data: z.array(z.tuple([z.number(), z.number()])).nullish() })).nullish(),
  warnings: z.string().nullish(),
  errorType: z.string().nullish(),
  errorMessage: z.string().nullish(),
})

interface Point {
  readonly value: number
  /** Epoch seconds. */
  readonly time: number
  /** Seconds from now to the point. */
  readonly drift: number
}

function parse(response: HttpResponse, nowSeconds: number, mode: VerdictMode): ProviderOutcome {
  if (response.status !== 200) return { kind: 'error', message: `wavefront: HTTP ${response.status}` }
  const answer = readShape(answerSchema, response.body)
  if (!answer) return { kind: 'error', message: 'wavefront: the answer is not that of its chart API' }
  const warnings = answer.warnings ? { warnings: boundText(answer.warnings) } : {}
  if (answer.errorType)
    return {
      kind: 'error',
      message: `wavefront: ${boundText(`${answer.errorType}: ${answer.errorMessage ?? ''}`)}`,
      metadata: warnings,
    }
  const series = answer.timeseries ?? []
  if (series.length === 0)
    return { kind: 'noData', why: 'No TimeSeries found in response from Wavefront', metadata: warnings }
  if (series.length > MOST_SERIES)
    return {
      kind: 'error',
      message: `wavefront: the query returns more than ${MOST_SERIES} series`,
      metadata: warnings,
    }
  const points = series.map(({ data }) => findNearest(data ?? [], nowSeconds))
  const known = points.filter((point) => point !== undefined)
  if (mode === 'strict' && known.length < points.length)
    return { kind: 'noData', why: 'a series of the answer has no point', metadata: warnings }
  return renderSample(
    points.map((point) => point ?? NO_POINT),
    warnings,
  )
}

/** What Argo reads where there is no point: zero, at a distance that Go makes of infinity. */
const NO_POINT: Point = { value: 0, time: 0, drift: -(2 ** 63) }

function findNearest(data: readonly (readonly [number, number])[], nowSeconds: number): Point | undefined {
  let nearest: Point | undefined
  for (const [time, value] of data) {
    const drift = time - nowSeconds
    if (!nearest || Math.abs(drift) < Math.abs(nearest.drift)) nearest = { value, time, drift }
  }
  return nearest
}

function renderSample(points: readonly Point[], warnings: Readonly<Record<string, string>>): ProviderOutcome {
  const [first] = points
  const list = (pick: (point: Point) => string): string => {
    const texts = points.map(pick)
    return boundText(texts.length === 1 ? texts.join('') : `[${texts.join(',')}]`)
  }
  const values = points.map(({ value }) => value)
  return {
    kind: 'sample',
    value: points.length === 1 && first ? first.value : values,
    text: list(({ value }) => value.toFixed(2)),
    metadata: {
      ...warnings,
      timestamps: list(({ time }) => renderWhole(time)),
      drift: list(({ drift }) => renderWhole(drift)),
    },
  }
}

const renderWhole = (seconds: number): string => BigInt(Math.trunc(seconds)).toString()
