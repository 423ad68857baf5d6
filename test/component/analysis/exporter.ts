/**
 * An application's metrics without the application: a loopback endpoint whose counters grow at given rates, one set per revision. Scraped by a
 * real Prometheus, so that the gates' PromQL meets real samples.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Traffic {
  readonly requestsPerSecond: number
  /** Share of requests answered with 500. */
  readonly errorRatio: number
  /** Every request takes between 0.5 and 1 of this; so the P99 is near it. */
  readonly slowestMs: number
  /** Undefined: the event's counter does not exist. */
  readonly eventsPerRequest: number | undefined
}

export interface Exporter {
  /** host:port */
  readonly target: string
  close(): Promise<void>
}

const bounds = Array.from({ length: 120 }, (_, index) => Number((0.01 * 1.05 ** index).toFixed(5)))

/** By value of `rollouts_pod_template_hash`. `service` names the scenario. */
export async function startExporter(
  scenarios: Readonly<Record<string, Readonly<Record<string, Traffic>>>>,
): Promise<Exporter> {
  const startMs = performance.now()
  const server = createServer((_request, response) => {
    const seconds = (performance.now() - startMs) / 1000
    const lines = Object.entries(scenarios).flatMap(([service, revisions]) =>
      Object.entries(revisions).flatMap(([hash, traffic]) => render(service, hash, traffic, seconds)),
    )
    response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(`${lines.join('\n')}\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    target: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function render(service: string, hash: string, traffic: Traffic, seconds: number): readonly string[] {
  const labels = `namespace="shop",service="${service}",rollouts_pod_template_hash="${hash}"`
  const requests = traffic.requestsPerSecond * seconds
  const errors = requests * traffic.errorRatio
  const slowest = traffic.slowestMs / 1000
  const shareBelow = (bound: number): number => Math.min(1, Math.max(0, bound / slowest - 0.5) * 2)
  const { eventsPerRequest } = traffic
  return [
    `http_requests_total{${labels},code="200"} ${requests - errors}`,
    ...(traffic.errorRatio > 0 ? [`http_requests_total{${labels},code="500"} ${errors}`] : []),
    ...bounds.map(
      (bound) => `http_request_duration_seconds_bucket{${labels},le="${bound}"} ${requests * shareBelow(bound)}`,
    ),
    `http_request_duration_seconds_bucket{${labels},le="+Inf"} ${requests}`,
    ...(eventsPerRequest === undefined ? [] : [`orders_total{${labels}} ${requests * eventsPerRequest}`]),
  ]
}
