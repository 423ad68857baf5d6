/**
 * The sandbox's gateway as a whole: watches routes, Services and EndpointSlices, serves them on one loopback port and reports to the
 * routes' status what it has programmed. It obeys the API server only; it must not know Rollouts.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMetricRegistry, type MetricRegistry, renderMetrics } from '../../controller/runtime/metrics.ts'
import { createEndpointPools } from './endpoint-pools.ts'
import { declareGatewayMetrics } from './gateway-metrics.ts'
import { serveRequest } from './proxy.ts'
import { createResponseLog, type ResponseLog } from './response-log.ts'
import { buildRouteTable, type ChoiceMemory, type RouteTable } from './route-table.ts'
import { watchGatewaySources } from './sources.ts'
import { createStatusWriter } from './status-writer.ts'
import type { GatewayContext } from './watched-caches.ts'

export interface GatewayOptions extends GatewayContext {
  /** 0 or absent takes a free port. */
  readonly port?: number
}

export interface RunningGateway {
  /** Base URL of the listener, without a slash at the end. */
  readonly url: string
  /** URL of the Prometheus endpoint. */
  readonly metricsUrl: string
  readonly responses: ResponseLog
  /** Resolves when no watch, connection or timer is left. */
  stop(): Promise<void>
}

const emptyTable: RouteTable = {
  find: () => ({ kind: 'no-route', route: '', backend: '' }),
  verdicts: [],
  endpoints: [],
}

/** Starts listening and watching. Requests that arrive before the first objects get 404, marked as the gateway's own. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const context: GatewayContext = { ...options, log: options.log.child({ component: 'gateway' }) }
  const registry = createMetricRegistry()
  const pools = createEndpointPools()
  const responses = createResponseLog()
  const memory: ChoiceMemory = new Map()
  let table = emptyTable
  let isScheduled = false

  const program = (): void => {
    isScheduled = false
    const input = sources.read()
    table = buildRouteTable(input, memory)
    pools.retain(table.endpoints)
    writer.report({ input, verdicts: table.verdicts })
  }
  // A burst of events is one new table.
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(program)
  }
  const deps = { table: () => table, pools, metrics: declareGatewayMetrics(registry), responses, clock: options.clock }
  const server = createServer((request, response) => void serveRequest(deps, request, response))
  server.keepAliveTimeout = 60_000
  const metricsServer = createMetricsServer(registry)
  const address = await listen(server, options.port ?? 0)
  const metricsAddress = await listen(metricsServer, 0)
  const writer = createStatusWriter(context, address, schedule)
  const sources = watchGatewaySources(context, schedule)

  return {
    url: `http://${address}`,
    metricsUrl: `http://${metricsAddress}/metrics`,
    responses,
    async stop() {
      await sources.stop()
      await writer.stop()
      await Promise.all([close(server), close(metricsServer)])
      await pools.close()
    },
  }
}

function createMetricsServer(registry: MetricRegistry): Server {
  return createServer((_request, response) => {
    renderMetrics(registry).then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      () => response.writeHead(500).end(),
    )
  })
}

const listen = (server: Server, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
