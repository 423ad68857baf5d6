/**
 * What `router-canaries.test.ts` has to know of a router: objects as a user creates them, the configuration, and where to look for what it wrote. A
 * further router adds a row.
 */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { TrafficRouting } from '../../../controller/api/rollout.ts'
import type { RouterId } from '../../../controller/api/router-capabilities.ts'
import type { ResourceKind } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { NAMESPACE } from './live-cluster.ts'

export type Read = (kind: ResourceKind, name: string) => Promise<KubeObject | undefined>
type Weights = readonly [stable: unknown, canary: unknown]

export interface RouterRow {
  readonly id: RouterId
  /** Tells rows of one router apart. */
  readonly title?: string
  /** Files in `test/crds`. */
  readonly crds: readonly string[]
  readonly routing: TrafficRouting
  /** The user's, in Services named `stable` and `canary`. */
  readonly objects: readonly (readonly [ResourceKind, KubeObject])[]
  /** For each place that carries weights, the two that stand there. */
  weights(read: Read): Promise<readonly Weights[]>
  /** For a router that takes the header route `beta`: whether it is there. */
  hasHeaderRoute?(read: Read): Promise<boolean>
  /** Fields of the user's objects that the router writes. */
  readonly writes: readonly string[]
  /** Objects that are made for an update and gone behind it. */
  readonly passing?: readonly (readonly [ResourceKind, string])[]
}

const object = (kind: ResourceKind, name: string, spec: object): readonly [ResourceKind, KubeObject] => {
  const metadata = { name, namespace: NAMESPACE, labels: { team: 'shop' } }
  return [kind, { apiVersion: kinds.apiVersionOf(kind), kind: kind.kind, metadata, spec } as KubeObject]
}

interface Listed {
  readonly name?: string
  readonly serviceName?: string
  readonly service?: string
  readonly backendName?: string
  readonly weight?: number
  readonly virtualNodeRef?: { readonly name: string }
}

/** The weights of a list, by the name under which each entry goes. */
function pairOf(list: unknown, [stable, canary]: readonly [string, string] = ['stable', 'canary']): Weights {
  const entries = Array.isArray(list) ? (list as readonly Listed[]) : []
  const weightOf = (wanted: string) =>
    entries.find(({ name, serviceName, service, backendName, virtualNodeRef }) =>
      [name, serviceName, service, backendName, virtualNodeRef?.name].includes(wanted),
    )?.weight
  return [weightOf(stable), weightOf(canary)]
}

/** A field deep in an object, whatever it is. */
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((found, key) => (found as Readonly<Record<string | number, unknown>> | undefined)?.[key], value)

const backends = [
  { serviceName: 'stable', servicePort: 80, weight: 100 },
  { serviceName: 'canary', servicePort: 80, weight: 0 },
]
const services = [
  { name: 'stable', port: 80, weight: 100 },
  { name: 'canary', port: 80, weight: 0 },
]

const traefik = (title: string, crd: string, [service, route]: readonly [ResourceKind, ResourceKind]): RouterRow => ({
  id: 'traefik',
  title,
  crds: [crd],
  routing: { traefik: { weightedTraefikServiceName: 'shop' } },
  objects: [
    object(service, 'shop', { weighted: { services } }),
    object(route, 'shop', {
      entryPoints: ['web'],
      routes: [
        { kind: 'Rule', match: 'Host(`shop.example`)', services: [{ kind: 'TraefikService', name: 'shop' }] },
        { kind: 'Rule', match: 'Host(`shop.example`) && Path(`/up`)', services: [{ name: 'stable', port: 80 }] },
      ],
    }),
  ],
  weights: async (read) => [pairOf(at(await read(service, 'shop'), 'spec', 'weighted', 'services'))],
  async hasHeaderRoute(read) {
    const routes = at(await read(route, 'shop'), 'spec', 'routes') as readonly { readonly match: string }[]
    return routes.length === 3 && routes[0]?.match.includes('x-beta') === true
  },
  writes: ['weight'],
})

