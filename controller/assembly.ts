/**
 * The controller put together from its adapters: caches, fence, election, controllers, messages. Nothing here touches the operating system, so that
 * `main.ts` and the simulator start the same code. It decides the order of start and stop, and nothing about rollouts.
 */
import { createAnalysisController } from '../analysis/reconcile/controller.ts'
import type { ReplicaSet, Rollout } from './api/rollout.ts'
import type { Config } from './config.ts'
import { createExperimentController } from './experiment-controller.ts'
import type { Discovery, KubeClient } from './kube/client.ts'
import { createEventRecorder } from './kube/events.ts'
import { createFence } from './kube/fence.ts'
import { createGatedClient } from './kube/gated-client.ts'
import { createInformers, type Informers } from './kube/informers.ts'
import { createLeaderElection } from './kube/lease.ts'
import { leaseNameFor } from './kube/lease-record.ts'
import { createVersionedClient } from './kube/served-versions.ts'
import type { Notifier } from './notify/notifier.ts'
import { createOutbox } from './notify/outbox.ts'
import { openCaches, ownedBy } from './reconcile/caches.ts'
import { declareExperimentMetrics } from './reconcile/experiment/experiment-metrics.ts'
import { declareRolloutMetrics } from './reconcile/rollout-metrics.ts'
import { createRolloutController } from './rollout-controller.ts'
import type { Clock } from './runtime/clock.ts'
import type { HttpTransport } from './runtime/http.ts'
import type { Logger } from './runtime/log.ts'
import type { MetricRegistry } from './runtime/metrics.ts'
import type { Random } from './runtime/random.ts'
import type { Redactor } from './runtime/redact.ts'
import { stepPlugins } from './step-plugins/registry.ts'
import { createStepRunner } from './step-plugins/runner.ts'
import type { OutsideStore } from './traffic/outside.ts'

/** What the process gives to its controller; everything that waits, guesses or leaves the process is here. */
export interface Adapters {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: MetricRegistry
  readonly redactor: Redactor
  /** To everybody but the API server. */
  readonly http: HttpTransport
  /** To the API server. */
  readonly api: KubeClient & Discovery
  /** Who this process is on the Lease. */
  readonly identity: string
  readonly channels: readonly Notifier[]
  /** Stores of what routers read or write outside the cluster; their writes have to pass `mayWrite`. */
  readonly openStores: (informers: Informers, mayWrite: () => boolean) => readonly OutsideStore[]
  /** Leadership was lost to another process or to time; nothing is written any more. */
  readonly onLost: () => void
}

/** What the alert receiver reads and writes. It works on every replica, leading or not. */
export interface ReceiverPorts {
  /** Storing an intent is safe from every replica: the leader's pass obeys it, the version precondition orders it. */
  readonly client: KubeClient
  readonly cache: {
    getRollout(namespace: string, name: string): Rollout | undefined
    listReplicaSets(rollout: Rollout): readonly ReplicaSet[]
  }
  readonly findObstacle: () => string | undefined
}

export interface Assembly {
  readonly informers: Informers
  readonly receiver: ReceiverPorts
  /** Fills the caches and contends for the Lease; without election it resolves when the controllers work. */
  start(): Promise<void>
  /** Takes no more work; resolves when the passes under way have ended, or have had time to. */
  stopWork(): Promise<void>
  /** After `stopWork`: tells the last events, shuts the gate to what has not ended, releases the Lease, ends the watches. */
  release(): Promise<void>
}

/** A successor must not wait for a measurement or a message: what has not ended by then is abandoned, which every write survives. */
const FINISH_WITHIN_MS = 1_000
/** An abort must not wait for the list of a kind that fails; the guards still read live. */
const REFRESH_WITHIN_MS = 5_000

interface Leadership {
  onStarted(): void
  onStopped(cause: 'lost' | 'released'): void
}

/** The client that writes only while we lead, and the caches. Nothing is read or sent yet. */
function openCluster(config: Config, adapters: Adapters, leadership: Leadership) {
  const { clock, random, log, metrics, api, identity } = adapters
  const { settings, watchNamespace } = config
  const direct = createVersionedClient(api, { clock, log })
  const election = createLeaderElection({
    client: direct,
    clock,
    random,
    log,
    namespace: config.leaseNamespace,
    name: leaseNameFor(settings['instance-id'] ?? ''),
    identity,
    settled: () => gated.settled(),
    ...leadership,
  })
  const mayWrite = (): boolean => !settings['leader-elect'] || election.mayWrite()
  const gated = createGatedClient(direct, mayWrite)
  const client = settings['leader-elect'] ? gated : direct
  const scope = watchNamespace === undefined ? {} : { namespace: watchNamespace }
  const informers = createInformers({ client: direct, clock, random, log, metrics, ...scope })
  const events = createEventRecorder({ client, clock, random, log, component: 'rollouts-controller' })
  const stores = adapters.openStores(informers, mayWrite)
  const caches = openCaches(informers, { routers: settings.routers, stores })
  return { direct, client, mayWrite, election, informers, stores, caches, events }
}
type Cluster = ReturnType<typeof openCluster>

