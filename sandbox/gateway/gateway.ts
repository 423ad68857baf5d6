/**
 * The sandbox's gateway as a whole: watches routes, Services and EndpointSlices, serves them on one loopback port and reports to the
 * routes' status what it has programmed. It obeys the API server only; it must not know Rollouts.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KubeObject } from '../../controller/api/meta.ts'
import { createCache, type Indexer, type ObjectCache } from '../../controller/kube/cache.ts'
import { isConflict, type KubeClient, type ResourceKind } from '../../controller/kube/client.ts'
import { endpointSlices, httpRoutes, kindId, refOf, services } from '../../controller/kube/kinds.ts'
import { createReflector, type Reflector } from '../../controller/kube/reflector.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import { createMetricRegistry, type MetricRegistry, renderMetrics } from '../../controller/runtime/metrics.ts'
import type { Random } from '../../controller/runtime/random.ts'
import { listOwnGateways } from './attachment.ts'
import { createEndpointPools } from './endpoint-pools.ts'
import { declareGatewayMetrics } from './gateway-metrics.ts'
import { decideClassStatus, decideGatewayStatus } from './gateway-status.ts'
import {
  type Gateway,
  type GatewayClass,
  type GatewayEndpointSlice,
  type GatewayService,
  gatewayClasses,
  gateways,
  type HttpRoute,
} from './objects.ts'
import { serveRequest } from './proxy.ts'
import { createResponseLog, type ResponseLog } from './response-log.ts'
import { decideRouteStatus } from './route-status.ts'
import { buildRouteTable, type ChoiceMemory, type RouteTable } from './route-table.ts'

export interface GatewayOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
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

const BY_SERVICE = 'service'
const indexByService: Indexer<KubeObject> = ({ metadata }) => {
  const service = metadata.labels?.['kubernetes.io/service-name']
  return service === undefined ? [] : [`${metadata.namespace}/${service}`]
}

interface Sources {
  readonly classes: ObjectCache<GatewayClass>
  readonly gateways: ObjectCache<Gateway>
  readonly routes: ObjectCache<HttpRoute>
  readonly services: ObjectCache<GatewayService>
  readonly slices: ObjectCache<GatewayEndpointSlice>
  readonly reflectors: readonly Reflector[]
}

function watchSources(options: GatewayOptions, onChange: () => void): Sources {
  const reflectors: Reflector[] = []
  const watched = <T extends KubeObject>(kind: ResourceKind, indexers: Readonly<Record<string, Indexer<T>>> = {}) => {
    const cache = createCache<T>({ name: kindId(kind), log: options.log, indexers })
    cache.subscribe(onChange)
    reflectors.push(createReflector<T>({ ...options, kind, sink: cache }))
    return cache
  }
  const sources = {
    classes: watched<GatewayClass>(gatewayClasses),
    gateways: watched<Gateway>(gateways),
    routes: watched<HttpRoute>(httpRoutes),
    services: watched<GatewayService>(services),
    slices: watched<GatewayEndpointSlice>(endpointSlices, { [BY_SERVICE]: indexByService }),
    reflectors,
  }
  for (const reflector of reflectors) reflector.start()
  return sources
}

/** Starts listening and watching. Requests that arrive before the first objects get 404, marked as the gateway's own. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { clock } = options
  const log = options.log.child({ component: 'gateway' })
  const registry = createMetricRegistry()
  const pools = createEndpointPools()
  const responses = createResponseLog()
  const memory: ChoiceMemory = new Map()
  let table: RouteTable = { find: () => ({ kind: 'no-route', route: '', backend: '' }), verdicts: [], endpoints: [] }
  let isScheduled = false
  let isStopped = false
  let writing = Promise.resolve()

  const program = (): void => {
    isScheduled = false
    if (isStopped) return
    table = buildRouteTable(
      {
        classes: sources.classes.list(),
        gateways: sources.gateways.list(),
        routes: sources.routes.list(),
        service: (namespace, name) => sources.services.get(namespace, name),
        slices: (namespace, service) => sources.slices.byIndex(BY_SERVICE, `${namespace}/${service}`),
      },
      memory,
    )
    pools.retain(table.endpoints)
    const { verdicts } = table
    writing = writing.then(() => (isStopped ? undefined : report(verdicts)))
  }
  // A burst of events is one new table.
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(program)
  }
  const report = async (verdicts: RouteTable['verdicts']): Promise<void> => {
    const now = new Date(clock.now()).toISOString()
    try {
      for (const verdict of verdicts) {
        const parents = decideRouteStatus(verdict, now)
        if (parents) await writeStatus(options.client, httpRoutes, verdict.route, { parents })
      }
      await reportGateways(options.client, sources, address, now)
    } catch (error) {
      // The watch brings the newer object, and with it the next attempt.
      if (isConflict(error) || isStopped) return
      log.warn('a status could not be written; trying again', { reason: 'StatusWriteFailed', error })
      retry()
    }
  }
  let cancelRetry = (): void => {}
  const retry = (): void => {
    cancelRetry()
    cancelRetry = clock.setTimer(500, schedule)
  }

  const server = createServer((request, response) => {
    const deps = { table: () => table, pools, metrics, responses, clock }
    void serveRequest(deps, request, response)
  })
  server.keepAliveTimeout = 60_000
  const metrics = declareGatewayMetrics(registry)
  const metricsServer = createMetricsServer(registry)
  const address = await listen(server, options.port ?? 0)
  const metricsAddress = await listen(metricsServer, 0)
  const sources = watchSources({ ...options, log }, schedule)

  return {
    url: `http://${address}`,
    metricsUrl: `http://${metricsAddress}/metrics`,
    responses,
    async stop() {
      isStopped = true
      cancelRetry()
      await Promise.all(sources.reflectors.map((reflector) => reflector.stop()))
      await writing
      await Promise.all([close(server), close(metricsServer)])
      await pools.close()
    },
  }
}

async function writeStatus(client: KubeClient, kind: ResourceKind, object: KubeObject, status: unknown): Promise<void> {
  const { resourceVersion } = object.metadata
  const body = { metadata: { resourceVersion }, status }
  await client.patch(refOf(kind, object), 'merge', body, { subresource: 'status', fieldManager: 'sandbox-gateway' })
}

async function reportGateways(client: KubeClient, sources: Sources, address: string, now: string): Promise<void> {
  for (const entry of sources.classes.list()) {
    const status = decideClassStatus(entry, now)
    if (status) await writeStatus(client, gatewayClasses, entry, status)
  }
  for (const gateway of listOwnGateways(sources.gateways.list(), sources.classes.list())) {
    const status = decideGatewayStatus(gateway, address, now)
    if (status) await writeStatus(client, gateways, gateway, status)
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
