/**
 * Counters of calls to the API server. `controller_clientset_k8s_request_total` keeps Argo Rollouts' name and labels, but the
 * object's name is given only for kinds whose names live long: pods, runs and events would grow the series without bound.
 */
import { declareCounter, declareHistogram, type MetricRegistry, secondsBuckets } from '../runtime/metrics.ts'
import type { ResourceKind } from './client.ts'
import { analysisTemplates, clusterAnalysisTemplates, httpRoutes, kindId, leases, rollouts, services } from './kinds.ts'

export interface CallRecord {
  readonly kind: ResourceKind
  readonly verb: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  /** HTTP status, 0 without an answer. */
  readonly code: number
  readonly seconds: number
}

export interface HttpClientMetrics {
  observe(call: CallRecord): void
  /** Removes the series of one object once it is gone. */
  dropObject(kind: ResourceKind, namespace: string | undefined, name: string): void
}

const namedKinds = new Set(
  [rollouts, analysisTemplates, clusterAnalysisTemplates, services, httpRoutes, leases].map((kind) => kindId(kind)),
)
const NO_NAME = 'N/A'

export function createHttpClientMetrics(registry: MetricRegistry): HttpClientMetrics {
  const labels = ['kind', 'namespace', 'name', 'verb', 'status_code'] as const
  const total = declareCounter(registry, {
    name: 'controller_clientset_k8s_request_total',
    help: 'Requests to the Kubernetes API server.',
    labels,
  })
  const duration = declareHistogram(registry, {
    name: 'penstock_kube_request_duration_seconds',
    help: 'Time to the answer of the Kubernetes API server, rate limit and retries left out.',
    labels: ['kind', 'verb'],
    buckets: secondsBuckets,
  })
  const outcomesOf = new Map<string, Set<string>>()
  const seriesOf = (kind: ResourceKind, namespace: string | undefined, name: string): string =>
    JSON.stringify([kind.plural, namespace ?? '', name])
  return {
    observe(call) {
      const name = call.name !== undefined && namedKinds.has(kindId(call.kind)) ? call.name : NO_NAME
      const outcome = { verb: call.verb, status_code: String(call.code) }
      total.inc({ kind: call.kind.plural, namespace: call.namespace ?? '', name, ...outcome })
      duration.observe({ kind: call.kind.plural, verb: call.verb }, call.seconds)
      if (name === NO_NAME) return
      const series = seriesOf(call.kind, call.namespace, name)
      const seen = outcomesOf.get(series) ?? new Set()
      outcomesOf.set(series, seen.add(JSON.stringify(outcome)))
    },
    dropObject(kind, namespace, name) {
      const series = seriesOf(kind, namespace, name)
      for (const outcome of outcomesOf.get(series) ?? []) {
        total.remove({ kind: kind.plural, namespace: namespace ?? '', name, ...JSON.parse(outcome) })
      }
      outcomesOf.delete(series)
    },
  }
}
