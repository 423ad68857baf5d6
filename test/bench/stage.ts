/**
 * What every suite needs: the embedded cluster in this process with pods that answer, a number of canaries, and the controller as a process of
 * its own. It measures nothing; what it started is in the caller's stop list.
 */

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout } from '../../controller/api/rollout.ts'
import type { ObjectCache } from '../../controller/kube/cache.ts'
import type { KubeClient, ResourceKind } from '../../controller/kube/client.ts'
import { createInformers } from '../../controller/kube/informers.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { systemRandom as random } from '../../controller/runtime/random.ts'
import { type Cluster, startCluster } from '../../sandbox/cluster.ts'
import { asShipped, bundleController } from '../../sandbox/controller-bundle.ts'
import type { RunningGateway } from '../../sandbox/gateway/gateway.ts'
import type { HttpRoute } from '../../sandbox/gateway/objects.ts'
import { applyManifest, type Manifest, parseManifests } from '../../sandbox/manifests.ts'
import { createStopList, type StopList } from '../../sandbox/stop-list.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { type BenchController, startController } from './controller.ts'
import { imageOf, NAMESPACE, nameOf, platform, renderContainer } from './manifests.ts'
import { type Pod, servePods } from './pod-servers.ts'

export interface StageOptions {
  readonly rollouts: number
  /** All that one Rollout needs, itself included. */
  readonly manifests: (name: string) => readonly Manifest[]
  readonly stops: StopList
  readonly say: (text: string) => void
  /** Runs this file instead of a fresh bundle of the sources. */
  readonly bundle?: string
  /** As the image starts it when absent. */
  readonly nodeFlags?: readonly string[]
  readonly controllerFlags?: readonly string[]
  /** False: pods are there and answer nobody. */
  readonly isServed?: boolean
  /** What a pod answers the next request with; 200 when absent. */
  readonly codeOf?: (pod: Pod) => number
  /** Of a router's kinds that are no part of the embedded cluster: their definitions, the objects of one Rollout, and what is to be seen of them. */
  readonly routed?: {
    readonly crds?: URL
    readonly objects: (name: string) => readonly (readonly [ResourceKind, KubeObject])[]
    readonly kind: ResourceKind
  }
}

export interface Stage {
  /** Holds the kubeconfig, tokens and logs; removed in the end. */
  readonly directory: string
  readonly cluster: Cluster
  readonly gateway: RunningGateway
  readonly controller: BenchController
  /** Ends the controller and starts it again with these flags and no others of the suite's. */
  restartController(flags: readonly string[]): Promise<void>
  /** As if its node had died: SIGKILL, and after `downMs` another process with the flags of the first. Resolves once that one leads. */
  killController(downMs: number): Promise<void>
  readonly names: readonly string[]
  readonly caches: {
    readonly rollouts: ObjectCache<Rollout>
    readonly replicaSets: ObjectCache<ReplicaSet>
    readonly routes: ObjectCache<HttpRoute>
    /** Of `routed.kind`; empty without. */
    readonly routed: ObjectCache<KubeObject> | undefined
  }
  rollout(name: string): Rollout
  /** The spec change of a release. */
  setImage(name: string, version: number): Promise<Rollout>
  /** Until every Rollout satisfies `isSo`; rejects naming those that do not. */
  untilAll(what: string, isSo: (rollout: Rollout) => boolean): Promise<void>
}

const START_AFTER_KILL_WITHIN_MS = 120_000
/** A first deployment takes about seven writes; a machine with other work does a few dozen a second. */
const settleWithinMs = (rollouts: number): number => 120_000 + rollouts * 600

/** Runs `use` on a stage of its own, which is gone when this resolves or rejects, or when the caller's stop list runs. */
export async function withStage<T>(
  options: StageOptions,
  use: (stage: Stage, stops: StopList) => Promise<T>,
): Promise<T> {
  const stops = createStopList()
  options.stops.add(() => stops.run())
  try {
    return await use(await buildStage({ ...options, stops }), stops)
  } finally {
    await stops.run()
  }
}

