/** What the benchmarks install: one Gateway and any number of alike canaries, each with its two Services and its HTTPRoute. Plain data. */
import type { CanaryStep } from '../../controller/api/rollout.ts'
import type { Manifest } from '../../sandbox/manifests.ts'

export const NAMESPACE = 'bench'
export const POD_PORT = 8080

export const nameOf = (index: number): string => `shop-${String(index + 1).padStart(2, '0')}`
export const hostOf = (name: string): string => `${name}.bench.example`
export const stableOf = (name: string): string => `${name}-stable`
export const canaryOf = (name: string): string => `${name}-canary`
export const imageOf = (version: number): string => `example.test/shop:${version}`

export const platform: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  gatewayApi('GatewayClass', { name: 'sandbox' }, { controllerName: 'sandbox.penstock.dev/gateway' }),
  gatewayApi(
    'Gateway',
    { name: 'web', namespace: NAMESPACE },
    { gatewayClassName: 'sandbox', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  ),
]

export function renderCanary(name: string, steps: readonly CanaryStep[], replicas: number): readonly Manifest[] {
  const [stableService, canaryService] = [stableOf(name), canaryOf(name)]
  const backendRefs = [stableService, canaryService].map((service) => ({ name: service, port: 80 }))
  const route = { parentRefs: [{ name: 'web' }], hostnames: [hostOf(name)], rules: [{ backendRefs }] }
  const canary = {
    stableService,
    canaryService,
    scaleDownDelaySeconds: 2,
    abortScaleDownDelaySeconds: 2,
    trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: name } } },
    steps,
  }
  return [
    renderService(stableService, name),
    renderService(canaryService, name),
    gatewayApi('HTTPRoute', { name, namespace: NAMESPACE }, route),
    renderRollout(name, replicas, { canary }),
  ]
}

/** Promotes by itself once the preview is ready. */
export function renderBlueGreen(name: string, replicas: number): readonly Manifest[] {
  const [activeService, previewService] = [`${name}-active`, `${name}-preview`]
  const blueGreen = { activeService, previewService, scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 }
  return [
    renderService(activeService, name),
    renderService(previewService, name),
    renderRollout(name, replicas, { blueGreen }),
  ]
}

export const renderRollout = (name: string, replicas: number, strategy: object, annotations = {}): Manifest =>
  ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: { containers: [renderContainer(imageOf(1))] },
      },
      strategy,
    },
  }) as Manifest

export const renderContainer = (image: string): object => ({
  name: 'app',
  image,
  ports: [{ name: 'http', containerPort: POD_PORT }],
})

export function renderService(name: string, app: string): Manifest {
  const spec = { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec } as Manifest
}

function gatewayApi(kind: string, metadata: Manifest['metadata'], spec: object): Manifest {
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind, metadata, spec } as Manifest
}
