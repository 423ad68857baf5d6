/** HAProxy, driven by an HTTPRoute as the router `argoproj-labs/gatewayAPI` writes it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ColorMatch } from '../../controller/api/color-step.ts'
import type { ManagedRoute } from '../../controller/api/traffic.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { httpRoutes } from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { silentLogger as log } from '../../controller/runtime/log.ts'
import { systemRandom as random } from '../../controller/runtime/random.ts'
import { refKey } from '../../controller/traffic/router.ts'
import { startHaproxyGateway } from '../../sandbox/proxies/haproxy/haproxy.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { openRouter, routerContext } from '../builders/router.ts'
import type { ColorCase, DrivenOptions, DrivenProxy, Traffic } from './driven-proxy.ts'
import { CANARY_SERVICE, NAMESPACE, STABLE_SERVICE, startProxyCluster } from './proxy-cluster.ts'

const routeRef = { kind: httpRoutes, namespace: NAMESPACE, name: 'shop' }
const CONFIRMED_WITHIN_MS = 20_000
const ROUTE = 'colour'

interface Color extends Omit<ColorCase, 'drive'> {
  readonly route: ManagedRoute
}

const byHeader = (
  headerName: string,
  headerValue: { exact: string } | { prefix: string } | { regex: string },
): ManagedRoute => ({ kind: 'header', name: ROUTE, match: [{ headerName, headerValue }] })

const byColor = (match: ColorMatch): ManagedRoute => ({ kind: 'color', name: ROUTE, match: [match] })

const colors: readonly Color[] = [
  {
    name: 'header exact',
    route: byHeader('x-version', { exact: "v2's" }),
    requests: [
      { headers: { 'x-version': "v2's" }, goesTo: 'canary' },
      { headers: { 'x-version': "v2's.1" }, goesTo: 'stable' },
      { headers: { 'x-version': "V2's" }, goesTo: 'stable' },
      { headers: {}, goesTo: 'stable' },
    ],
  },
  {
    name: 'header prefix',
    route: byHeader('x-user', { prefix: 'beta.' }),
    requests: [
      { headers: { 'x-user': 'beta.ann' }, goesTo: 'canary' },
      { headers: { 'x-user': 'betaXann' }, goesTo: 'stable' },
      { headers: { 'x-user': 'a.beta.ann' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'header regex',
    route: byHeader('x-region', { regex: 'eu-(west|north)-[0-9]+' }),
    requests: [
      { headers: { 'x-region': 'eu-north-12' }, goesTo: 'canary' },
      { headers: { 'x-region': 'eu-south-1' }, goesTo: 'stable' },
      { headers: { 'x-region': 'eu-west-1b' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'cookie',
    route: byColor({ cookies: [{ name: 'canary', value: { exact: 'always' } }] }),
    requests: [
      { headers: { cookie: 'canary=always' }, goesTo: 'canary' },
      { headers: { cookie: 'a=b; canary=always; c=d' }, goesTo: 'canary' },
      { headers: { cookie: 'xcanary=always' }, goesTo: 'stable' },
      { headers: { cookie: 'canary=always2' }, goesTo: 'stable' },
      { headers: { cookie: 'canary=never' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'range of ids',
    route: byColor({ idRange: { header: 'x-user-id', modulo: 1000, from: 1, to: 50 } }),
    requests: [
      { headers: { 'x-user-id': '77050' }, goesTo: 'canary' },
      { headers: { 'x-user-id': '1' }, goesTo: 'canary' },
      { headers: { 'x-user-id': '77051' }, goesTo: 'stable' },
      { headers: { 'x-user-id': '5000' }, goesTo: 'stable' },
      { headers: { 'x-user-id': 'x50' }, goesTo: 'stable' },
    ],
  },
]

async function writeRoute(client: KubeClient, { canary, total }: Traffic, managedRoutes: readonly ManagedRoute[]) {
  const context = routerContext({
    namespace: NAMESPACE,
    stableService: STABLE_SERVICE,
    canaryService: CANARY_SERVICE,
    maxWeight: total,
    managedRouteNames: [ROUTE],
  })
  const router = openRouter('argoproj-labs/gatewayAPI', { httpRoute: routeRef.name }, context)
  const read = async () => ({ [refKey(routeRef)]: await client.get(routeRef) })
  const intent = { canary, stable: total - canary, additional: [], managedRoutes }
  for (const write of router.render(intent, await read()))
    if (write.do === 'patch') await client.patch(write.ref, 'json', write.patch)
  await waitFor(async () => router.read(await read()).confirmation === 'confirmed', {
    clock,
    what: 'the route to be confirmed',
    withinMs: CONFIRMED_WITHIN_MS,
    everyMs: 5,
  })
}

/** In a cluster of its own. Everything that was started is in `stops`. */
export async function startDrivenHaproxy({ program, stops }: DrivenOptions): Promise<DrivenProxy> {
  const client = await startProxyCluster(stops)
  const directory = await mkdtemp(join(tmpdir(), 'penstock-haproxy-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  const haproxy = await startHaproxyGateway({ client, clock, random, log, program, directory })
  stops.add(() => haproxy.stop())
  return {
    name: 'HAProxy',
    client,
    url: haproxy.url,
    colors: colors.map(({ name, route, requests }) => ({
      name,
      requests,
      drive: () => writeRoute(client, { canary: 0, total: 100 }, [route]),
    })),
    reloads: haproxy.reloads,
    drive: (traffic) => writeRoute(client, traffic, []),
  }
}
