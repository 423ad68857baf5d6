/** The manifests that the paths apply: a small canary with its Services and HTTPRoute, and analysis templates. Plain data. */
import type { CanaryStep, CanaryStrategy, RolloutSpec } from '../../controller/api/rollout.ts'

export const NAME = 'web'

export interface Shape {
  readonly name?: string
  readonly replicas?: number
  readonly image?: string
  readonly steps?: readonly CanaryStep[]
  readonly routed?: boolean
  readonly canary?: Partial<CanaryStrategy>
  readonly spec?: Partial<RolloutSpec>
  readonly labels?: Readonly<Record<string, string>>
}

export const imageOf = (version: number): string => `example.test/web:${version}`

/** A Rollout and, with a router, its two Services and its HTTPRoute. */
export function canary(shape: Shape = {}): readonly object[] {
  const { name = NAME, routed = true } = shape
  if (!routed) return [rollout(shape)]
  return [service(`${name}-stable`, name), service(`${name}-canary`, name), httpRoute(name), rollout(shape)]
}

export function rollout(shape: Shape): object {
  const { name = NAME, replicas = 2, image = imageOf(1), steps = [], routed = true, labels } = shape
  const routing = {
    stableService: `${name}-stable`,
    canaryService: `${name}-canary`,
    scaleDownDelaySeconds: 2,
    abortScaleDownDelaySeconds: 2,
    trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: name } } },
  }
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
      },
      strategy: { canary: { ...(routed ? routing : {}), steps, ...shape.canary } },
      ...shape.spec,
    },
  }
}

export const service = (name: string, app: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
})

export const httpRoute = (name: string): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    parentRefs: [{ name: 'edge' }],
    rules: [
      {
        backendRefs: [
          { name: `${name}-stable`, port: 80, weight: 100 },
          { name: `${name}-canary`, port: 80, weight: 0 },
        ],
      },
    ],
  },
})

/** One metric asked of a URL every second; passes with `ok`, fails with `bad`. */
export const webTemplate = (name: string, url: string, metric: object = {}): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec: {
    metrics: [
      {
        name: 'health',
        interval: '1s',
        count: 2,
        successCondition: 'result == "ok"',
        failureCondition: 'result == "bad"',
        provider: { web: { url, jsonPath: '{$.verdict}', timeoutSeconds: 2 } },
        ...metric,
      },
    ],
  },
})
