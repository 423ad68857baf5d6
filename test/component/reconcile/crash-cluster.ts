/**
 * The shipped controllers on the in-process API server, on virtual time, with pods that are ready at once, and a client that can die at any
 * write or see the world late. A story is told as stages: when something has come true, somebody does something. However it is told, it must end
 * the same.
 */
import { readFileSync } from 'node:fs'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import type { KubeClient, ResourceKind } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import type { HttpRequest, HttpResponse } from '../../../controller/runtime/http.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'
import { type Lateness, withLateWatch } from './late-watch.ts'
import { type Crash, createMortalClient } from './mortal-client.ts'
import { createPods, type PlayedPods } from './played-pods.ts'
import { withRival } from './rival.ts'
import { startControllers } from './shipped-controllers.ts'
import { type Left, readLeft, renderEnding } from './story-ending.ts'
import { judged } from './write-checks.ts'

const NAMESPACE = 'web'
const crdFiles = [
  '../../../charts/penstock/crds/rollouts.argoproj.io.yaml',
  '../../../charts/penstock/crds/analysisruns.argoproj.io.yaml',
  '../../../charts/penstock/crds/analysistemplates.argoproj.io.yaml',
  '../../../charts/penstock/crds/clusteranalysistemplates.argoproj.io.yaml',
  '../../../charts/penstock/crds/experiments.argoproj.io.yaml',
  '../../../sandbox/crds/gateway-api.yaml',
  '../../crds/networking.istio.io.yaml',
]
export const definitions = crdFiles.flatMap((file) =>
  parseManifests(readFileSync(new URL(file, import.meta.url), 'utf8'), file),
)

export interface Cluster {
  readonly client: KubeClient
  readonly clock: FakeClock
  readonly pods: PlayedPods
  patchStatus(status: object): Promise<unknown>
  patchSpec(spec: object): Promise<unknown>
  setImage(image: string): Promise<unknown>
  endRuns(phase: string): Promise<unknown>
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
  /** How it must end, in the lines of `renderEnding`. */
  readonly ending: readonly string[]
  /** What whoever step plugins call answers. */
  readonly answer?: (request: HttpRequest) => HttpResponse
}

/** What goes wrong while the story is told; nothing when absent. */
export interface Trouble {
  readonly crash?: Crash
  readonly late?: Lateness
  /** The patch or deletion, counted from 1, before which somebody else changes the object. */
  readonly rivalAt?: number
}

export interface Ending {
  /** See `renderEnding`. */
  readonly lines: readonly string[]
  /** Creations and deletions, sorted. */
  readonly births: readonly string[]
  readonly writes: readonly string[]
  /** Number of writes before anybody did anything: the first deploy. */
  readonly deployWrites: number
  /** Idempotency keys of the calls of step plugins, in order. */
  readonly calls: readonly string[]
  /** Events: `Kind Reason`, in order. */
  readonly told: readonly string[]
  readonly violations: readonly string[]
}

const QUIET_TICKS = 8
/** A cache that is late makes every wait longer, one after the other. */
const LATE_QUIET_TICKS = 24
const MOST_TICKS = 400

async function openCluster(story: Story, clock: FakeClock) {
  let uids = 0
  const server = createApiServer({
    clock: { now: () => clock.now(), setTimer: (run, delayMs) => clock.setTimer(delayMs, run) },
    newUid: () => `uid-${++uids}`,
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
  return { server, cluster: createCluster(client, clock) }
}

/** Tells the story to the end; with a crash the controllers are started again with an empty memory. */
export async function tell(story: Story, trouble: Trouble = {}): Promise<Ending> {
  const clock = createFakeClock()
  const { server, cluster } = await openCluster(story, clock)
  const { client } = cluster
  const writes: string[] = []
  const births: string[] = []
  const calls: string[] = []
  const told: string[] = []
  const violations: string[] = []
  let { crash } = trouble
  const enoughTicks = trouble.late ? LATE_QUIET_TICKS : QUIET_TICKS
  let controllers = await start()
  let stage = 0
  let deployWrites = 0
  let quietTicks = 0

  async function start() {
    const mortal = createMortalClient(withRival(client, trouble.rivalAt), {
      writes,
      births,
      crash,
      around: (request, perform) => judged(client, violations, request, perform),
    })
    const started = await startControllers({
      client: withLateWatch(mortal.client, trouble.late, clock),
      clock,
      registry: createMetricRegistry(),
      notices: true,
      tell: (event) => void told.push(event),
      transport: {
        async send(request) {
          calls.push(request.headers?.['Idempotency-Key'] ?? '')
          return story.answer?.(request) ?? { status: 500, headers: {}, body: '' }
        },
      },
    })
    return { ...started, isDead: mortal.isDead }
  }

  for (let tick = 0; tick < MOST_TICKS && quietTicks < enoughTicks; tick++) {
    await clock.advance(500)
    if (controllers.isDead()) {
      await controllers.stop()
      crash = undefined
      controllers = await start()
      quietTicks = 0
    }
    await cluster.pods.play()
    const before = writes.length
    await clock.advance(500)
    const status = (await readLeft(client)).rollout?.status ?? {}
    const next = story.stages[stage]
    if (next?.when(status)) {
      if (stage === 0) deployWrites = writes.length
      stage += 1
      await next.act(cluster)
    }
    const isDone = stage === story.stages.length && story.isOver(status) && writes.length === before
    quietTicks = isDone ? quietTicks + 1 : 0
  }
  const left: Left = await readLeft(client)
  await controllers.stop()
  await server.close()
  const lines = renderEnding(left)
  if (quietTicks < enoughTicks)
    throw new Error(
      `the story did not end; at stage ${stage} of ${story.stages.length}:\n${lines.join('\n')}\n${writes.slice(-8).join('\n')}`,
    )
  return { lines, births: [...births].sort(), writes, deployWrites, calls, told, violations }
}

function kindOf(object: KubeObject): ResourceKind {
  const routes = [kinds.httpRoutes, kinds.virtualServices, kinds.destinationRules]
  const known = [kinds.services, ...routes, kinds.analysisTemplates, kinds.deployments, kinds.configMaps]
  const kind = known.find((one) => one.kind === object.kind)
  if (!kind) throw new Error(`${object.kind} is not part of these stories`)
  return kind
}

function createCluster(client: KubeClient, clock: FakeClock): Cluster {
  const ref = { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }
  const patchSpec = (spec: object) => client.patch(ref, 'merge', { spec })
  return {
    client,
    clock,
    pods: createPods(client),
    patchSpec,
    patchStatus: (status) => client.patch(ref, 'merge', { status }, { subresource: 'status' }),
    setImage: (image) => patchSpec({ template: { spec: { containers: [{ name: 'app', image }] } } }),
    async endRuns(phase) {
      const { items } = await client.list(kinds.analysisRuns, { namespace: NAMESPACE })
      for (const run of items) await client.patch(kinds.refOf(kinds.analysisRuns, run), 'merge', { status: { phase } })
    },
  }
}
