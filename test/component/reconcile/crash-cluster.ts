/**
 * The shipped reconciler on the in-process API server, on virtual time, with pods that are ready at once, and a client that can die at any write.
 * A story is told as stages: when something has come true, somebody does something. The same story told to a controller that dies and is started
 * again must end the same.
 */
import { readFileSync } from 'node:fs'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ReplicaSet, Rollout, RolloutStatus, Service } from '../../../controller/api/rollout.ts'
import { type KubeClient, KubeError, type ObjectRef, type ResourceKind } from '../../../controller/kube/client.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { declareRolloutMetrics } from '../../../controller/reconcile/rollout-metrics.ts'
import { createRolloutController } from '../../../controller/rollout-controller.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'

const NAMESPACE = 'web'
const crdFiles = [
  '../../../charts/penstock/crds/rollouts.argoproj.io.yaml',
  '../../../charts/penstock/crds/analysisruns.argoproj.io.yaml',
  '../../../charts/penstock/crds/analysistemplates.argoproj.io.yaml',
  '../../../charts/penstock/crds/clusteranalysistemplates.argoproj.io.yaml',
  '../../../charts/penstock/crds/experiments.argoproj.io.yaml',
  '../../../sandbox/crds/gateway-api.yaml',
]
export const definitions = crdFiles.flatMap((file) =>
  parseManifests(readFileSync(new URL(file, import.meta.url), 'utf8'), file),
)

/** The write, counted from 1, at which the controller dies, and whether that write still takes effect. */
export interface Crash {
  readonly atWrite: number
  readonly applied: boolean
}

export interface Stage {
  readonly when: (status: RolloutStatus) => boolean
  readonly act: (cluster: Cluster) => Promise<unknown>
}

export interface Story {
  readonly rollout: Rollout
  readonly objects?: readonly KubeObject[]
  readonly stages: readonly Stage[]
  readonly isOver: (status: RolloutStatus) => boolean
}

export interface Cluster {
  readonly client: KubeClient
  patchStatus(status: object): Promise<unknown>
  setImage(image: string): Promise<unknown>
  endRuns(phase: string): Promise<unknown>
}

export interface Ending {
  readonly state: unknown
  /** `create` and `delete` of objects, sorted. */
  readonly births: readonly string[]
  readonly writes: readonly string[]
  /** Number of writes before anybody did anything: the first deploy. */
  readonly deployWrites: number
}

const dead = (request: string): KubeError => new KubeError({ code: 0, reason: 'ConnectionLost' }, request)

/** Counts writes and dies at one of them; from then on nothing gets through. */
export function createMortalClient(client: KubeClient, writes: string[], births: string[], crash: Crash | undefined) {
  let isDead = false
  const check = (request: string): void => {
    if (isDead) throw dead(request)
  }
  async function write<T>(verb: string, ref: ObjectRef, perform: () => Promise<T>): Promise<T> {
    const request = `${verb} ${ref.kind.plural}/${ref.name}`
    check(request)
    writes.push(request)
    isDead = crash !== undefined && writes.length === crash.atWrite
    if (isDead && crash?.applied === false) throw dead(request)
    const answer = await perform()
    if (verb !== 'patch') births.push(request)
    check(request)
    return answer
  }
  const mortal: KubeClient = {
    ...client,
    async get<T extends KubeObject>(ref: ObjectRef) {
      check('get')
      return client.get<T>(ref)
    },
    async list<T extends KubeObject>(kind: ResourceKind, options?: Parameters<KubeClient['list']>[1]) {
      check('list')
      return client.list<T>(kind, options)
    },
    create: (kind, object, options) =>
      write('create', { kind, name: object.metadata.name }, () => client.create(kind, object, options)),
    patch: (ref, patch, body, options) => write('patch', ref, () => client.patch(ref, patch, body, options)),
    delete: (ref, options) => write('delete', ref, () => client.delete(ref, options)),
  }
  return { client: mortal, isDead: () => isDead }
}

