/**
 * What each traffic router can carry, as data: the rules that judge manifests ask it, the routers themselves state it, and the reference pages are
 * compared with it. One row per router, under the key by which a Rollout names it: a field of `trafficRouting`, or, with a slash, a plugin.
 */

/** How the value of a header can be compared. */
export type StringMatchKind = 'exact' | 'prefix' | 'regex'

export interface RouterCapabilities {
  /** Routes by header (`setHeaderRoute`), by the comparisons that it knows; empty: none. */
  readonly headers: readonly StringMatchKind[]
  /** All that it carries beside the weights is one route at a time, with one comparison of one header. */
  readonly single?: true
  readonly mirror: boolean
  /** Weights for Services besides the two roles: an experiment's. */
  readonly additional: boolean
  readonly pingPong: boolean
  /** Weights may add up to another total than 100 (`maxTrafficWeight`). */
  readonly maxWeight: boolean
  /** What `penstock/color` can ask of it besides headers. */
  readonly color: {
    readonly cookie: boolean
    /** Ranges of a decimal id: of any modulus, of powers of ten only, or none. */
    readonly idRange: 'any' | 'powerOfTen' | 'none'
    readonly cidr: boolean
  }
  /** The data plane reports what it serves; where it does not, a time has to pass instead. */
  readonly confirms: boolean
}

export const routerCapabilities = {
  'argoproj-labs/gatewayAPI': {
    headers: ['exact', 'prefix', 'regex'],
    mirror: true,
    additional: true,
    pingPong: true,
    maxWeight: true,
    color: { cookie: true, idRange: 'powerOfTen', cidr: false },
    confirms: true,
  },
  alb: {
    headers: ['exact'],
    mirror: false,
    additional: true,
    pingPong: true,
    maxWeight: false,
    color: { cookie: false, idRange: 'none', cidr: true },
    confirms: false,
  },
  istio: {
    headers: ['exact', 'prefix', 'regex'],
    mirror: true,
    additional: true,
    pingPong: true,
    maxWeight: false,
    // VirtualServices know no addresses of clients; x-forwarded-for is what a client says.
    color: { cookie: true, idRange: 'powerOfTen', cidr: false },
    confirms: false,
  },
  nginx: {
    headers: ['exact', 'prefix', 'regex'],
    single: true,
    mirror: false,
    additional: false,
    pingPong: false,
    maxWeight: true,
    color: { cookie: true, idRange: 'powerOfTen', cidr: false },
    confirms: false,
  },
  smi: {
    headers: [],
    mirror: false,
    additional: true,
    pingPong: false,
    maxWeight: true,
    color: { cookie: false, idRange: 'none', cidr: false },
    confirms: false,
  },
  traefik: {
    headers: ['exact', 'prefix', 'regex'],
    mirror: false,
    additional: false,
    pingPong: true,
    maxWeight: true,
    color: { cookie: true, idRange: 'powerOfTen', cidr: true },
    confirms: false,
  },
  apisix: {
    headers: ['exact', 'prefix', 'regex'],
    mirror: false,
    additional: false,
    pingPong: true,
    maxWeight: true,
    color: { cookie: true, idRange: 'powerOfTen', cidr: true },
    confirms: false,
  },
  ambassador: {
    headers: ['exact', 'prefix', 'regex'],
    mirror: false,
    additional: false,
    pingPong: false,
    maxWeight: false,
    color: { cookie: true, idRange: 'powerOfTen', cidr: false },
    confirms: false,
  },
  appMesh: {
    headers: [],
    mirror: false,
    additional: false,
    pingPong: false,
    maxWeight: false,
    color: { cookie: false, idRange: 'none', cidr: false },
    confirms: false,
  },
  'hashicorp/consul': {
    headers: ['exact', 'prefix', 'regex'],
    mirror: false,
    additional: false,
    pingPong: false,
    maxWeight: true,
    // Consul's routes know no addresses of clients.
    color: { cookie: true, idRange: 'powerOfTen', cidr: false },
    confirms: false,
  },
  'argoproj-labs/contour': {
    headers: ['exact', 'prefix', 'regex'],
    mirror: true,
    additional: false,
    pingPong: true,
    maxWeight: true,
    // HTTPProxies can refuse addresses of clients, and cannot route by them.
    color: { cookie: true, idRange: 'powerOfTen', cidr: false },
    confirms: true,
  },
  'penstock/skipper': {
    headers: ['exact', 'prefix', 'regex'],
    mirror: false,
    additional: false,
    pingPong: true,
    maxWeight: true,
    color: { cookie: true, idRange: 'powerOfTen', cidr: true },
    confirms: false,
  },
  'penstock/consul-kv': {
    headers: ['exact', 'prefix', 'regex'],
    mirror: false,
    additional: true,
    pingPong: false,
    maxWeight: true,
    color: { cookie: true, idRange: 'any', cidr: true },
    confirms: false,
  },
  'penstock/switch': {
    headers: [],
    mirror: false,
    additional: false,
    pingPong: false,
    maxWeight: true,
    color: { cookie: false, idRange: 'none', cidr: true },
    confirms: false,
  },
  'penstock/feature-flag': {
    headers: [],
    mirror: false,
    additional: false,
    pingPong: false,
    maxWeight: true,
    color: { cookie: false, idRange: 'none', cidr: false },
    confirms: false,
  },
} as const satisfies Readonly<Record<string, RouterCapabilities>>

export type RouterId = keyof typeof routerCapabilities
export const routerIds = Object.keys(routerCapabilities) as readonly RouterId[]

export const isRouterId = (id: string): id is RouterId => Object.hasOwn(routerCapabilities, id)

/** The field of `trafficRouting` under which a router's configuration stands. */
export const routerField = (id: string): string => (id.includes('/') ? `plugins["${id}"]` : id)