const mappingOf = (kind: ResourceKind, crd: string): RouterRow => ({
  id: 'ambassador',
  title: `${kind.kind}`,
  crds: [crd],
  routing: { ambassador: { mappings: ['shop'] } },
  objects: [object(kind, 'shop', { hostname: 'shop.example', prefix: '/', service: 'stable:80' })],
  async weights(read) {
    const copy = await read(kind, 'shop-canary')
    const canary = copy ? (at(copy, 'spec', 'weight') as number) : 0
    return [[100 - canary, canary]]
  },
  async hasHeaderRoute(read) {
    const route = await read(kind, 'shop-route-beta')
    return at(route, 'spec', 'service') === 'canary:80' && at(route, 'spec', 'headers', 'x-beta') === 'yes'
  },
  writes: [],
  passing: [
    [kind, 'shop-canary'],
    [kind, 'shop-route-beta'],
  ],
})

const target = (name: string, weight: number) => ({ virtualNodeRef: { name }, weight })
const node = (name: string) =>
  object(kinds.meshNodes, name, {
    podSelector: { matchLabels: { app: 'shop' } },
    serviceDiscovery: { dns: { hostname: `${name}.default.svc.cluster.local` } },
  })

const BACKEND_WEIGHTS = 'zalando.org/backend-weights'

const gatewayKinds = [kinds.httpRoutes, kinds.grpcRoutes, kinds.tcpRoutes, kinds.tlsRoutes]
const gatewayRefs = [
  { name: 'stable', port: 80 },
  { name: 'canary', port: 80 },
]

/** One route of each kind; the TLSRoute is found by its labels. */
const gatewayApi: RouterRow = {
  id: 'argoproj-labs/gatewayAPI',
  crds: ['../../sandbox/crds/gateway-api'],
  routing: {
    plugins: {
      'argoproj-labs/gatewayAPI': {
        httpRoute: 'shop',
        grpcRoutes: [{ name: 'shop', useHeaderRoutes: true }],
        tcpRoutes: [{ name: 'shop' }],
        tlsRouteSelector: { matchLabels: { team: 'shop' } },
      },
    },
  },
  objects: gatewayKinds.map((kind) => object(kind, 'shop', { rules: [{ backendRefs: gatewayRefs }] })),
  weights: (read) =>
    Promise.all(
      gatewayKinds.map(async (kind) => pairOf(at(await read(kind, 'shop'), 'spec', 'rules', 0, 'backendRefs'))),
    ),
  async hasHeaderRoute(read) {
    const names = await Promise.all(
      gatewayKinds.map(async (kind) => at(await read(kind, 'shop'), 'spec', 'rules', 1, 'name')),
    )
    return names.filter((name) => name === 'beta').length === 2
  },
  writes: ['weight'],
}

