/**
 * The two small servers for machines: /metrics (8090) and /healthz, /readyz (8080). Read-only, without secrets; webhooks and
 * the dashboard have servers of their own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Health, HealthReport } from './health.ts'
import { type MetricRegistry, renderMetrics } from './metrics.ts'

export interface ListenOptions {
  readonly host?: string
  /** 0 picks a free port. */
  readonly port: number
}

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** Takes no more connections, lets running requests end for `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

type Route = () => Answer | Promise<Answer>

const DEFAULT_GRACE_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000
const TEXT = 'text/plain; charset=utf-8'

const textAnswer = (status: number, body: string): Answer => ({ status, contentType: TEXT, body })

/** Argo Rollouts answers `ok`, and probes people have look for it. */
const healthAnswer = (report: HealthReport): Answer =>
  report.ok ? textAnswer(200, 'ok') : textAnswer(503, `${report.failures.join('\n')}\n`)

/** Rejects when the address cannot be bound. */
export function startMetricsServer(registry: MetricRegistry, options: ListenOptions): Promise<RunningServer> {
  const renderAll: Route = async () => ({
    status: 200,
    contentType: registry.contentType,
    body: await renderMetrics(registry),
  })
  return startServer(new Map([['/metrics', renderAll]]), options)
}

/** Rejects when the address cannot be bound. */
export function startHealthServer(health: Health, options: ListenOptions): Promise<RunningServer> {
  const routes = new Map<string, Route>([
    ['/healthz', () => healthAnswer(health.judgeLiveness())],
    ['/readyz', () => healthAnswer(health.judgeReadiness())],
  ])
  return startServer(routes, options)
}

async function startServer(routes: ReadonlyMap<string, Route>, options: ListenOptions): Promise<RunningServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void respond(routes, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) }, resolve)
  })
  const { address, port } = server.address() as AddressInfo
  return { host: address, port, close: (graceMs = DEFAULT_GRACE_MS) => closeServer(server, graceMs) }
}

async function respond(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(routes, request).catch(() => textAnswer(500, 'internal error\n'))
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'cache-control': 'no-store' })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

async function answerTo(routes: ReadonlyMap<string, Route>, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return textAnswer(405, 'only GET is served here\n')
  const route = routes.get((request.url ?? '').split('?')[0] ?? '')
  return route ? await route() : textAnswer(404, `not found; this server has ${[...routes.keys()].join(', ')}\n`)
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}
