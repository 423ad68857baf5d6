/**
 * Which routes of a VirtualService carry the weights: those that the configuration names, or the only one of its section. Refusals are in
 * Argo's words, followed by what to do.
 *
 *   section   named by             none named
 *   http      `routes`             the only route that is not a managed one
 *   tls       `tlsRoutes`          the only route
 *   tcp       `tcpRoutes`          the only route
 */
import type { VirtualServiceRef } from './config.ts'
import type { Share, VirtualServiceSpec, WireRoute } from './objects.ts'

export type Section = 'http' | 'tls' | 'tcp'

/** A route by its place in the object. */
export interface PlacedRoute {
  readonly section: Section
  readonly at: number
  readonly shares: readonly Share[]
}

export type Picked = readonly PlacedRoute[] | { readonly problem: string }

const FIELDS = { http: 'routes', tls: 'tlsRoutes', tcp: 'tcpRoutes' } as const
const WORDS = { http: 'HTTP', tls: 'TLS', tcp: 'TCP' } as const

/** @param isManaged whether the http route at a place is a managed one */
export function pickRoutes(
  ref: VirtualServiceRef,
  spec: VirtualServiceSpec,
  isManaged: (at: number) => boolean,
): readonly Picked[] {
  const isEmpty = ![spec.http, spec.tls, spec.tcp].some((routes) => (routes ?? []).length > 0)
  if (isEmpty) return [{ problem: 'Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService' }]
  return [pickHttp(ref, spec, isManaged), pickTls(ref, spec), pickTcp(ref, spec)]
}

const invalid = (section: Section, words: string): Picked => ({
  problem: `Istio VirtualService has invalid ${WORDS[section]} routes. Error: ${words}`,
})

function pickHttp(ref: VirtualServiceRef, { http = [] }: VirtualServiceSpec, isManaged: (at: number) => boolean) {
  const theirs = http.flatMap(({ name, route = [] }, at) => (isManaged(at) ? [] : [{ name, at, route }]))
  const place = ({ at, route }: (typeof theirs)[number]): PlacedRoute => ({ section: 'http', at, shares: route })
  // As in Argo, names of http routes say nothing of a VirtualService that has none.
  const wanted = theirs.length === 0 ? [] : (ref.routes ?? [])
  if (wanted.length === 0) return theirs.length > 1 ? manyRoutes('http') : theirs.map(place)
  const lost = wanted.find((one) => !theirs.some(({ name }) => name === one))
  if (lost !== undefined) return invalid('http', `HTTP Route '${lost}' is not found in the defined Virtual Service.`)
  return [...new Set(wanted)].flatMap((one) => theirs.filter(({ name }) => name === one).slice(0, 1)).map(place)
}

const pickTls = ({ tlsRoutes }: VirtualServiceRef, { tls = [] }: VirtualServiceSpec): Picked =>
  pickWires('tls', tls, tlsRoutes ?? [], (wanted, route) => {
    const hosts = new Set(route.match?.flatMap(({ sniHosts = [] }) => sniHosts))
    const asked = new Set(wanted.sniHosts)
    return hosts.size === asked.size && [...hosts].every((host) => asked.has(host))
  })

const pickTcp = ({ tcpRoutes }: VirtualServiceRef, { tcp = [] }: VirtualServiceSpec): Picked =>
  pickWires('tcp', tcp, tcpRoutes ?? [], () => true)

function pickWires<Wanted extends { readonly port?: number | undefined }>(
  section: 'tls' | 'tcp',
  routes: readonly WireRoute[],
  wanted: readonly Wanted[],
  fits: (wanted: Wanted, route: WireRoute) => boolean,
): Picked {
  const places = routes.map(({ route = [] }, at): PlacedRoute => ({ section, at, shares: route }))
  if (wanted.length === 0) return routes.length > 1 ? manyRoutes(section) : places
  const isWanted = (one: Wanted, route: WireRoute): boolean => portOf(route) === (one.port ?? 0) && fits(one, route)
  const isFound = wanted.every((one) => routes.some((route) => isWanted(one, route)))
  if (!isFound) return invalid(section, `No matching ${WORDS[section]} routes found in the defined Virtual Service.`)
  return places.filter((_, at) => wanted.some((one) => isWanted(one, routes[at] ?? {})))
}

/** 0: none; undefined: several, which no selection means. */
function portOf({ match = [] }: WireRoute): number | undefined {
  const ports = new Set(match.map(({ port = 0 }) => port))
  return ports.size > 1 ? undefined : ([...ports][0] ?? 0)
}

const manyRoutes = (section: Section): Picked =>
  invalid(
    section,
    `spec.${section}[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.${FIELDS[section]}`,
  )