/** What works while we lead, in the order in which it starts: rollouts, analysis, messages. */
function openControllers(config: Config, adapters: Adapters, cluster: Cluster) {
  const { clock, random, log, metrics, redactor, http, channels } = adapters
  const { settings, prometheusAddress } = config
  const { direct, client, informers, caches, events } = cluster
  for (const key of ['apiKey', 'appKey'] as const) redactor.registerSecret(config.providers.datadog?.[key] ?? '')
  const instance = settings['instance-id'] === undefined ? {} : { instanceId: settings['instance-id'] }
  const rollouts = createRolloutController({
    caches,
    concurrency: settings['rollout-threads'],
    registry: metrics,
    deps: {
      client,
      caches,
      events,
      clock,
      log,
      fence: createFence({ clock, log, client: direct, caches: informers }),
      metrics: declareRolloutMetrics(metrics),
      observe: {
        caches,
        now: () => clock.now(),
        compat: settings.compat,
        notices: channels.length > 0,
        disabledPlugins: settings['disable-step-plugin'],
        ...instance,
      },
    },
  })
  const experiments = createExperimentController({
    caches,
    concurrency: settings['experiment-threads'],
    registry: metrics,
    deps: {
      client,
      caches,
      events,
      clock,
      log,
      fence: createFence({ clock, log, client: direct, caches: informers }),
      metrics: declareExperimentMetrics(metrics),
      observe: { caches, now: () => clock.now(), compat: settings.compat, ...instance },
    },
  })
  const address = prometheusAddress === undefined ? {} : { prometheusAddress }
  const verdicts = {
    threads: settings['analysis-threads'],
    compat: settings.compat,
    controllerNamespace: config.leaseNamespace,
    readableNamespaces: settings['step-plugin-namespace'],
    providers: config.providers,
    ...address,
    ...instance,
  }
  const analysis = createAnalysisController({
    client,
    discovery: adapters.api,
    informers,
    clock,
    log,
    http,
    metrics,
    events,
    redactor,
    config: verdicts,
  })
  const cache = caches.rollouts
  const mayDeliver = cluster.mayWrite
  const messages = { channels, client, cache, clock, random, log, transport: http, redactor, metrics, mayDeliver }
  const outbox = createOutbox(messages)
  const stepRunner = createStepRunner({
    client,
    discovery: adapters.api,
    cache,
    clock,
    log,
    transport: http,
    redactor,
    metrics,
    plugins: stepPlugins,
    readableNamespaces: settings['step-plugin-namespace'],
    ...instance,
  })
  return [rollouts, experiments, analysis, outbox, stepRunner] as const
}

const receiverPorts = ({ direct, informers, caches }: Cluster): ReceiverPorts => ({
  client: direct,
  cache: {
    getRollout: (namespace, name) => caches.rollouts.get(namespace, name),
    listReplicaSets: (rollout) => ownedBy(caches.replicaSets, rollout.metadata.uid ?? ''),
  },
  findObstacle: () => informers.unready(),
})

export function assemble(config: Config, adapters: Adapters): Assembly {
  const { clock, log, onLost } = adapters
  const cluster = openCluster(config, adapters, {
    onStarted: () => void succeed(),
    onStopped: (cause) => {
      if (cause === 'lost') onLost()
    },
  })
  const { election, informers, stores, events } = cluster
  const controllers = openControllers(config, adapters, cluster)
  const waiting = new AbortController()
  let leading = false

  async function lead(): Promise<void> {
    if (leading || !(await informers.waitForSync(waiting.signal)) || waiting.signal.aborted) return
    leading = true
    for (const controller of controllers) controller.start()
  }

  /** Before a new leader's first decision: its view must not be older than the last write of the one before (S16). */
  async function succeed(): Promise<void> {
    const giveUp = new AbortController()
    waiting.signal.addEventListener('abort', () => giveUp.abort(), { once: true })
    const cancel = clock.setTimer(REFRESH_WITHIN_MS, () => giveUp.abort())
    const isCurrent = await informers.refresh(giveUp.signal)
    cancel()
    if (!isCurrent && !waiting.signal.aborted)
      log.warn('leading without having listed every kind anew', { reason: 'CacheBehind' })
    await lead()
  }

  /** Whoever cannot see must not hold the Lease of those who can. */
  async function contend(): Promise<void> {
    if ((await informers.waitForSync(waiting.signal)) && !waiting.signal.aborted) election.start()
  }

  return {
    informers,
    receiver: receiverPorts(cluster),
    async start() {
      informers.start()
      if (config.settings['leader-elect']) return void contend()
      log.info('leading', { reason: 'LeaderElectionOff' })
      await lead()
    },
    async stopWork() {
      waiting.abort()
      await atMost(clock, FINISH_WITHIN_MS, Promise.allSettled(controllers.map((controller) => controller.stop())))
    },
    async release() {
      await atMost(clock, FINISH_WITHIN_MS, Promise.allSettled([events.flush()]))
      const parts = [election, events, informers, ...stores]
      await Promise.allSettled(parts.map((part) => part.stop()))
    },
  }
}

/** Resolves when `work` does, or after `ms`. */
async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController()
  await Promise.race([work, clock.sleep(ms, ended.signal)])
  ended.abort()
}
