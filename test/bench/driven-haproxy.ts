/** HAProxy, driven by an HTTPRoute as the router `argoproj-labs/gatewayAPI` writes it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ManagedRoute } from '../../controller/api/traffic.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { silentLogger as log } from '../../controller/runtime/log.ts'
import { systemRandom as random } from '../../controller/runtime/random.ts'
import { startHaproxyGateway } from '../../sandbox/proxies/haproxy/haproxy.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { openRouter } from '../builders/router.ts'
import type { DrivenOptions, DrivenProxy, Traffic } from './driven-proxy.ts'
import { readTraffic, routeTraffic } from './live-router.ts'
import { contextOf, startProxyCluster } from './proxy-cluster.ts'
import { routedColors } from './proxy-colors.ts'

const CONFIRMED_WITHIN_MS = 20_000

async function writeRoute(client: KubeClient, { canary, total }: Traffic, managedRoutes: readonly ManagedRoute[]) {
  const router = openRouter('argoproj-labs/gatewayAPI', { httpRoute: 'shop' }, await contextOf(client, total))
  await routeTraffic(client, router, { canary, stable: total - canary, additional: [], managedRoutes })
  await waitFor(async () => (await readTraffic(client, router)).confirmation === 'confirmed', {
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
    colors: routedColors.map(({ name, route, requests }) => ({
      name,
      requests,
      drive: () => writeRoute(client, { canary: 0, total: 100 }, [route]),
    })),
    reloads: haproxy.reloads,
    drive: (traffic) => writeRoute(client, traffic, []),
  }
}
