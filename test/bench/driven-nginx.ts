/** nginx, driven by a canary Ingress as the router `nginx` writes it beside the user's own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ManagedRoute } from '../../controller/api/traffic.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { ingresses } from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { silentLogger as log } from '../../controller/runtime/log.ts'
import { systemRandom as random } from '../../controller/runtime/random.ts'
import { type RunningNginx, startNginxIngress } from '../../sandbox/proxies/nginx/nginx.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { openRouter } from '../builders/router.ts'
import type { ColorCase, DrivenOptions, DrivenProxy, Traffic } from './driven-proxy.ts'
import { routeTraffic } from './live-router.ts'
import { contextOf, HOST, NAMESPACE, STABLE_SERVICE, startProxyCluster } from './proxy-cluster.ts'
import { routedColors } from './proxy-colors.ts'

type Annotations = Readonly<Record<string, string>>

const SERVED_WITHIN_MS = 20_000
const STABLE_INGRESS = 'shop'
/** As the router names it: after the Rollout and the Ingress. */
export const canaryIngressRef = { kind: ingresses, namespace: NAMESPACE, name: 'shop-shop-canary' }

/** What users set themselves, by the configuration of the router. */
interface AnnotatedColor extends Omit<ColorCase, 'drive'> {
  readonly traffic: Traffic
  readonly annotations: Annotations
}

const none: Traffic = { canary: 0, total: 100 }
const all: Traffic = { canary: 100, total: 100 }

const annotatedColors: readonly AnnotatedColor[] = [
  {
    name: 'header always, never',
    traffic: none,
    annotations: { 'canary-by-header': 'X-Canary' },
    requests: [
      { headers: { 'x-canary': 'always' }, goesTo: 'canary' },
      { headers: { 'x-canary': 'never' }, goesTo: 'stable' },
      { headers: { 'x-canary': 'Always' }, goesTo: 'stable' },
      { headers: {}, goesTo: 'stable' },
    ],
  },
  {
    name: 'header never, all weight',
    traffic: all,
    annotations: { 'canary-by-header': 'X-Canary' },
    requests: [
      { headers: { 'x-canary': 'never' }, goesTo: 'stable' },
      { headers: { 'x-canary': 'Never' }, goesTo: 'canary' },
      { headers: {}, goesTo: 'canary' },
    ],
  },
  {
    name: 'cookie always, never',
    traffic: none,
    annotations: { 'canary-by-cookie': 'canary-user' },
    requests: [
      { headers: { cookie: 'canary-user=always' }, goesTo: 'canary' },
      { headers: { cookie: 'a=b; canary-user=always; c=d' }, goesTo: 'canary' },
      { headers: { cookie: 'xcanary-user=always' }, goesTo: 'stable' },
      { headers: { cookie: 'canary-user=always2' }, goesTo: 'stable' },
      { headers: { cookie: 'canary-user=never' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'header before cookie before weight',
    traffic: all,
    annotations: { 'canary-by-header': 'X-Canary', 'canary-by-cookie': 'canary-user' },
    requests: [
      { headers: { 'x-canary': 'never', cookie: 'canary-user=always' }, goesTo: 'stable' },
      { headers: { 'x-canary': 'always', cookie: 'canary-user=never' }, goesTo: 'canary' },
      { headers: { 'x-canary': 'maybe', cookie: 'canary-user=never' }, goesTo: 'stable' },
      { headers: { cookie: 'canary-user=maybe' }, goesTo: 'canary' },
    ],
  },
]

const stableIngress = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: STABLE_INGRESS, namespace: NAMESPACE },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host: HOST,
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: STABLE_SERVICE, port: { number: 80 } } } },
          ],
        },
      },
    ],
  },
}

interface Wanted {
  readonly traffic: Traffic
  readonly routes?: readonly ManagedRoute[]
  readonly annotations?: Annotations
}

async function writeCanary(client: KubeClient, nginx: RunningNginx, { traffic, routes = [], annotations }: Wanted) {
  const { canary, total } = traffic
  const config = {
    stableIngress: STABLE_INGRESS,
    ...(annotations ? { additionalIngressAnnotations: annotations } : {}),
  }
  const router = openRouter('nginx', config, await contextOf(client, total))
  const intent = { canary, stable: total - canary, additional: [], managedRoutes: routes }
  const { programmedCanary, problem } = await routeTraffic(client, router, intent)
  if (problem !== undefined || programmedCanary !== canary) throw new Error(problem ?? `the weight is not ${canary}`)
  const written = await client.get(canaryIngressRef)
  const isServed = () => nginx.servedVersion(NAMESPACE, canaryIngressRef.name) === written?.metadata.resourceVersion
  await waitFor(isServed, { clock, what: 'the canary Ingress to be served', withinMs: SERVED_WITHIN_MS, everyMs: 5 })
}

/** In a cluster of its own. Everything that was started is in `stops`. */
export async function startDrivenNginx({ program, stops }: DrivenOptions): Promise<DrivenProxy> {
  const client = await startProxyCluster(stops)
  const directory = await mkdtemp(join(tmpdir(), 'penstock-nginx-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  const nginx = await startNginxIngress({ client, clock, random, log, program, directory })
  stops.add(() => nginx.stop())
  await client.create(ingresses, stableIngress)
  let isAnnotated = false
  const drive = async (wanted: Wanted): Promise<void> => {
    // What the configuration does not name any more stays on the Ingress, so the next one starts without.
    if (isAnnotated) await client.delete(canaryIngressRef)
    isAnnotated = wanted.annotations !== undefined
    await writeCanary(client, nginx, wanted)
  }
  return {
    name: 'nginx',
    client,
    url: nginx.url,
    colors: [
      ...routedColors.map(({ name, route, requests }) => ({
        name,
        requests,
        drive: () => drive({ traffic: none, routes: [route] }),
      })),
      ...annotatedColors.map(({ name, traffic, annotations, requests }) => ({
        name,
        requests,
        drive: () => drive({ traffic, annotations }),
      })),
    ],
    reloads: nginx.reloads,
    drive: (traffic) => drive({ traffic }),
  }
}
