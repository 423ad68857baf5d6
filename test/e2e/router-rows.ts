/**
 * What `paths/routers.ts` has to know of a router: objects as a user writes them, the configuration, and what stands in the objects at a weight, with
 * and without managed routes. A further router adds a row. Plain data and pure functions.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStrategy, TrafficRouting } from '../../controller/api/rollout.ts'
import type { RouterId } from '../../controller/api/router-capabilities.ts'
import type { ResourceKind } from '../../controller/kube/client.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { httpRoute, NAME, service } from './manifests.ts'

export type RouterObject = KubeObject & { readonly spec?: object }

export interface RouterRow {
  readonly id: RouterId
  /** Tells rows of one router apart. */
  readonly title?: string
  readonly routing: TrafficRouting
  /** How the two parts are told apart, where it is not by Services of their own. */
  readonly parts?: Partial<CanaryStrategy>
  readonly objects: readonly object[]
  /** Where the router writes. */
  readonly kinds: readonly ResourceKind[]
  /** It makes an object of this name itself, and keeps it at rest. */
  readonly makes?: string
  /** It copies requests, too. */
  readonly mirrors?: true
  /** Has the objects' status say that they are taken, in the place of the router's own controller. */
  readonly isTaken?: true
  /** One line for each place that carries weights or a managed route. */
  tell(objects: readonly RouterObject[]): readonly string[]
  told(canary: number, isManaged: boolean): readonly string[]
}

const object = (kind: ResourceKind, spec: object): object => ({
  apiVersion: kinds.apiVersionOf(kind),
  kind: kind.kind,
  metadata: { name: NAME, labels: { team: 'shop' }, annotations: { 'example.test/theirs': 'kept' } },
  spec,
})

const STABLE = `${NAME}-stable`
const CANARY = `${NAME}-canary`
const services = [service(STABLE, NAME), service(CANARY, NAME)]

interface Backend {
  readonly name?: string
  readonly service?: string
  readonly serviceSubset?: string
  readonly destination?: { readonly host: string; readonly subset?: string }
  readonly weight?: number
}
const partOf = ({ name, service: host, serviceSubset, destination, weight }: Backend): string =>
  [serviceSubset ?? destination?.subset ?? destination?.host ?? name ?? host, weight ?? ''].join(' ').trim()
const partsOf = (backends: readonly Backend[] = []): string => backends.map(partOf).join(', ')

/** The list in the spec of the object of a kind; lists of strangers are empty. */
function listOf<T>(objects: readonly RouterObject[], kind: ResourceKind, field: string): readonly T[] {
  const found = objects.find((one) => (one as { readonly kind?: string }).kind === kind.kind)
  const list: unknown = Object.entries(found?.spec ?? {}).find(([key]) => key === field)?.[1]
  return Array.isArray(list) ? list : []
}

interface HttpRule {
  readonly matches?: readonly { readonly headers?: readonly { readonly name: string; readonly value: string }[] }[]
  readonly filters?: readonly { readonly type: string }[]
  readonly backendRefs?: readonly Backend[]
}

const gatewayApi: RouterRow = {
  id: 'argoproj-labs/gatewayAPI',
  routing: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: NAME } } },
  objects: [...services, httpRoute(NAME)],
  kinds: [kinds.httpRoutes],
  mirrors: true,
  tell: (objects) =>
    listOf<HttpRule>(objects, kinds.httpRoutes, 'rules').map(({ matches = [], filters = [], backendRefs }) => {
      const headers = matches.flatMap((match) => (match.headers ?? []).map(({ name, value }) => `${name}=${value}`))
      return [...headers, ...filters.map(({ type }) => type), partsOf(backendRefs)].join(' ')
    }),
  told(canary, isManaged) {
    const both = `${STABLE} ${100 - canary}, ${CANARY} ${canary}`
    return isManaged ? [both, `x-beta=yes ${CANARY} 1`, `RequestMirror ${both}`] : [both]
  },
}