async function buildStage(options: StageOptions): Promise<Stage> {
  const { stops, say } = options
  const directory = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  const workingDirectory = join(directory, 'pods')
  await mkdir(workingDirectory)
  say(`starting the cluster, the controller and ${options.rollouts} rollouts`)
  const bundle = options.bundle ?? (await bundleController(directory))
  const cluster = await startCluster({ log: silentLogger, workingDirectory })
  stops.add(() => cluster.stop())
  const { client, gateway } = cluster
  if (!gateway) throw new Error('the cluster has no gateway')

  const { routed } = options
  if (routed?.crds)
    for (const crd of parseManifests(await readFile(routed.crds, 'utf8'), routed.crds.pathname))
      await applyManifest(client, crd, 'bench')
  const informers = createInformers({ client, clock, random, log: silentLogger })
  const caches = {
    rollouts: informers.for<Rollout>(kinds.rollouts),
    replicaSets: informers.for<ReplicaSet>(kinds.replicaSets),
    routes: informers.for<HttpRoute>(kinds.httpRoutes),
    routed: routed && informers.for<KubeObject>(routed.kind),
  }
  if (options.isServed !== false) stops.add(servePods(informers.for<Pod>(kinds.pods), options.codeOf))
  informers.start()
  stops.add(() => informers.stop())

  for (const manifest of platform) await applyManifest(client, manifest, 'bench')
  const kubeconfig = join(directory, 'kubeconfig')
  await cluster.writeKubeconfig(kubeconfig)
  const { nodeFlags = asShipped.nodeFlags } = options
  const start = (flags: readonly string[], limit: { readonly startWithinMs?: number } = {}): Promise<BenchController> =>
    startController({ directory, kubeconfig, leaseNamespace: NAMESPACE, bundle, nodeFlags, flags, ...limit })
  let controller = await start(options.controllerFlags ?? [])
  stops.add(() => controller.stop())

  const names = Array.from({ length: options.rollouts }, (_, index) => nameOf(index))
  for (const name of names) {
    for (const [kind, object] of routed?.objects(name) ?? []) await createWithStatus(client, kind, object)
    for (const manifest of options.manifests(name)) await applyManifest(client, manifest, 'bench')
  }
  const stage: Stage = {
    directory,
    cluster,
    gateway,
    get controller() {
      return controller
    },
    async restartController(flags) {
      await controller.stop()
      controller = await start(flags)
    },
    async killController(downMs) {
      await controller.kill()
      await clock.sleep(downMs)
      controller = await start(options.controllerFlags ?? [], { startWithinMs: START_AFTER_KILL_WITHIN_MS })
    },
    names,
    caches,
    rollout(name) {
      const rollout = caches.rollouts.get(NAMESPACE, name)
      if (!rollout) throw new Error(`Rollout "${name}" is gone`)
      return rollout
    },
    setImage(name, version) {
      const template = { spec: { containers: [renderContainer(imageOf(version))] } }
      const ref = { kind: kinds.rollouts, namespace: NAMESPACE, name }
      return client.patch<Rollout>(ref, 'merge', { spec: { template } })
    },
    async untilAll(what, isSo) {
      const missing = (): readonly string[] => names.filter((name) => !isSo(stage.rollout(name)))
      const withinMs = settleWithinMs(names.length)
      await waitFor(() => missing().length === 0, { clock, what, withinMs }).catch(() => {
        throw new Error(`waited ${withinMs / 1000} s for ${what}; not so: ${missing().slice(0, 20).join(', ')}`)
      })
    },
  }
  await waitFor(() => caches.rollouts.size() === names.length, { clock, what: 'the rollouts', withinMs: 10_000 })
  await stage.untilAll('the first deployment', (rollout) => isSettled(rollout, 'Healthy'))
  return stage
}

/** A status that comes with a new object is dropped, as by every API server. */
async function createWithStatus(client: KubeClient, kind: ResourceKind, object: KubeObject): Promise<void> {
  const { status } = object as { readonly status?: object }
  await client.create(kind, object)
  if (status) await client.patch(kinds.refOf(kind, object), 'merge', { status }, { subresource: 'status' })
}

/** The phase is reached, and it is about the spec as it is now. */
export const isSettled = (rollout: Rollout, phase: string): boolean =>
  rollout.status?.phase === phase && String(rollout.metadata.generation) === rollout.status.observedGeneration
