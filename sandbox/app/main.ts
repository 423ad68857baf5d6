/**
 * The demo's service: a shop that answers after a while, sometimes fails and mostly sells. It starts fast, imports nothing but Node and
 * stops without losing a request. It must not know Penstock.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSpread, latencyAt, readBehaviour } from './behaviour.ts'
import { createAppMetrics } from './exposition.ts'

const behaviour = readBehaviour(process.env)
const metrics = createAppMetrics({ hasOrders: behaviour.orderRate > 0, leaks: behaviour.leaks })
const failures = createSpread(0.5)
const delays = createSpread(0)
const orders = createSpread(0.5)
let isStopping = false

function answerShop(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  // The back end is simulated, and what it took is the delay drawn here. How late a busy laptop wakes this process up is left out of the
  // histogram: with a few requests a second in the canary, the machine would be judged and not the release.
  const delayMs = latencyAt(delays(), behaviour.latencyMs)
  setTimeout(() => {
    const code = failures() < behaviour.errorRate ? 500 : 200
    if (code === 200 && orders() < behaviour.orderRate) metrics.order(!behaviour.hasBacklog)
    metrics.observe(request.method === 'POST' ? 'POST' : 'GET', code, delayMs / 1000)
    response.writeHead(code, {
      'content-type': 'application/json',
      'x-pod-template-hash': behaviour.podTemplateHash,
      ...(isStopping ? { connection: 'close' } : {}),
    })
    response.end(`{"version":${JSON.stringify(behaviour.version)}}\n`)
  }, delayMs)
}

const server = createServer((request, response) => {
  switch (request.url) {
    case '/healthz':
      response.writeHead(isStopping ? 503 : 200).end()
      return
    case '/metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metrics.render())
      return
    default:
      answerShop(request, response)
  }
})
server.keepAliveTimeout = 60_000
server.listen(behaviour.port, behaviour.host)

process.on('SIGTERM', () => {
  isStopping = true
  // New requests are served until every proxy has heard that this pod leaves; only then the door is closed.
  setTimeout(() => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
  }, behaviour.lingerMs)
})
