/**
 * A guide's manifests on the sandbox as its reader has it: embedded cluster with pods that are processes, its gateway, and the shipped rollout
 * controller, in this process. It applies files and sends requests; what they must answer is the test's business.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import type { Pod } from '../../../controller/api/pod.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { abortPatches, type ClientPatch, promotePatches } from '../../../controller/argo/client-patches.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { httpRoutes, pods, rollouts } from '../../../controller/kube/kinds.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { declareRolloutMetrics } from '../../../controller/reconcile/rollout-metrics.ts'
import { createRolloutController } from '../../../controller/rollout-controller.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { silentLogger as log } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { systemRandom as random } from '../../../controller/runtime/random.ts'
import { startCluster } from '../../../sandbox/cluster.ts'
import type { HttpRoute } from '../../../sandbox/gateway/objects.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'
import { findProxies, type ProxyName } from '../../../sandbox/proxies/programs.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'

const NAMESPACE = 'default'
const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface GuideCluster {
  readonly client: KubeClient
  /** Applies a file of the repository, changed as the guide's `sed` does. */
  apply(path: string, change?: (text: string) => string): Promise<void>
  promote(): Promise<void>
  abort(): Promise<void>
  patch(body: object): Promise<void>
  rollout(): Promise<Rollout>
  route(name: string): Promise<HttpRoute>
  /** Those that are not on their way out. */
  pods(): Promise<readonly Pod[]>
  until(what: string, holds: (rollout: Rollout) => boolean | Promise<boolean>): Promise<void>
  /** One request through the gateway; the answer's first line. */
  ask(headers: Readonly<Record<string, string>>): Promise<string>
}

/** @param through a real proxy in the place of the gateway */
export async function withGuideCluster(
  name: string,
  check: (cluster: GuideCluster) => Promise<void>,
  through?: ProxyName,
): Promise<void> {
  const stops = createStopList()
  try {
    const workingDirectory = await mkdtemp(join(tmpdir(), 'penstock-guide-'))
    stops.add(() => rm(workingDirectory, { recursive: true, force: true }))
    const proxies = through ? { proxies: await findProxies(process.env) } : {}
    const cluster = await startCluster({ log, workingDirectory, ...proxies })
    stops.add(() => cluster.stop())
    const controller = await startController(cluster.client)
    stops.add(() => controller.stop())
    const agent = new Agent()
    stops.add(() => agent.close())
    const { url = '' } = (through ? cluster.proxies?.[through] : cluster.gateway) ?? {}
    await check(open(cluster.client, url, { name, agent }))
  } finally {
    await stops.run()
  }
}

/** As it ships, but for the Lease and the log. */
async function startController(client: KubeClient): Promise<{ stop(): Promise<void> }> {
  const ports = { client, clock, random, log }
  const informers = createInformers(ports)
  const caches = openCaches(informers)
  const registry = createMetricRegistry()
  const controller = createRolloutController({
    caches,
    concurrency: 1,
    registry,
    deps: {
      ...ports,
      caches,
      events: { record: () => {}, flush: async () => {}, stop: async () => {} },
      fence: createFence({ clock, log, client, caches: informers }),
      metrics: declareRolloutMetrics(registry),
      observe: { caches, now: () => clock.now(), compat: 'strict', notices: false },
    },
  })
  informers.start()
  await waitFor(() => informers.hasSynced(), { clock, what: 'the caches to fill', withinMs: 30_000 })
  controller.start()
  return {
    async stop() {
      await controller.stop()
      await informers.stop()
    },
  }
}

function open(
  client: KubeClient,
  gatewayUrl: string,
  { name, agent }: { readonly name: string; readonly agent: Agent },
): GuideCluster {
  const ref = { kind: rollouts, namespace: NAMESPACE, name }
  async function rollout(): Promise<Rollout> {
    const found = await client.get<Rollout>(ref)
    if (!found) throw new Error(`Rollout ${name} does not exist`)
    return found
  }
  async function send(patches: readonly ClientPatch[]): Promise<void> {
    for (const { kind, body, subresource } of patches)
      await client.patch(ref, kind, body as object, subresource ? { subresource } : {})
  }
  return {
    client,
    async apply(path, change = (text) => text) {
      const text = change(await readFile(join(root, path), 'utf8'))
      for (const manifest of parseManifests(text, path)) {
        const placed = { ...manifest, metadata: { namespace: NAMESPACE, ...manifest.metadata } }
        await applyManifest(client, manifest.kind === 'GatewayClass' ? manifest : placed, 'kubectl')
      }
    },
    promote: async () => send(promotePatches(await rollout())),
    abort: async () => send(abortPatches()),
    patch: async (body) => void (await client.patch(ref, 'merge', body)),
    rollout,
    async route(of) {
      const found = await client.get<HttpRoute>({ kind: httpRoutes, namespace: NAMESPACE, name: of })
      if (!found) throw new Error(`HTTPRoute ${of} does not exist`)
      return found
    },
    async pods() {
      const { items } = await client.list<Pod>(pods, { namespace: NAMESPACE })
      return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    },
    async until(what, holds) {
      await waitFor(async () => holds(await rollout()), { clock, what, withinMs: 60_000 })
    },
    async ask(headers) {
      const { body } = await request(gatewayUrl, { headers, dispatcher: agent })
      return (await body.text()).trim()
    },
  }
}