interface IstioRoute {
  readonly name?: string
  readonly match?: readonly { readonly headers?: Readonly<Record<string, { readonly exact?: string }>> }[]
  readonly route?: readonly Backend[]
  readonly mirror?: Backend['destination']
}

/** Between two Services, or between two subsets of one. */
function istio(
  parts: readonly [string, string],
  row: Pick<RouterRow, 'title' | 'routing' | 'objects'> & Pick<RouterRow, 'parts'>,
): RouterRow {
  const [stable, canary] = parts
  const backends = (weight: number) => `${stable} ${100 - weight}, ${canary} ${weight}`
  return {
    id: 'istio',
    kinds: [kinds.virtualServices, kinds.destinationRules],
    mirrors: true,
    tell: (objects) =>
      listOf<IstioRoute>(objects, kinds.virtualServices, 'http').map(({ name, match = [], route, mirror }) => {
        const headers = match.flatMap((one) =>
          Object.entries(one.headers ?? {}).map(([key, value]) => `${key}=${value.exact}`),
        )
        const copies = mirror ? [`copies to ${mirror.subset ?? mirror.host}:`] : []
        return [`${name}:`, ...headers, ...copies, partsOf(route)].join(' ')
      }),
    told: (weight, isManaged) => [
      ...(isManaged ? [`beta: x-beta=yes ${canary} 100`, `shadow: copies to ${canary}: ${backends(weight)}`] : []),
      `primary: ${backends(weight)}`,
    ],
    ...row,
  }
}

const toHost = (host: string, weight: number) => ({ destination: { host }, weight })
const toSubset = (subset: string, weight: number) => ({ destination: { host: NAME, subset }, weight })
const virtualService = (route: readonly object[]) =>
  object(kinds.virtualServices, { hosts: ['shop.example'], http: [{ name: 'primary', timeout: '3s', route }] })

const PREFIX = 'nginx.ingress.kubernetes.io'

