/**
 * The shipped reconciler on a whole small cluster in this process: embedded API server, node with its controllers, real time. Its client can be
 * made to fail.
 */
import { readFileSync } from 'node:fs'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Pod } from '../../../controller/api/pod.ts'
import type { ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { declareRolloutMetrics } from '../../../controller/reconcile/rollout-metrics.ts'
import { createRolloutController } from '../../../controller/rollout-controller.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import type { OutsideStore } from '../../../controller/traffic/outside.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { withCluster } from '../sandbox-node/cluster.ts'
import { waitFor } from '../sandbox-node/waiting.ts'

export { waitFor }
export const NAMESPACE = 'default'
const crd = '../../../charts/penstock/crds/rollouts.argoproj.io.yaml'

export interface Live {
  /** As admin. */
  readonly client: KubeClient
  /** Reasons and messages of the events that the controller recorded. */
  readonly told: readonly string[]
  /** Requests of the controller for pods: verb and name. */
  readonly podRequests: readonly string[]
  create(kind: Parameters<KubeClient['create']>[0], object: KubeObject): Promise<void>
  patch(kind: Parameters<KubeClient['create']>[0], name: string, body: object): Promise<void>
  rollout(): Promise<Rollout>
  replicaSets(): Promise<readonly ReplicaSet[]>
  /** Those that are not on their way out. */
  pods(): Promise<readonly Pod[]>
  /** What keeps the controller from being ready, in words: kinds that this cluster does not serve are among it. */
  unready(): string
}

/**
 * @param limit wraps the controller's client: what it may do, and what goes wrong
 * @param crds of third parties: files, relative to this one
 * @param stores of what lives outside the cluster; who opened them stops them
 */
export async function withController(
  check: (live: Live) => Promise<void>,
  limit: (client: KubeClient) => KubeClient = (client) => client,
  crds: readonly string[] = [],
  stores: readonly OutsideStore[] = [],
): Promise<void> {
  await withCluster(async ({ server, client, list, read }) => {
    const files = [crd, ...crds]
    const manifests = files.flatMap((file) =>
      parseManifests(readFileSync(new URL(file, import.meta.url), 'utf8'), file),
    )
    for (const manifest of manifests) await applyManifest(client, manifest, 'test')
    const told: string[] = []
    const podRequests: string[] = []
    const ports = {
      client: limit(watchingPods(server.client({ userAgent: 'penstock' }), podRequests)),
      clock: systemClock,
      random: seededRandom(1),
      log: silentLogger,
    }
    const informers = createInformers(ports)
    const caches = openCaches(informers, { stores })
    const registry = createMetricRegistry()
    const deps = {
      ...ports,
      caches,
      events: {
        record: (_: unknown, __: unknown, reason: string, message: string) => void told.push(`${reason} ${message}`),
        flush: async () => {},
        stop: async () => {},
      },
      fence: createFence({ clock: systemClock, log: silentLogger, client: ports.client, caches: informers }),
      metrics: declareRolloutMetrics(registry),
      observe: { caches, now: () => systemClock.now(), compat: 'strict' as const, notices: false },
    }
    const controller = createRolloutController({ deps, caches, concurrency: 1, registry })
    informers.start()
    await waitFor(
      'the caches to fill',
      () => caches.rollouts.resourceVersion() !== '' && caches.services.resourceVersion() !== '',
    )
    controller.start()
    try {
      await check({
        client,
        told,
        podRequests,
        create: async (kind, object) => void (await client.create(kind, object)),
        patch: async (kind, name, body) =>
          void (await client.patch({ kind, namespace: NAMESPACE, name }, 'merge', body)),
        rollout: () => read<Rollout>(kinds.rollouts, 'shop'),
        replicaSets: () => list<ReplicaSet>(kinds.replicaSets),
        pods: async () => (await list<Pod>(kinds.pods)).filter((pod) => pod.metadata.deletionTimestamp === undefined),
        unready: () => informers.unready() ?? '',
      })
    } finally {
      await controller.stop()
      await informers.stop()
    }
  })
}

/** Notes what is asked about pods, which nobody should do without need. */
const watchingPods = (client: KubeClient, requests: string[]): KubeClient => ({
  ...client,
  list: (kind, options) => {
    if (kind === kinds.pods) requests.push('list')
    return client.list(kind, options)
  },
  patch: (ref, patch, body, options) => {
    if (ref.kind === kinds.pods) requests.push(`patch ${ref.name}`)
    return client.patch(ref, patch, body, options)
  },
  postSubresource: (ref, subresource, body, options) => {
    requests.push(`${subresource} ${ref.name}`)
    return client.postSubresource(ref, subresource, body, options)
  },
})

export const shop = (spec: Partial<Rollout['spec']>): Rollout => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'shop', namespace: NAMESPACE },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'shop' } },
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } },
    strategy: { canary: { maxUnavailable: 1, maxSurge: 1 } },
    ...spec,
  },
})
