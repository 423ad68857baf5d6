/**
 * What the pods of the cluster would expose if a kubelet ran them: one endpoint with the counters of all that are running, by pod and pod-template hash,
 * for a real Prometheus to scrape. A counter grows evenly from the moment its pod is seen, as its image says. It must not know the product.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KubeObject } from '../../controller/api/meta.ts'

export interface Behaviour {
  /** Share of requests answered with 500. */
  readonly errorShare: number
}

export interface PodMetrics {
  /** host:port */
  readonly target: string
  stop(): Promise<void>
}

interface Pod extends KubeObject {
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] }
  readonly status?: { readonly phase?: string }
}

export const REQUESTS_PER_SECOND = 1000
const ORDERS_PER_REQUEST = 0.2
/** Requests take evenly between half of it and all of it. */
const SLOWEST_SECONDS = 0.2
const bounds = [0.12, 0.15, 0.18, 0.19, 0.198, 0.205, 0.25, 0.5]

/** `behaviours`: by image; other pods have no metrics. */
export async function startPodMetrics(
  listPods: () => readonly KubeObject[],
  behaviours: Readonly<Record<string, Behaviour>>,
): Promise<PodMetrics> {
  const seenAt = new Map<string, number>()
  const render = (pod: Pod): string => {
    const image = pod.spec?.containers?.[0]?.image ?? ''
    const behaviour = behaviours[image]
    const { uid = '', deletionTimestamp } = pod.metadata
    if (!behaviour || pod.status?.phase !== 'Running' || deletionTimestamp !== undefined) return ''
    const now = performance.now()
    const since = seenAt.get(uid) ?? now
    seenAt.set(uid, since)
    return renderCounters(pod, behaviour, (now - since) / 1000)
  }
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(`${listPods().map(render).join('')}\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function renderCounters({ metadata }: Pod, { errorShare }: Behaviour, seconds: number): string {
  const hash = metadata.labels?.['rollouts-pod-template-hash'] ?? ''
  const labels = `namespace="${metadata.namespace}",pod="${metadata.name}",rollouts_pod_template_hash="${hash}"`
  const requests = Math.floor(REQUESTS_PER_SECOND * seconds)
  const failed = Math.floor(requests * errorShare)
  const within = (bound: number): number =>
    Math.floor(requests * Math.min(1, Math.max(0, (bound / SLOWEST_SECONDS - 0.5) * 2)))
  const bucket = (le: string, count: number): string =>
    `http_request_duration_seconds_bucket{${labels},le="${le}"} ${count}`
  return [
    `http_requests_total{${labels},code="200"} ${requests - failed}`,
    `http_requests_total{${labels},code="500"} ${failed}`,
    ...bounds.map((bound) => bucket(String(bound), within(bound))),
    bucket('+Inf', requests),
    `orders_total{${labels}} ${Math.floor(requests * ORDERS_PER_REQUEST)}`,
    '',
  ].join('\n')
}
