/**
 * Sends outbound requests with axios: resolves a name once, lets the policy judge every address, connects to the judged one,
 * and bounds time and size. It never follows redirects, never uses a proxy from the environment, never reveals path or query.
 */
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import axios, { type AxiosResponse } from 'axios'
import { createBackoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { type HttpRequest, type HttpResponse, type HttpTransport, TransportError } from './http.ts'
import { createAgents } from './http-agents.ts'
import { declareCounter, declareHistogram, type MetricRegistry, secondsBuckets } from './metrics.ts'
import type { OutboundPolicy } from './outbound-policy.ts'
import type { Random } from './random.ts'
import type { Redactor } from './redact.ts'
import { renderTransportFailure } from './transport-failure.ts'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

export interface HttpTransportOptions {
  readonly clock: Clock
  readonly random: Random
  readonly policy: OutboundPolicy
  readonly redactor: Redactor
  readonly metrics: MetricRegistry
  readonly userAgent?: string
  /** Name resolution; the system's when absent. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>
}

export interface ClosableHttpTransport extends HttpTransport {
  close(): void
}

type UseAddress = (error: Error | null, address: string, family: 4 | 6) => void

const LONGEST_RETRY_DELAY_MS = 5_000

const resolveBySystem = (host: string): Promise<readonly ResolvedAddress[]> => systemLookup(host, { all: true })

export function createHttpTransport(options: HttpTransportOptions): ClosableHttpTransport {
  const { clock, policy, redactor } = options
  const resolve = options.resolve ?? resolveBySystem
  const agents = createAgents()
  const observe = createObserver(options.metrics, clock)

  async function chooseAddress(url: URL): Promise<ResolvedAddress> {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const family = isIP(host)
    const addresses = family === 0 ? await resolve(host) : [{ address: host, family }]
    for (const { address } of addresses) {
      const reason = policy.judge(host, address)
      if (reason !== undefined)
        throw new TransportError('denied', `${host} (${address}) may not be contacted: ${reason}`)
    }
    const [first] = addresses
    if (!first) throw new TransportError('refused', `${host} has no address`)
    return first
  }

  async function exchange(request: HttpRequest, url: URL, signal: AbortSignal): Promise<HttpResponse> {
    const chosen = await untilAborted(chooseAddress(url), signal)
    const response = await axios.request<ArrayBuffer>({
      method: request.method,
      url: url.href,
      // axios would call a body that has no type a form.
      headers: { 'User-Agent': options.userAgent ?? 'penstock', 'Content-Type': false, ...request.headers },
      data: request.body,
      responseType: 'arraybuffer',
      maxContentLength: request.maxBytes,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxRedirects: 0,
      proxy: false,
      adapter: 'http',
      validateStatus: () => true,
      transformRequest: [(data: unknown) => data],
      signal,
      lookup: (_host: string, _options: object, use: UseAddress) =>
        use(null, chosen.address, chosen.family === 6 ? 6 : 4),
      httpAgent: agents.http,
      httpsAgent: agents.https(request.tls),
    })
    return {
      status: response.status,
      headers: joinHeaders(response),
      body: Buffer.from(response.data).toString('utf8'),
    }
  }

  async function attempt(request: HttpRequest, url: URL, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const deadline = new AbortController()
    const cancelTimer = clock.setTimer(request.timeoutMs, () => deadline.abort())
    const finish = observe(request.target)
    try {
      const both = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal
      const response = await exchange(request, url, both)
      finish(String(response.status))
      return response
    } catch (error) {
      const failure = renderTransportFailure(error, url, {
        timedOut: deadline.signal.aborted,
        cancelled: signal?.aborted ?? false,
      })
      finish(failure.kind)
      throw new TransportError(failure.kind, redactor.redact(failure.message))
    } finally {
      cancelTimer()
    }
  }

  return {
    async send(request, signal) {
      const url = parseOutboundUrl(request.url)
      const attempts = countAttempts(request)
      const firstMs = request.retry?.firstDelayMs ?? 0
      const backoff = createBackoff({ random: options.random, firstMs, maxMs: LONGEST_RETRY_DELAY_MS })
      for (let left = attempts; ; left -= 1) {
        const outcome = await attempt(request, url, signal).catch((error: unknown) => error)
        if (left <= 1 || signal?.aborted || !isWorthRetry(outcome)) {
          if (isResponse(outcome)) return outcome
          throw outcome
        }
        await clock.sleep(backoff.nextDelayMs(), signal)
      }
    },
    close: () => agents.close(),
  }
}

/** The URL to contact. Throws TransportError `denied` for what is no plain http(s) URL. */
export function parseOutboundUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) throw new TransportError('denied', 'the address is not a URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TransportError('denied', `scheme "${url.protocol.slice(0, -1)}" is not allowed; use http or https`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TransportError('denied', `credentials in the URL for ${url.host} are not allowed; use headers`)
  }
  return url
}

const repeatableMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])

function countAttempts(request: HttpRequest): number {
  if (!request.retry) return 1
  const isRepeatable = repeatableMethods.has(request.method) || request.retry.idempotent === true
  return isRepeatable ? Math.max(1, request.retry.attempts) : 1
}

const isResponse = (outcome: unknown): outcome is HttpResponse =>
  typeof outcome === 'object' && outcome !== null && 'status' in outcome && !(outcome instanceof Error)

const retriedKinds = new Set(['timeout', 'refused', 'network'])
const retriedStatuses = new Set([429, 502, 503, 504])

const isWorthRetry = (outcome: unknown): boolean =>
  outcome instanceof TransportError
    ? retriedKinds.has(outcome.kind)
    : isResponse(outcome) && retriedStatuses.has(outcome.status)

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('aborted'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function joinHeaders(response: AxiosResponse<unknown>): Record<string, string> {
  const joined: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && value !== null) joined[name.toLowerCase()] = [value].flat().join(', ')
  }
  return joined
}

function createObserver(registry: MetricRegistry, clock: Clock): (target: string) => (code: string) => void {
  const total = declareCounter(registry, {
    name: 'penstock_outbound_requests_total',
    help: 'Requests to Prometheus, Slack, webhooks and the like; code is the HTTP status or the kind of failure.',
    labels: ['target', 'code'],
  })
  const duration = declareHistogram(registry, {
    name: 'penstock_outbound_request_duration_seconds',
    help: 'Time to the complete answer or the failure.',
    labels: ['target'],
    buckets: secondsBuckets,
  })
  return (target) => {
    const startedMs = clock.monotonicMs()
    return (code) => {
      total.inc({ target, code })
      duration.observe({ target }, (clock.monotonicMs() - startedMs) / 1000)
    }
  }
}
