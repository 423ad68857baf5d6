/** What the gateway tells Prometheus. `code` is the status the client saw; `pod_template_hash` is empty for answers of our own. */
import { declareCounter, declareHistogram, type MetricRegistry } from '../../controller/runtime/metrics.ts'

export interface RequestRecord {
  readonly route: string
  readonly backend: string
  readonly hash: string
  readonly code: number
  readonly seconds: number
  /** Set when the gateway itself answered: why it had to. */
  readonly refusal?: string
}

export interface GatewayMetrics {
  observe(record: RequestRecord): void
  retried(route: string): void
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1, 2.5, 5, 10]

export function declareGatewayMetrics(registry: MetricRegistry): GatewayMetrics {
  const labels = ['route', 'backend', 'pod_template_hash', 'code'] as const
  const requests = declareCounter(registry, {
    name: 'penstock_gateway_requests_total',
    help: 'Requests answered, by the revision of the pod that answered.',
    labels,
  })
  const durations = declareHistogram(registry, {
    name: 'penstock_gateway_request_duration_seconds',
    help: 'Time from the request to the last byte of its answer.',
    labels: ['route', 'backend', 'pod_template_hash'],
    buckets,
  })
  const refusals = declareCounter(registry, {
    name: 'penstock_gateway_refusals_total',
    help: 'Requests that the gateway had to answer itself, by reason.',
    labels: ['route', 'reason'],
  })
  const retries = declareCounter(registry, {
    name: 'penstock_gateway_retries_total',
    help: 'Requests sent to a second endpoint because the first refused the connection.',
    labels: ['route'],
  })
  return {
    observe({ route, backend, hash, code, seconds, refusal }) {
      requests.inc({ route, backend, pod_template_hash: hash, code: String(code) })
      durations.observe({ route, backend, pod_template_hash: hash }, seconds)
      if (refusal !== undefined) refusals.inc({ route, reason: refusal })
    },
    retried: (route) => retries.inc({ route }),
  }
}