export const routerRows: readonly RouterRow[] = [
  gatewayApi,
  istio([STABLE, CANARY], {
    title: 'by hosts',
    routing: { istio: { virtualService: { name: NAME } } },
    objects: [...services, virtualService([toHost(STABLE, 100), toHost(CANARY, 0)])],
  }),
  istio(['stable', 'canary'], {
    title: 'by subsets',
    routing: {
      istio: {
        virtualService: { name: NAME },
        destinationRule: { name: NAME, canarySubsetName: 'canary', stableSubsetName: 'stable' },
      },
    },
    parts: {},
    objects: [
      service(NAME, NAME),
      virtualService([toSubset('stable', 100), toSubset('canary', 0)]),
      object(kinds.destinationRules, {
        host: NAME,
        subsets: [
          { name: 'stable', labels: { app: NAME } },
          { name: 'legacy', labels: { version: 'v0' } },
          { name: 'canary', labels: { app: NAME } },
        ],
      }),
    ],
  }),
  {
    id: 'nginx',
    routing: { nginx: { stableIngress: NAME } },
    objects: [
      ...services,
      object(kinds.ingresses, {
        rules: [
          {
            host: 'shop.example',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: STABLE, port: { number: 80 } } } }],
            },
          },
        ],
      }),
    ],
    kinds: [kinds.ingresses],
    makes: `${NAME}-${NAME}-canary`,
    tell: (objects) =>
      objects.flatMap(({ metadata: { annotations = {} } }) => {
        const said = (name: string) => annotations[`${PREFIX}/${name}`]
        const header = said('canary-by-header')
        if (said('canary') !== 'true') return []
        return [[said('canary-weight'), ...(header ? [`${header}=${said('canary-by-header-value')}`] : [])].join(' ')]
      }),
    told: (canary, isManaged) => [isManaged ? `${canary} x-beta=yes` : `${canary}`],
  },
  {
    id: 'traefik',
    routing: { traefik: { weightedTraefikServiceName: NAME } },
    objects: [
      ...services,
      object(kinds.traefikServices, {
        weighted: {
          services: [
            { name: STABLE, port: 80, weight: 100 },
            { name: CANARY, port: 80, weight: 0 },
          ],
        },
      }),
      object(kinds.ingressRoutes, {
        entryPoints: ['web'],
        routes: [{ kind: 'Rule', match: 'Host(`shop.example`)', services: [{ kind: 'TraefikService', name: NAME }] }],
      }),
    ],
    kinds: [kinds.traefikServices, kinds.ingressRoutes],
    tell(objects) {
      const spec = objects.find((one) => 'weighted' in (one.spec ?? {}))?.spec as
        | { readonly weighted?: { readonly services?: readonly Backend[] } }
        | undefined
      const routes = listOf<{ readonly match: string; readonly services: readonly Backend[] }>(
        objects,
        kinds.ingressRoutes,
        'routes',
      )
      return [partsOf(spec?.weighted?.services), ...routes.map(({ match, services: to }) => `${match} ${partsOf(to)}`)]
    },
    told: (canary, isManaged) => [
      `${STABLE} ${100 - canary}, ${CANARY} ${canary}`,
      ...(isManaged ? [`(Host(\`shop.example\`)) && (Header(\`x-beta\`, \`yes\`)) ${CANARY}`] : []),
      `Host(\`shop.example\`) ${NAME}`,
    ],
  },
  {
    id: 'hashicorp/consul',
    routing: {
      plugins: {
        'hashicorp/consul': { serviceName: NAME, stableSubsetName: 'stable', canarySubsetName: 'canary' },
      },
    },
    parts: {},
    objects: [
      service(NAME, NAME),
      object(kinds.serviceResolvers, {
        defaultSubset: 'stable',
        subsets: { stable: { filter: 'Service.Meta.version == v1', onlyPassing: true }, canary: { filter: '' } },
      }),
      object(kinds.serviceSplitters, {
        splits: [
          { weight: 100, serviceSubset: 'stable' },
          { weight: 0, serviceSubset: 'canary' },
        ],
      }),
      object(kinds.serviceRouters, {
        routes: [{ match: { http: { pathPrefix: '/up' } }, destination: { serviceSubset: 'stable' } }],
      }),
    ],
    kinds: [kinds.serviceResolvers, kinds.serviceSplitters, kinds.serviceRouters],
    isTaken: true,
    tell: (objects) => [
      partsOf(listOf(objects, kinds.serviceSplitters, 'splits')),
      ...listOf<{ readonly match: object; readonly destination: Backend }>(objects, kinds.serviceRouters, 'routes').map(
        ({ match, destination }) => `${JSON.stringify(match)} ${partOf(destination)}`,
      ),
    ],
    told: (canary, isManaged) => [
      `stable ${100 - canary}, canary ${canary}`,
      '{"http":{"pathPrefix":"/up"}} stable',
      ...(isManaged ? ['{"http":{"header":[{"exact":"yes","name":"x-beta"}]}} canary'] : []),
    ],
  },
]

export const CONSUL_KEY = 'penstock/e2e/web'

interface Policy {
  readonly weight?: number
  readonly maxWeight?: number
  readonly routes?: readonly { readonly name: string; readonly backend: string; readonly match: unknown }[]
}

/** Its object is a key of Consul's store. */
export const consulKv: RouterRow = {
  id: 'penstock/consul-kv',
  routing: { plugins: { 'penstock/consul-kv': { key: CONSUL_KEY } } },
  objects: services,
  kinds: [],
  tell: (objects) =>
    objects.flatMap(({ spec = {} }) => {
      const { weight, maxWeight, routes = [] }: Policy = spec
      return [
        `${weight} of ${maxWeight}`,
        ...routes.map(({ name, backend, match }) => `${name}: ${JSON.stringify(match)} ${backend}`),
      ]
    }),
  told: (canary, isManaged) => [
    `${canary} of 100`,
    ...(isManaged ? ['beta: [{"headers":[{"name":"x-beta","value":{"exact":"yes"}}]}] canary'] : []),
  ],
}
