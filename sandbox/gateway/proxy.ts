/**
 * Carries one request to the endpoint that the route table names and its answer back. It tries a second endpoint only when the first
 * refused the connection, so that nothing is ever done twice; whatever it has to answer itself is marked in a header. Mirrors get a copy of
 * requests without a body, and what they answer is thrown away.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Endpoint } from './backends.ts'
import type { EndpointPools } from './endpoint-pools.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'
import type { RequestFacts } from './request-match.ts'
import type { ResponseLog } from './response-log.ts'
import type { RouteTable } from './route-table.ts'

/** On every answer that the gateway made itself: why. */
export const REFUSAL_HEADER = 'x-penstock-gateway'
/** Pods of the sandbox name their revision in every answer. */
export const HASH_HEADER = 'x-pod-template-hash'

export interface ProxyDeps {
  readonly table: () => RouteTable
  readonly pools: EndpointPools
  readonly metrics: GatewayMetrics
  readonly responses: ResponseLog
  readonly clock: Clock
}

const refusalCodes = {
  'no-route': 404,
  'no-backend': 500,
  'no-endpoint': 503,
  'connect-failed': 502,
  'connection-lost': 502,
} as const
type Refusal = keyof typeof refusalCodes

/** Headers that belong to one connection and are never passed on (RFC 9110, 7.6.1). */
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export function readRequestFacts(request: IncomingMessage): RequestFacts {
  const target = request.url ?? '/'
  const cut = target.indexOf('?')
  return {
    host: (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
    method: request.method ?? 'GET',
    path: cut < 0 ? target : target.slice(0, cut),
    query: new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1)),
    headers: request.headers,
  }
}

function renderHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !connectionHeaders.has(name) && !named.has(name)) kept[name] = value
  }
  return kept
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** True when the connection was never made: the request has not left this process. */
function isNotSent(error: unknown): boolean {
  const code = codeOf(error)
  return (
    code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'EADDRNOTAVAIL' || code === 'UND_ERR_CONNECT_TIMEOUT'
  )
}

const hashOf = (headers: IncomingHttpHeaders): string => {
  const value = headers[HASH_HEADER]
  return typeof value === 'string' ? value : ''
}

/** Handles one request; never rejects. */
export async function serveRequest(deps: ProxyDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedMs = deps.clock.monotonicMs()
  const destination = deps.table().find(readRequestFacts(request))
  const { route, backend } = destination
  const note = (code: number, hash: string, refusal?: Refusal): void =>
    deps.metrics.observe({
      route,
      backend,
      hash,
      code,
      seconds: (deps.clock.monotonicMs() - startedMs) / 1000,
      ...(refusal ? { refusal } : {}),
    })
  const refuse = (refusal: Refusal): void => {
    const code = refusalCodes[refusal]
    note(code, '', refusal)
    if (response.headersSent) return void response.destroy()
    request.resume()
    response.writeHead(code, { [REFUSAL_HEADER]: refusal, 'content-type': 'text/plain' })
    response.end(`${refusal}\n`)
  }
  if (destination.kind !== 'endpoints') return refuse(destination.kind)
  for (const endpoint of destination.mirrors) void copyRequest(deps, request, endpoint)
  try {
    const answer = await send(deps, request, destination.endpoints, () => deps.metrics.retried(route))
    const hash = hashOf(answer.headers)
    response.writeHead(answer.statusCode, renderHeaders(answer.headers))
    await pipeline(answer.body, response)
    deps.responses.record(hash, deps.clock.now())
    note(answer.statusCode, hash)
  } catch (error) {
    // The client went away: nobody lost anything that was owed to him.
    if (codeOf(error) === 'ERR_STREAM_PREMATURE_CLOSE') return
    refuse(isNotSent(error) ? 'connect-failed' : 'connection-lost')
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined

/** Nobody may notice a mirror, least of all when it fails. */
async function copyRequest(deps: ProxyDeps, request: IncomingMessage, endpoint: Endpoint): Promise<void> {
  if (hasBody(request)) return
  try {
    const method = (request.method ?? 'GET') as Dispatcher.HttpMethod
    const headers = renderHeaders(request.headers)
    const answer = await deps.pools.poolOf(endpoint).request({ path: request.url ?? '/', method, headers })
    await answer.body.dump()
  } catch {
    // The pod is gone or broken: the next copy finds another.
  }
}

async function send(
  deps: ProxyDeps,
  request: IncomingMessage,
  endpoints: readonly Endpoint[],
  onRetry: () => void,
): Promise<Dispatcher.ResponseData> {
  const headers = renderHeaders(request.headers)
  let failure: unknown
  for (const [index, endpoint] of endpoints.entries()) {
    if (index > 0) onRetry()
    try {
      return await deps.pools.poolOf(endpoint).request({
        path: request.url ?? '/',
        method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
        headers,
        body: hasBody(request) ? request : null,
      })
    } catch (error) {
      failure = error
      // A body that has begun to flow cannot be sent again.
      if (!isNotSent(error) || request.readableDidRead) throw error
    }
  }
  throw failure
}
