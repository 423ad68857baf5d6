/**
 * How common sources of metrics call what the gates read: data only, with where each name is documented. A preset is a start: every name can be
 * overridden in the metric. It must not know how anything is asked for.
 *
 * Versions are told apart by a label. What is scraped from the application's own pod carries the pod-template hash as a target label, which the
 * scrape configuration copies from the pod (`rollouts_pod_template_hash`). A proxy counts for both versions; its series name the backend instead.
 */
import type { GatePresetId } from '../api/gate.ts'

export interface GatePreset {
  readonly requests: string
  readonly codeLabel: string
  /** RE2, the whole value. */
  readonly failedCodes: string
  readonly buckets: string
  readonly unit: 'seconds' | 'milliseconds'
  readonly versionLabel: string
  readonly podLabel: string
  /** Who exposes the series: the version's own pods, or a proxy that serves both versions. */
  readonly counts: 'own' | 'proxied'
  /** Labels that hold what the metric calls `namespace`, `service` and `workload`; absent: this source has no such label. */
  readonly labels: { readonly namespace?: string; readonly service?: string; readonly workload?: string }
  /** Names of pods are made of the workload's: `checkout-7d4b9c-x2x7q`. */
  readonly workloadByPod?: true
  /** Stable's series may lack the version label: their value is empty. */
  readonly stableIsEmpty?: true
  readonly source: string
}

const HASH = 'rollouts_pod_template_hash'
const SERVER_ERRORS = '5..'
/** Codes that are the server's fault (opentelemetry.io/docs/specs/semconv/rpc/grpc), as names and as numbers. */
const GRPC_ERRORS = 'Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss'
const GRPC_ERROR_NUMBERS = '2|4|12|13|14|15|UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS'

const ownPods = {
  versionLabel: HASH,
  podLabel: 'pod',
  counts: 'own',
  labels: { namespace: 'namespace', service: 'service' },
  workloadByPod: true,
} as const

export const gatePresets: Readonly<Record<Exclude<GatePresetId, 'custom'>, GatePreset>> = {
  http: {
    ...ownPods,
    requests: 'http_requests_total',
    codeLabel: 'code',
    failedCodes: SERVER_ERRORS,
    buckets: 'http_request_duration_seconds_bucket',
    unit: 'seconds',
    source: 'prometheus.io/docs/practices/naming, pkg.go.dev/github.com/prometheus/client_golang/prometheus/promhttp',
  },
  'otel-http': {
    ...ownPods,
    requests: 'http_server_request_duration_seconds_count',
    codeLabel: 'http_response_status_code',
    failedCodes: SERVER_ERRORS,
    buckets: 'http_server_request_duration_seconds_bucket',
    unit: 'seconds',
    source: 'opentelemetry.io/docs/specs/semconv/http/http-metrics (http.server.request.duration, stable)',
  },
  'otel-rpc': {
    ...ownPods,
    requests: 'rpc_server_duration_milliseconds_count',
    codeLabel: 'rpc_grpc_status_code',
    failedCodes: GRPC_ERROR_NUMBERS,
    buckets: 'rpc_server_duration_milliseconds_bucket',
    unit: 'milliseconds',
    source: 'opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics (rpc.server.duration, as of v1.37 and before)',
  },
  istio: {
    requests: 'istio_requests_total{reporter="destination"}',
    codeLabel: 'response_code',
    failedCodes: SERVER_ERRORS,
    buckets: 'istio_request_duration_milliseconds_bucket{reporter="destination"}',
    unit: 'milliseconds',
    versionLabel: HASH,
    podLabel: 'pod',
    counts: 'own',
    labels: {
      namespace: 'destination_workload_namespace',
      service: 'destination_service_name',
      workload: 'destination_workload',
    },
    source: 'istio.io/latest/docs/reference/config/metrics',
  },
  envoy: {
    requests: 'envoy_cluster_upstream_rq',
    codeLabel: 'envoy_response_code',
    failedCodes: SERVER_ERRORS,
    buckets: 'envoy_cluster_upstream_rq_time_bucket',
    unit: 'milliseconds',
    versionLabel: 'envoy_cluster_name',
    podLabel: 'pod',
    counts: 'proxied',
    labels: { namespace: 'namespace' },
    source: 'envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats',
  },
  'nginx-ingress': {
    requests: 'nginx_ingress_controller_requests',
    codeLabel: 'status',
    failedCodes: SERVER_ERRORS,
    buckets: 'nginx_ingress_controller_request_duration_seconds_bucket',
    unit: 'seconds',
    versionLabel: 'canary',
    podLabel: 'controller_pod',
    counts: 'proxied',
    labels: { namespace: 'exported_namespace', service: 'exported_service', workload: 'ingress' },
    stableIsEmpty: true,
    source: 'kubernetes.github.io/ingress-nginx/user-guide/monitoring (canary: name of the alternative upstream)',
  },
  traefik: {
    requests: 'traefik_service_requests_total',
    codeLabel: 'code',
    failedCodes: SERVER_ERRORS,
    buckets: 'traefik_service_request_duration_seconds_bucket',
    unit: 'seconds',
    versionLabel: 'service',
    podLabel: 'pod',
    counts: 'proxied',
    labels: { namespace: 'namespace' },
    source: 'doc.traefik.io/traefik/observability/metrics/overview (service: name@provider)',
  },
  grpc: {
    ...ownPods,
    requests: 'grpc_server_handled_total',
    codeLabel: 'grpc_code',
    failedCodes: GRPC_ERRORS,
    buckets: 'grpc_server_handling_seconds_bucket',
    unit: 'seconds',
    source: 'pkg.go.dev/github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus',
  },
}