export const routerRows: readonly RouterRow[] = [
  gatewayApi,
  {
    id: 'smi',
    crds: ['split.smi-spec.io'],
    routing: { smi: {} },
    objects: [],
    weights: async (read) => [pairOf(at(await read(kinds.trafficSplits, 'shop'), 'spec', 'backends'))],
    writes: [],
  },
  traefik('traefik.io', 'traefik.io', [kinds.traefikServices, kinds.ingressRoutes]),
  traefik('traefik.containo.us', 'traefik.containo.us', [kinds.oldTraefikServices, kinds.oldIngressRoutes]),
  {
    id: 'apisix',
    crds: ['apisix.apache.org'],
    routing: { apisix: { route: { name: 'shop', rules: ['pages'] } } },
    objects: [object(kinds.apisixRoutes, 'shop', { http: [{ name: 'pages', match: { paths: ['/*'] }, backends }] })],
    weights: async (read) => [pairOf(at(await read(kinds.apisixRoutes, 'shop'), 'spec', 'http', 0, 'backends'))],
    async hasHeaderRoute(read) {
      const route = await read(kinds.apisixRoutes, 'beta')
      return at(route, 'spec', 'http', 0, 'backends', 0, 'serviceName') === 'canary'
    },
    writes: ['weight'],
    passing: [[kinds.apisixRoutes, 'beta']],
  },
  {
    id: 'argoproj-labs/contour',
    crds: ['projectcontour.io'],
    routing: { plugins: { 'argoproj-labs/contour': { httpProxies: ['shop'] } } },
    objects: [object(kinds.httpProxies, 'shop', { routes: [{ conditions: [{ prefix: '/' }], services }] })],
    async weights(read) {
      const routes = at(await read(kinds.httpProxies, 'shop'), 'spec', 'routes') as readonly object[] | undefined
      return [pairOf(at(routes?.at(-1), 'services'))]
    },
    async hasHeaderRoute(read) {
      const routes = at(await read(kinds.httpProxies, 'shop'), 'spec', 'routes') as readonly object[]
      return routes.length === 2 && at(routes[0], 'services', 0, 'name') === 'canary'
    },
    writes: ['weight'],
  },
  {
    id: 'penstock/skipper',
    crds: ['zalando.org'],
    routing: { plugins: { 'penstock/skipper': { routeGroups: ['shop'], ingresses: ['shop'] } } },
    objects: [
      object(kinds.routeGroups, 'shop', {
        backends: ['stable', 'canary'].map((name) => ({ name, type: 'service', serviceName: name, servicePort: 80 })),
        defaultBackends: [{ backendName: 'stable' }, { backendName: 'canary' }],
      }),
      object(kinds.ingresses, 'shop', {
        rules: [
          {
            http: {
              paths: ['stable', 'canary'].map((name) => ({
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name, port: { number: 80 } } },
              })),
            },
          },
        ],
      }),
    ],
    async weights(read) {
      const references = at(await read(kinds.routeGroups, 'shop'), 'spec', 'defaultBackends')
      const { annotations = {} } = (await read(kinds.ingresses, 'shop'))?.metadata ?? {}
      const { stable, canary } = JSON.parse(annotations[BACKEND_WEIGHTS] ?? '{}') as Readonly<Record<string, number>>
      return [pairOf(references), [stable, canary]]
    },
    async hasHeaderRoute(read) {
      const routes = at(await read(kinds.routeGroups, 'shop'), 'spec', 'routes') as readonly object[] | undefined
      return routes?.length === 2 && at(routes[0], 'backends', 0, 'backendName') === 'canary'
    },
    writes: ['weight', BACKEND_WEIGHTS],
  },
  mappingOf(kinds.mappings, 'getambassador.io'),
  mappingOf(kinds.ambassadorMappings, 'x.getambassador.io'),
  {
    id: 'appMesh',
    crds: ['appmesh.k8s.aws'],
    routing: {
      appMesh: {
        virtualService: { name: 'shop' },
        virtualNodeGroup: { canaryVirtualNodeRef: { name: 'new' }, stableVirtualNodeRef: { name: 'old' } },
      },
    },
    objects: [
      object(kinds.meshServices, 'shop', { provider: { virtualRouter: { virtualRouterRef: { name: 'shop' } } } }),
      node('old'),
      node('new'),
      object(kinds.meshRouters, 'shop', {
        routes: [
          {
            name: 'pages',
            httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [target('new', 0), target('old', 100)] } },
          },
        ],
      }),
    ],
    weights: async (read) => {
      const router = await read(kinds.meshRouters, 'shop')
      const targets = at(router, 'spec', 'routes', 0, 'httpRoute', 'action', 'weightedTargets')
      return [pairOf(targets, ['old', 'new'])]
    },
    writes: ['weight', 'rollouts-pod-template-hash', 'argo-rollouts.argoproj.io/managed-by-rollouts'],
  },
]
