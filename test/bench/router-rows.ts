/**
 * What the suite `routers` has to know of each router: the one object per Rollout that carries its weights, as a user writes it, and where the canary's
 * weight stands in it. Plain data and pure functions.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStrategy, TrafficRouting } from '../../controller/api/rollout.ts'
import type { RouterId } from '../../controller/api/router-capabilities.ts'
import type { ResourceKind } from '../../controller/kube/client.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { canaryOf, NAMESPACE, stableOf } from './manifests.ts'

export interface RouterRow {
  readonly id: RouterId
  /** Files with the definitions of the router's kinds, from this folder; absent for those that every cluster serves. */
  readonly crds?: string
  readonly routing: (name: string) => TrafficRouting
  /** How the two parts are told apart, where it is not by Services of their own. */
  readonly parts?: Partial<CanaryStrategy>
  /** What a user creates in front of the Rollout. */
  readonly objects: (name: string) => readonly (readonly [ResourceKind, KubeObject])[]
  /** The kind of the object that carries the weights, and its name. */
  readonly kind: ResourceKind
  readonly objectName?: (name: string) => string
  readonly canaryWeight: (object: KubeObject) => unknown
}

const object = (kind: ResourceKind, name: string, body: object): readonly [ResourceKind, KubeObject] => [
  kind,
  {
    apiVersion: kinds.apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, namespace: NAMESPACE },
    ...body,
  } as KubeObject,
]

interface Backend {
  readonly name?: string
  readonly service?: string
  readonly serviceName?: string
  readonly serviceSubset?: string
  readonly destination?: { readonly host: string }
  readonly weight?: number
}
const isCanary = ({ name, service, serviceName, serviceSubset, destination }: Backend): boolean =>
  [name, service, serviceName, serviceSubset, destination?.host].some((word) => word?.endsWith('canary') === true)

/** The canary's weight in the list at the end of the path. */
const weightAt =
  (...path: readonly (string | number)[]) =>
  (found: KubeObject): unknown => {
    const list = path.reduce<unknown>(
      (value, key) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[key],
      found,
    )
    return Array.isArray(list) ? (list as readonly Backend[]).find(isCanary)?.weight : undefined
  }

const both = (entry: (service: string, weight: number) => object) => (name: string) =>
  [entry(stableOf(name), 100), entry(canaryOf(name), 0)] as const
const named = both((name, weight) => ({ name, port: 80, weight }))

export const routerRows: readonly RouterRow[] = [
  {
    id: 'argoproj-labs/gatewayAPI',
    routing: (name) => ({ plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: name } } }),
    objects: (name) => [
      object(kinds.httpRoutes, name, {
        spec: { parentRefs: [{ name: 'web' }], hostnames: [`${name}.example`], rules: [{ backendRefs: named(name) }] },
      }),
    ],
    kind: kinds.httpRoutes,
    canaryWeight: weightAt('spec', 'rules', 0, 'backendRefs'),
  },
  {
    id: 'istio',
    crds: '../crds/networking.istio.io.yaml',
    routing: (name) => ({ istio: { virtualService: { name } } }),
    objects: (name) => {
      const route = both((host, weight) => ({ destination: { host }, weight }))(name)
      return [object(kinds.virtualServices, name, { spec: { hosts: [`${name}.example`], http: [{ route }] } })]
    },
    kind: kinds.virtualServices,
    canaryWeight: weightAt('spec', 'http', 0, 'route'),
  },
  {
    id: 'nginx',
    routing: (name) => ({ nginx: { stableIngress: name } }),
    objects(name) {
      const backend = { service: { name: stableOf(name), port: { number: 80 } } }
      const http = { paths: [{ path: '/', pathType: 'Prefix', backend }] }
      return [object(kinds.ingresses, name, { spec: { rules: [{ host: `${name}.example`, http }] } })]
    },
    kind: kinds.ingresses,
    objectName: (name) => `${name}-${name}-canary`,
    canaryWeight: ({ metadata }) => Number(metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight']),
  },
  {
    id: 'traefik',
    crds: '../crds/traefik.io.yaml',
    routing: (name) => ({ traefik: { weightedTraefikServiceName: name } }),
    objects: (name) => [object(kinds.traefikServices, name, { spec: { weighted: { services: named(name) } } })],
    kind: kinds.traefikServices,
    canaryWeight: weightAt('spec', 'weighted', 'services'),
  },
  {
    id: 'apisix',
    crds: '../crds/apisix.apache.org.yaml',
    routing: (name) => ({ apisix: { route: { name, rules: ['all'] } } }),
    objects(name) {
      const backends = both((serviceName, weight) => ({ serviceName, servicePort: 80, weight }))(name)
      return [
        object(kinds.apisixRoutes, name, { spec: { http: [{ name: 'all', match: { paths: ['/*'] }, backends }] } }),
      ]
    },
    kind: kinds.apisixRoutes,
    canaryWeight: weightAt('spec', 'http', 0, 'backends'),
  },
  {
    id: 'smi',
    crds: '../crds/split.smi-spec.io.yaml',
    routing: () => ({ smi: {} }),
    objects: () => [],
    kind: kinds.trafficSplits,
    canaryWeight: weightAt('spec', 'backends'),
  },
  {
    id: 'hashicorp/consul',
    crds: '../crds/consul.hashicorp.com.yaml',
    routing: (name) => ({
      plugins: { 'hashicorp/consul': { serviceName: name, stableSubsetName: 'stable', canarySubsetName: 'canary' } },
    }),
    parts: {},
    objects(name) {
      const subsets = { stable: { filter: '' }, canary: { filter: '' } }
      const splits = [
        { weight: 100, serviceSubset: 'stable' },
        { weight: 0, serviceSubset: 'canary' },
      ]
      const status = { conditions: [{ type: 'Synced', status: 'True' }] }
      return [
        object(kinds.serviceResolvers, name, { spec: { defaultSubset: 'stable', subsets }, status }),
        object(kinds.serviceSplitters, name, { spec: { splits }, status }),
      ]
    },
    kind: kinds.serviceSplitters,
    canaryWeight: weightAt('spec', 'splits'),
  },
  {
    id: 'penstock/switch',
    routing: (name) => ({ plugins: { 'penstock/switch': { configMap: name } } }),
    objects: (name) => {
      const [kind, whole] = object(kinds.configMaps, name, { data: { theme: 'dark' } })
      return [[kind, { ...whole, metadata: { ...whole.metadata, labels: { 'penstock.dev/router': '' } } }]]
    },
    kind: kinds.configMaps,
    canaryWeight: (found) =>
      Number((found as { readonly data?: Readonly<Record<string, string>> }).data?.['canary-weight']),
  },
]

export const routersOfSuite: readonly RouterId[] = routerRows.map(({ id }) => id)
