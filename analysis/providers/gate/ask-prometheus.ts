/**
 * Sends one range selector to Prometheus and reads the samples. Bounded in bytes, time and series; whatever is not the whole answer is a problem that
 * names the query. It must not keep anything.
 */
import type { GateMetric } from '../../../controller/api/gate.ts'
import { type HttpRequest, TransportError } from '../../../controller/runtime/http.ts'
import type { LookPorts } from '../long-provider.ts'
import { type HttpAuth, renderHeaders } from '../provider.ts'
import { type RawSeries, readMatrix } from './matrix.ts'
import { renderWindow } from './queries.ts'

const MOST_BYTES = 32 * 1024 * 1024

export interface PrometheusAccess {
  readonly config: Pick<GateMetric, 'headers' | 'authentication' | 'insecure'>
  readonly address: string
  readonly timeoutMs: number
  readonly auth: HttpAuth | undefined
}

/** Samples of `(at - windowMs, at]`, epoch milliseconds. */
export interface SampleWindow {
  readonly selector: string
  readonly at: number
  readonly windowMs: number
}

export type Samples = { readonly series: readonly RawSeries[] } | { readonly problem: string }

/** Throws TransportError only when cancelled. */
export async function askSamples(
  access: PrometheusAccess,
  window: SampleWindow,
  send: LookPorts['send'],
): Promise<Samples> {
  const query = renderWindow(window.selector, window.windowMs)
  return await ask(access, query, renderQuestion(access, 'query', { query, time: String(window.at / 1000) }), send)
}

/** A query at every step, both ends included; epoch milliseconds. */
export interface QueryRange {
  readonly query: string
  readonly from: number
  readonly to: number
  readonly stepMs: number
}

/** Throws TransportError only when cancelled. */
export async function askRange(
  access: PrometheusAccess,
  { query, from, to, stepMs }: QueryRange,
  send: LookPorts['send'],
): Promise<Samples> {
  const times = { start: String(from / 1000), end: String(to / 1000), step: String(stepMs / 1000) }
  return await ask(access, query, renderQuestion(access, 'query_range', { query, ...times }), send)
}

async function ask(
  access: PrometheusAccess,
  query: string,
  request: HttpRequest | undefined,
  send: LookPorts['send'],
): Promise<Samples> {
  if (!request) return { problem: 'address is not an http or https URL' }
  try {
    const reading = readMatrix(await send(request, access.auth))
    return 'problem' in reading ? { problem: `prometheus: ${reading.problem}; query: ${query}` } : reading
  } catch (error) {
    if (!(error instanceof TransportError) || error.kind === 'cancelled') throw error
    const isItsFault = error.kind === 'tooLarge' || error.kind === 'timeout'
    return { problem: `prometheus: ${error.message}${isItsFault ? `; query: ${query}` : ''}` }
  }
}

/** Undefined for an address that is no URL. `form`: without the timeout. */
export function renderQuestion(
  access: PrometheusAccess,
  endpoint: 'query' | 'query_range',
  form: Readonly<Record<string, string>>,
): HttpRequest | undefined {
  if (!URL.canParse(access.address)) return undefined
  const url = new URL(access.address)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/${endpoint}`
  const { config, timeoutMs } = access
  const isInsecure = config.insecure === true || config.insecure === 'true'
  return {
    method: 'POST',
    url: url.href,
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
      ...renderHeaders(config.headers, config.authentication),
    },
    body: new URLSearchParams({ ...form, timeout: `${timeoutMs / 1000}s` }).toString(),
    timeoutMs,
    maxBytes: MOST_BYTES,
    target: 'prometheus',
    ...(isInsecure ? { tls: { insecure: true } } : {}),
  }
}
