/**
 * Where a provider is measured against a server that takes nothing but the request that the other side documents: a metric goes the whole way,
 * from an AnalysisRun through the real controller and the real transport. What the server did not expect is answered with 400 and kept.
 */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AwsCredentialSource } from '../../../../analysis/reconcile/aws-credentials.ts'
import type { AnalysisConfig } from '../../../../analysis/reconcile/deps.ts'
import { type AnalysisRun, isCompleted, type Measurement, type Metric } from '../../../../controller/api/analysis.ts'
import type { KubeObject } from '../../../../controller/api/meta.ts'
import { namespaces, secrets } from '../../../../controller/kube/kinds.ts'
import { systemClock } from '../../../../controller/runtime/clock.ts'
import type { HttpTransport } from '../../../../controller/runtime/http.ts'
import { createHttpTransport } from '../../../../controller/runtime/http-transport.ts'
import { createMetricRegistry } from '../../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../../controller/runtime/outbound-policy.ts'
import { createRedactor } from '../../../../controller/runtime/redact.ts'
import { createFakeClock } from '../../../fakes/fake-clock.ts'
import { seededRandom } from '../../../fakes/fake-random.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../../../unit/analysis/analysis-cluster.ts'
import { waitFor } from '../../sandbox-node/waiting.ts'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Of a parameter that is given several times, the last; see `search`. */
  readonly query: Readonly<Record<string, string>>
  readonly search: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
export interface Reply {
  readonly status?: number
  readonly body: string
}
/** Throws (asserts) for a request that is not as documented. */
export type Handler = (request: SeenRequest) => Reply

export interface Lab {
  /** `http://127.0.0.1:<port>` */
  readonly address: string
  readonly cluster: AnalysisCluster
  /** What the server is from now on; forgets what it has seen. */
  serve(handler: Handler): void
  seen(): readonly SeenRequest[]
  /** Takes one measurement of the metric in a run of its own. Throws what the server complained of. */
  measure(metric: LabMetric, mode?: 'strict' | 'argo'): Promise<Taken>
  /** Another controller goes on where this one stops, as after a restart. */
  restart(): Promise<void>
  close(): Promise<void>
}
export interface LabMetric extends Partial<Pick<Metric, 'successCondition' | 'failureCondition' | 'interval'>> {
  readonly provider: Metric['provider']
}
export interface Taken {
  readonly measurement: Measurement
  readonly metadata: Readonly<Record<string, string>>
  readonly run: AnalysisRun
}

export interface LabOptions {
  /** In the controller's namespace, by name. */
  readonly secrets?: (address: string) => Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Stands in front of the transport, for hosts that cannot be had here. */
  readonly redirect?: (url: string, address: string) => string
  /** The controller's hours pass while a test waits; the transport's time is real. */
  readonly virtualTime?: boolean
  /** What the controller is told of the world. */
  readonly config?: (address: string) => Partial<AnalysisConfig>
  readonly aws?: (address: string) => AwsCredentialSource
}

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  let handler: Handler = () => ({ status: 404, body: '' })
  let complaint: unknown
  const seen: SeenRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://server')
      const request: SeenRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        search: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      seen.push(request)
      try {
        const { status = 200, body } = handler(request)
        outgoing.writeHead(status).end(body)
      } catch (error) {
        complaint ??= error
        outgoing.writeHead(400).end('not as documented')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const real = createHttpTransport({
    clock: systemClock,
    random: seededRandom(1),
    policy: createOutboundPolicy({ allow: ['127.0.0.1'] }),
    redactor: createRedactor(),
    metrics: createMetricRegistry(),
  })
  const { redirect = (url) => url } = options
  const http: HttpTransport = {
    send: (request, signal) => real.send({ ...request, url: redirect(request.url, address) }, signal),
  }
  const virtual = options.virtualTime ? createFakeClock() : undefined
  const { config, aws } = options
  const cluster = await createAnalysisCluster({
    clock: virtual ?? systemClock,
    http,
    ...(config === undefined ? {} : { config: config(address) }),
    ...(aws === undefined ? {} : { aws: aws(address) }),
  })
  await cluster.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'penstock' } })
  for (const [name, values] of Object.entries(options.secrets?.(address) ?? {})) {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'penstock' }, data: encode(values) }
    await cluster.client.create<KubeObject>(secrets, secret)
  }
  let controller = cluster.startController()
  let runs = 0

  return {
    address,
    cluster,
    seen: () => seen,
    serve(next) {
      handler = next
      complaint = undefined
      seen.length = 0
    },
    async measure(metric, mode = 'strict') {
      runs += 1
      const name = `run-${runs}`
      // One error is the end, so that a measurement is never taken twice.
      const spec = { metrics: [{ consecutiveErrorLimit: 0, ...metric, name: 'm' }] }
      await cluster.createRun(name, spec, mode === 'argo' ? { 'penstock.dev/compat': 'argo' } : {})
      await waitFor(
        `${name} to complete`,
        async () => {
          await virtual?.advance(1000)
          return isCompleted((await cluster.getRun(name))?.status?.phase)
        },
        () => seen,
      )
      const run = await cluster.getRun(name)
      assert.ok(run)
      if (complaint !== undefined) throw complaint
      const [result] = run.status?.metricResults ?? []
      const measurement = result?.measurements?.at(-1)
      assert.ok(measurement, run.status?.message)
      return { measurement, metadata: result?.metadata ?? {}, run }
    },
    async restart() {
      await controller.stop()
      controller = cluster.startController()
    },
    async close() {
      await cluster.close()
      real.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const encode = (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
