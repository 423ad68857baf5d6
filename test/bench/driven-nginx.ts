/**
 * nginx, driven by a canary Ingress beside the user's own. The canary is written as people and routers write it: whole, under a name of its own, with
 * the annotations of ingress-nginx.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeClient } from '../../controller/kube/client.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { silentLogger as log } from '../../controller/runtime/log.ts'
import { systemRandom as random } from '../../controller/runtime/random.ts'
import { type RunningNginx, startNginxIngress } from '../../sandbox/proxies/nginx/nginx.ts'
import { ingresses } from '../../sandbox/proxies/nginx/objects.ts'
import { waitFor } from '../../sandbox/wait.ts'
import type { ColorCase, DrivenOptions, DrivenProxy, Traffic } from './driven-proxy.ts'
import { CANARY_SERVICE, HOST, NAMESPACE, STABLE_SERVICE, startProxyCluster } from './proxy-cluster.ts'

type Annotations = Readonly<Record<string, string>>

const SERVED_WITHIN_MS = 20_000

interface Color extends Omit<ColorCase, 'drive'> {
  readonly traffic: Traffic
  readonly annotations: Annotations
}

const none: Traffic = { canary: 0, total: 100 }
const all: Traffic = { canary: 100, total: 100 }

const colors: readonly Color[] = [
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
    name: 'header exact',
    traffic: none,
    annotations: { 'canary-by-header': 'X-Version', 'canary-by-header-value': 'v2.0 "b"' },
    requests: [
      { headers: { 'x-version': 'v2.0 "b"' }, goesTo: 'canary' },
      { headers: { 'x-version': 'v2x0 "b"' }, goesTo: 'stable' },
      { headers: { 'x-version': 'always' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'header regex',
    traffic: none,
    annotations: { 'canary-by-header': 'X-Region', 'canary-by-header-pattern': '^eu-(west|north)-\\d+$' },
    requests: [
      { headers: { 'x-region': 'eu-north-12' }, goesTo: 'canary' },
      { headers: { 'x-region': 'eu-south-1' }, goesTo: 'stable' },
      { headers: { 'x-region': 'always' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'cookie',
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

const renderIngress = (name: string, service: string, annotations: Annotations) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: {
    name,
    namespace: NAMESPACE,
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
    ),
  },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host: HOST,
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }],
        },
      },
    ],
  },
})

async function writeIngress(client: KubeClient, nginx: RunningNginx, ingress: ReturnType<typeof renderIngress>) {
  const { name } = ingress.metadata
  const ref = { kind: ingresses, namespace: NAMESPACE, name }
  await client.patch(ref, 'apply', ingress, { fieldManager: 'bench', force: true })
  const written = await client.get(ref)
  await waitFor(() => nginx.servedVersion(NAMESPACE, name) === written?.metadata.resourceVersion, {
    clock,
    what: 'the Ingress to be served',
    withinMs: SERVED_WITHIN_MS,
    everyMs: 5,
  })
}

/** In a cluster of its own. Everything that was started is in `stops`. */
export async function startDrivenNginx({ program, stops }: DrivenOptions): Promise<DrivenProxy> {
  const client = await startProxyCluster(stops)
  const directory = await mkdtemp(join(tmpdir(), 'penstock-nginx-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  const nginx = await startNginxIngress({ client, clock, random, log, program, directory })
  stops.add(() => nginx.stop())
  await writeIngress(client, nginx, renderIngress('shop', STABLE_SERVICE, {}))
  const writeCanary = ({ canary, total }: Traffic, annotations: Annotations) =>
    writeIngress(
      client,
      nginx,
      renderIngress('shop-shop-canary', CANARY_SERVICE, {
        canary: 'true',
        'canary-weight': String(canary),
        'canary-weight-total': String(total),
        ...annotations,
      }),
    )
  return {
    name: 'nginx',
    client,
    url: nginx.url,
    colors: colors.map(({ name, traffic, annotations, requests }) => ({
      name,
      requests,
      drive: () => writeCanary(traffic, annotations),
    })),
    reloads: nginx.reloads,
    drive: (traffic) => writeCanary(traffic, {}),
  }
}
