/**
 * The smallest cluster that a proxy can be driven in: the embedded API server, the objects of the story and real HTTP servers behind its Services, whose
 * addresses stand in EndpointSlices. Nobody drives its Rollout, which is there to own what routers make.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { KubeClient } from '../../controller/kube/client.ts'
import { apiVersionOf, endpointSlices, rollouts } from '../../controller/kube/kinds.ts'
import type { RouterContext } from '../../controller/traffic/router.ts'
import { createApiServer } from '../../sandbox/api-server/server.ts'
import { HASH_HEADER } from '../../sandbox/gateway/proxy.ts'
import { applyManifest, readManifests } from '../../sandbox/manifests.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { routerContext } from '../builders/router.ts'
import { COLOR_ROUTE } from './proxy-colors.ts'

/** As the story's manifests name them. */
export const NAMESPACE = 'shop'
export const ROLLOUT = 'shop'
export const HOST = 'shop.example'
export const STABLE_SERVICE = 'shop-stable'
export const CANARY_SERVICE = 'shop-canary'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** Three pods: two of stable, one of the canary. */
export async function startProxyCluster(stops: StopList): Promise<KubeClient> {
  const server = createApiServer()
  stops.add(() => server.close())
  const client = server.client()
  for (const directory of ['../../charts/penstock/crds', '../../sandbox/crds', '../../sandbox/story'])
    for (const manifest of await readManifests(pathOf(directory))) await applyManifest(client, manifest, 'bench')
  await applyPod(client, 'stable-1', STABLE_SERVICE, await startPod('stable', stops))
  await applyPod(client, 'stable-2', STABLE_SERVICE, await startPod('stable', stops))
  await applyPod(client, 'canary-1', CANARY_SERVICE, await startPod('canary', stops))
  return client
}

/** What a router is to be asked with, for the story's Rollout. */
export async function contextOf(client: KubeClient, maxWeight: number): Promise<RouterContext> {
  const rollout = await client.get({ kind: rollouts, namespace: NAMESPACE, name: ROLLOUT })
  const owner = {
    apiVersion: apiVersionOf(rollouts),
    kind: rollouts.kind,
    name: ROLLOUT,
    uid: rollout?.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
  return routerContext({
    namespace: NAMESPACE,
    rollout: ROLLOUT,
    owner,
    stableService: STABLE_SERVICE,
    canaryService: CANARY_SERVICE,
    maxWeight,
    managedRouteNames: [COLOR_ROUTE],
  })
}

/** Answers with its revision, and with what it was sent as the body. */
export async function startPod(revision: string, stops: StopList): Promise<number> {
  const server: Server = createServer(({ method, url, headers }, response) => {
    response.writeHead(200, { [HASH_HEADER]: revision, 'content-type': 'application/json' })
    response.end(JSON.stringify({ method, url, headers }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.add(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** A slice of its own for each pod: on one loopback address they differ by port. */
export async function applyPod(client: KubeClient, name: string, service: string, port: number): Promise<void> {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  }
  const ref = { kind: endpointSlices, namespace: NAMESPACE, name }
  await client.patch(ref, 'apply', slice, { fieldManager: 'bench', force: true })
}
