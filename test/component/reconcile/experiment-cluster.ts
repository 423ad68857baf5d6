/**
 * The controllers of rollouts and experiments, as they ship, on the in-process API server and virtual time, with a client that can die at any
 * write. Pods are ready at once; AnalysisRuns end as told. What is there at the end must not depend on where it died.
 */
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import type { Experiment } from '../../../controller/api/experiment.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ReplicaSet, Rollout, Service } from '../../../controller/api/rollout.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { createMetricRegistry, renderMetrics } from '../../../controller/runtime/metrics.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { applyManifest } from '../../../sandbox/manifests.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { createFakeTransport } from '../../fakes/fake-transport.ts'
import { definitions } from './crash-cluster.ts'
import { type Crash, createMortalClient } from './mortal-client.ts'
import { createPods } from './played-pods.ts'
import { startControllers } from './shipped-controllers.ts'

const NAMESPACE = 'web'
const options = { namespace: NAMESPACE }

export interface ExperimentStory {
  readonly objects: readonly KubeObject[]
  /** Phase in which every AnalysisRun ends, a while after it was made. */
  readonly runsEnd: string
  /** Called every second until it is over; true once nothing more is to be done. */
  readonly act?: (client: KubeClient) => Promise<boolean>
}

export interface ExperimentEnding {
  readonly experiments: readonly Experiment[]
  readonly replicaSets: readonly ReplicaSet[]
  readonly services: readonly Service[]
  readonly runs: readonly AnalysisRun[]
  readonly rollout: Rollout | undefined
  readonly births: readonly string[]
  readonly writes: readonly string[]
  readonly events: readonly string[]
  readonly metrics: string
}

const kindOf = (object: KubeObject) => {
  const known = [kinds.rollouts, kinds.experiments, kinds.analysisTemplates, kinds.services, kinds.httpRoutes]
  const kind = known.find((one) => one.kind === object.kind)
  if (!kind) throw new Error(`${object.kind} is not part of these stories`)
  return kind
}

/** Tells the story until nothing has been written for 40 s; with a crash the controllers are started again with an empty memory. */
export async function tellExperiment(story: ExperimentStory, crash?: Crash): Promise<ExperimentEnding> {
  const clock = createFakeClock()
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
  for (const object of story.objects) await client.create(kindOf(object), object)

  const pods = createPods(client)
  const writes: string[] = []
  const births: string[] = []
  const events: string[] = []
  let registry = createMetricRegistry()
  let crashes = crash
  let controllers = await start()

  async function start() {
    const mortal = createMortalClient(client, { writes, births, crash: crashes })
    registry = createMetricRegistry()
    const started = await startControllers({
      client: mortal.client,
      clock,
      registry,
      transport: createFakeTransport(),
      notices: false,
      tell: (event) => void events.push(event),
    })
    return { ...started, isDead: mortal.isDead }
  }

  let isDone = story.act === undefined
  let quietSeconds = 0
  for (let second = 0; second < 400 && quietSeconds < 40; second++) {
    await clock.advance(500)
    if (controllers.isDead()) {
      await controllers.stop()
      crashes = undefined
      controllers = await start()
      quietSeconds = 0
    }
    const before = writes.length
    await pods.play()
    if (second % 3 === 2) await endRuns(client, story.runsEnd)
    await clock.advance(500)
    isDone ||= (await story.act?.(client)) ?? true
    quietSeconds = isDone && writes.length === before ? quietSeconds + 1 : 0
  }
  const [experiments, replicaSets, services, runs, rollouts] = await Promise.all([
    client.list<Experiment>(kinds.experiments, options),
    client.list<ReplicaSet>(kinds.replicaSets, options),
    client.list<Service>(kinds.services, options),
    client.list<AnalysisRun>(kinds.analysisRuns, options),
    client.list<Rollout>(kinds.rollouts, options),
  ])
  const metrics = await renderMetrics(registry)
  await controllers.stop()
  await server.close()
  if (quietSeconds < 40) throw new Error(`the story did not end: ${JSON.stringify(experiments.items)}`)
  return {
    experiments: experiments.items,
    replicaSets: replicaSets.items,
    services: services.items,
    runs: runs.items,
    rollout: rollouts.items[0],
    births: [...births].sort(),
    writes,
    events,
    metrics,
  }
}

async function endRuns(client: KubeClient, phase: string): Promise<void> {
  const { items } = await client.list<AnalysisRun>(kinds.analysisRuns, options)
  for (const run of items)
    if (run.status?.phase !== phase)
      await client.patch(kinds.refOf(kinds.analysisRuns, run), 'merge', { status: { phase } })
}