/** Tells the story to the end; with a crash the controller is started again with an empty memory. */
export async function tell(story: Story, crash?: Crash): Promise<Ending> {
  const clock = createFakeClock()
  let uids = 0
  const nextUid = (): string => {
    uids += 1
    return `uid-${uids}`
  }
  const server = createApiServer({
    clock: { now: () => clock.now(), setTimer: (run, delayMs) => clock.setTimer(delayMs, run) },
    newUid: nextUid,
  })
  const client = server.client()
  for (const definition of definitions) await applyManifest(client, definition, 'test')
  await clock.settle()
  await client.create(kinds.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  } as KubeObject)
  for (const object of story.objects ?? []) await client.create(kindOf(object), object)
  await client.create(kinds.rollouts, story.rollout)

  const writes: string[] = []
  const births: string[] = []
  const cluster = createCluster(client)
  let crashes = crash
  let controller = await startController()
  let stage = 0
  let deployWrites = 0
  let quietTicks = 0

  async function startController() {
    const mortal = createMortalClient(client, writes, births, crashes)
    const ports = { client: mortal.client, clock, random: seededRandom(1), log: silentLogger }
    const informers = createInformers(ports)
    const caches = openCaches(informers)
    const registry = createMetricRegistry()
    const events = { record() {}, flush: async () => {}, stop: async () => {} }
    const deps = {
      ...ports,
      caches,
      events,
      fence: createFence({ clock, log: silentLogger, client: mortal.client, caches: informers }),
      metrics: declareRolloutMetrics(registry),
      observe: { caches, now: () => clock.now(), compat: 'strict' as const, notices: true },
    }
    const rollouts = createRolloutController({ deps, caches, concurrency: 1, registry })
    informers.start()
    while (!informers.hasSynced()) await clock.settle()
    rollouts.start()
    return {
      isDead: mortal.isDead,
      async stop() {
        const stopped = Promise.all([rollouts.stop(), informers.stop()])
        await clock.advance(1_000)
        await stopped
      },
    }
  }

  for (let tick = 0; tick < 400 && quietTicks < 8; tick++) {
    await clock.advance(500)
    if (controller.isDead()) {
      await controller.stop()
      crashes = undefined
      controller = await startController()
      quietTicks = 0
    }
    await playPods(client)
    const before = writes.length
    await clock.advance(500)
    const status = (await cluster.read())?.status ?? {}
    const next = story.stages[stage]
    if (next?.when(status)) {
      if (stage === 0) deployWrites = writes.length
      stage += 1
      await next.act(cluster)
    }
    quietTicks = stage === story.stages.length && story.isOver(status) && writes.length === before ? quietTicks + 1 : 0
  }
  const state = await describe(client)
  await controller.stop()
  await server.close()
  if (quietTicks < 8) throw new Error(`the story did not end: ${JSON.stringify(state)}`)
  return { state, births: [...births].sort(), writes, deployWrites }
}

const kindOf = (object: KubeObject): ResourceKind => {
  const kind = [kinds.services, kinds.httpRoutes, kinds.analysisTemplates].find((one) => one.kind === object.kind)
  if (!kind) throw new Error(`${object.kind} is not part of these stories`)
  return kind
}

function createCluster(client: KubeClient) {
  const ref = { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }
  const patchStatus = (status: object) => client.patch(ref, 'merge', { status }, { subresource: 'status' })
  return {
    client,
    patchStatus,
    read: () => client.get<Rollout>(ref),
    setImage: (image: string) =>
      client.patch(ref, 'merge', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } }),
    async endRuns(phase: string) {
      const { items } = await client.list(kinds.analysisRuns, { namespace: NAMESPACE })
      for (const run of items) await client.patch(kinds.refOf(kinds.analysisRuns, run), 'merge', { status: { phase } })
    },
  }
}

/** Every pod that is asked for is ready at once, and EndpointSlices say so. */
export async function playPods(client: KubeClient): Promise<void> {
  const sets = (await client.list<ReplicaSet>(kinds.replicaSets, { namespace: NAMESPACE })).items
  for (const rs of sets) {
    const replicas = rs.spec.replicas ?? 0
    if ((rs.status?.availableReplicas ?? 0) === replicas) continue
    const status = { replicas, readyReplicas: replicas, availableReplicas: replicas }
    await client.patch(kinds.refOf(kinds.replicaSets, rs), 'merge', { status }, { subresource: 'status' })
  }
  for (const service of (await client.list<Service>(kinds.services, { namespace: NAMESPACE })).items) {
    const hash = service.spec.selector?.[POD_TEMPLATE_HASH]
    const pods = sets
      .filter((rs) => hash === undefined || rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash)
      .flatMap((rs) => Array.from({ length: rs.spec.replicas ?? 0 }, (_, at) => `${rs.metadata.name}-aaaa${at}`))
    const { name } = service.metadata
    const endpoints = pods.map((pod, at) => ({
      addresses: [`10.0.0.${at + 1}`],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: NAMESPACE, name: pod },
    }))
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [],
      endpoints,
    }
    await client.patch(kinds.refOf(kinds.endpointSlices, slice), 'apply', slice, { fieldManager: 'pods', force: true })
  }
}

/** What must not depend on crashes: sizes, selectors, weights, status without times. */
async function describe(client: KubeClient): Promise<unknown> {
  const options = { namespace: NAMESPACE }
  const sets = (await client.list<ReplicaSet>(kinds.replicaSets, options)).items
  const services = (await client.list<Service>(kinds.services, options)).items
  const routes = (await client.list<KubeObject & { spec: unknown }>(kinds.httpRoutes, options)).items
  const runs = (await client.list<KubeObject & { status?: { phase?: string } }>(kinds.analysisRuns, options)).items
  const status = (await client.get<Rollout>({ kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }))?.status ?? {}
  const { phase, message, abort, currentStepIndex, currentPodHash, stableRS, pauseConditions } = status
  return {
    sets: sets.map((rs) => [
      rs.metadata.name,
      rs.spec.replicas,
      rs.metadata.annotations?.['rollout.argoproj.io/revision'],
    ]),
    selectors: services.map((service) => [service.metadata.name, service.spec.selector]),
    routes: routes.map((route) => route.spec),
    runs: runs.map((run) => [run.metadata.name, run.status?.phase]),
    status: { phase, message, abort, currentStepIndex, currentPodHash, stableRS, pauses: pauseConditions?.length ?? 0 },
  }
}
