/**
 * The composition root: flags → clients → caches → controllers → servers. The only file that builds real adapters; it decides the order of
 * start and stop, and nothing about rollouts.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { createAnalysisController } from '../analysis/reconcile/controller.ts'
import { type AdmissionServer, createAdmissionServer } from '../webhooks/admission-server.ts'
import { defaultAlertMapping, parseAlertMapping } from '../webhooks/mapping.ts'
import { createWebhookServer, type WebhookServer } from '../webhooks/server.ts'
import { INSTANCE_ID } from './api/labels.ts'
import type { KubeObject } from './api/meta.ts'
import { type Config, ConfigError, readConfig, USAGE } from './config.ts'
import { manifestRules } from './domain/validation/manifests.ts'
import { renderProblems } from './domain/validation/problem.ts'
import { createExperimentController } from './experiment-controller.ts'
import { loadKubeConfig } from './kube/credentials.ts'
import { createEventRecorder } from './kube/events.ts'
import { createFence } from './kube/fence.ts'
import { createGatedClient } from './kube/gated-client.ts'
import { createHttpClient } from './kube/http-client.ts'
import { createInformers, type Informers } from './kube/informers.ts'
import { ingresses } from './kube/kinds.ts'
import { createLeaderElection } from './kube/lease.ts'
import { leaseNameFor, renderIdentity } from './kube/lease-record.ts'
import { createVersionedClient } from './kube/served-versions.ts'
import { openChannels } from './notify/channels.ts'
import { createOutbox } from './notify/outbox.ts'
import { createElbReader } from './outside/aws/elb.ts'
import { createLoadBalancers } from './outside/aws/load-balancers.ts'
import { openConsul } from './outside/consul/open.ts'
import { openCaches, ownedBy } from './reconcile/caches.ts'
import { declareExperimentMetrics } from './reconcile/experiment/experiment-metrics.ts'
import { declareRolloutMetrics } from './reconcile/rollout-metrics.ts'
import { createRolloutController } from './rollout-controller.ts'
import { systemClock as clock } from './runtime/clock.ts'
import { createHealth } from './runtime/health.ts'
import { createHttpTransport } from './runtime/http-transport.ts'
import { createLogger } from './runtime/log.ts'
import { createProcessMetrics } from './runtime/metrics.ts'
import { createOutboundPolicy } from './runtime/outbound-policy.ts'
import { systemRandom as random } from './runtime/random.ts'
import { createRedactor } from './runtime/redact.ts'
import { startHealthServer, startMetricsServer } from './runtime/server.ts'
import { stepPlugins } from './step-plugins/registry.ts'
import { createStepRunner } from './step-plugins/runner.ts'
import { loadBalancers } from './traffic/alb/load-balancer.ts'
import { checkRouterConfigs } from './traffic/check-configs.ts'
import { createGatedStore } from './traffic/outside.ts'

const VERSION = '0.1.0'
/** Longest graceful stop; what has not ended by then is abandoned, which every write survives. */
const STOP_WITHIN_MS = 10_000

/** Log, metrics and the way out, which everything else is given. */
function openRuntime({ settings, apiServerHost }: Config) {
  const redactor = createRedactor()
  const format = settings.logformat === 'text' ? 'text' : 'json'
  const log = createLogger({ level: settings.loglevel, format, redactor })
  const metrics = createProcessMetrics({ version: VERSION, gitCommit: '' })
  const deny = apiServerHost === undefined ? {} : { deny: [apiServerHost] }
  const policy = fromFlag('--allow-outbound', () =>
    createOutboundPolicy({ allow: settings['allow-outbound'], ...deny }),
  )
  const http = createHttpTransport({ clock, random, redactor, metrics, policy })
  return { redactor, log, metrics, http }
}
type Runtime = ReturnType<typeof openRuntime>

interface Leadership {
  onStarted(): void
  onStopped(cause: 'lost' | 'released'): void
}

/** The API server: the direct client, the one that writes only while we lead, and the caches. Nothing is read or sent yet. */
function openCluster(config: Config, runtime: Runtime, leadership: Leadership) {
  const { redactor, log, metrics } = runtime
  const { settings, watchNamespace } = config
  const { kubeconfig, context, qps, burst } = settings
  const access = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) }
  // The client reads it again and again; an error that is there from the start is the flag's.
  fromFlag('--kubeconfig', () => loadKubeConfig(access))
  const userAgent = `penstock/${VERSION}`
  const http = createHttpClient({ clock, random, log, metrics, redactor, userAgent, qps, burst, ...access })
  const direct = createVersionedClient(http, { clock, log })
  const election = createLeaderElection({
    client: direct,
    clock,
    random,
    log,
    namespace: config.leaseNamespace,
    name: leaseNameFor(settings['instance-id'] ?? ''),
    identity: renderIdentity(hostname(), randomUUID()),
    ...leadership,
  })
  const client = settings['leader-elect'] ? createGatedClient(direct, () => election.mayWrite()) : direct
  const scope = watchNamespace === undefined ? {} : { namespace: watchNamespace }
  const informers = createInformers({ client: direct, clock, random, log, metrics, ...scope })
  const events = createEventRecorder({ client, clock, random, log, component: 'rollouts-controller' })
  const consul = openConsulKeys(config, runtime)
  const mayWrite = (): boolean => !settings['leader-elect'] || election.mayWrite()
  const stores = [...openStores(settings, informers), ...(consul ? [createGatedStore(consul, mayWrite)] : [])]
  const caches = openCaches(informers, { routers: settings.routers, stores })
  return { direct, discovery: http, client, election, informers, stores, caches, events }
}
type Cluster = ReturnType<typeof openCluster>

/** What routers read or write outside the cluster. */
function openStores({ 'alb-tag-key-resource-id': resourceTag, ...settings }: Config['settings'], informers: Informers) {
  if (!settings['aws-verify-target-group']) return []
  const elb = createElbReader({ resourceTag })
  const ingress = (namespace: string, name: string) => informers.find(ingresses)?.get(namespace, name)
  return [createLoadBalancers({ kind: loadBalancers, elb, clock, ingress })]
}

/** Undefined where no flag says where Consul is. */
function openConsulKeys({ settings, consulToken }: Config, { redactor, http }: Runtime) {
  const access = {
    address: settings['consul-address'],
    caFile: settings['consul-ca-file'],
    tokenFile: settings['consul-token-file'],
    token: consulToken,
    prefix: settings['consul-kv-prefix'],
  }
  return fromFlag('--consul-token-file, --consul-ca-file', () =>
    openConsul(access, { transport: http, clock, random, redactor }),
  )
}

/** What works while we lead: rollouts, analysis, messages. */
function openControllers(config: Config, { redactor, log, metrics, http }: Runtime, cluster: Cluster) {
  const { settings, prometheusAddress } = config
  const { direct, discovery, client, informers, caches, events } = cluster
  for (const key of ['apiKey', 'appKey'] as const) redactor.registerSecret(config.providers.datadog?.[key] ?? '')
  const channels = fromFlag('notifications', () => openChannels(config.notify, redactor))
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
    discovery,
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
  const outbox = createOutbox({ channels, client, cache, clock, random, log, transport: http, redactor, metrics })
  const stepRunner = createStepRunner({
    client,
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
  return { rollouts, experiments, analysis, outbox, stepRunner }
}

const bindTo = ({ settings }: Config) =>
  settings['bind-address'] === undefined ? {} : { host: settings['bind-address'] }

/** The alert receiver, where a flag says how to trust the sender. It works on every replica, leading or not. */
function openWebhooks(
  config: Config,
  { redactor, log, metrics }: Runtime,
  cluster: Cluster,
): WebhookServer | undefined {
  const { settings } = config
  const { direct, informers, caches } = cluster
  if (settings['webhook-token-file'].length === 0 && !settings['webhook-insecure']) {
    log.info('the alert receiver is off: set --webhook-token-file to take alerts', { reason: 'ReceiverOff' })
    return undefined
  }
  return createWebhookServer({
    settings: {
      webhookPort: settings['webhook-port'],
      webhookTokenFiles: settings['webhook-token-file'],
      webhookInsecure: settings['webhook-insecure'],
      webhookTlsCert: settings['webhook-tls-cert'],
      webhookTlsKey: settings['webhook-tls-key'],
    },
    mapping: readMapping(settings['alert-mapping']),
    // Storing an intent is safe from every replica: the leader's pass obeys it, the version precondition orders it.
    client: direct,
    cache: {
      getRollout: (namespace, name) => caches.rollouts.get(namespace, name),
      listReplicaSets: (rollout) => ownedBy(caches.replicaSets, rollout.metadata.uid ?? ''),
    },
    findObstacle: () => informers.unready(),
    clock,
    log,
    metrics,
    redactor,
    ...bindTo(config),
  })
}

/** The admission webhook, where a flag names its certificate. It needs nothing of the cluster and works on every replica. */
function openAdmission(config: Config, { log, metrics }: Runtime): AdmissionServer | undefined {
  const { settings, watchNamespace } = config
  const isOurs = ({ kind = '', metadata }: KubeObject): boolean => {
    const isWatched = watchNamespace === undefined || (metadata.namespace ?? watchNamespace) === watchNamespace
    // Templates belong to every instance.
    const isOfInstance = kind.endsWith('Template') || metadata.labels?.[INSTANCE_ID] === settings['instance-id']
    return isWatched && isOfInstance
  }
  return fromFlag('--admission-tls-cert', () =>
    createAdmissionServer({
      port: settings['admission-port'],
      tlsCert: settings['admission-tls-cert'],
      tlsKey: settings['admission-tls-key'],
      rules: manifestRules(checkRouterConfigs),
      renderProblems,
      isOurs,
      clock,
      log,
      metrics,
      ...bindTo(config),
    }),
  )
}

async function startServers(config: Config, { metrics }: Runtime, { informers }: Cluster) {
  const health = createHealth()
  health.addLiveness('watches', () => (informers.hasSynced() ? informers.unready() : undefined))
  health.addReadiness('caches', () => informers.unready())
  const healthServer = await startHealthServer(health, { port: config.settings.healthzPort, ...bindTo(config) })
  const metricsServer = await startMetricsServer(metrics, { port: config.settings.metricsPort, ...bindTo(config) })
  return { healthServer, metricsServer }
}

async function run(config: Config): Promise<void> {
  const runtime = openRuntime(config)
  const { log, http } = runtime
  for (const name of config.ignored)
    log.warn(`--${name} is a flag of Argo Rollouts that has no effect here`, { reason: 'FlagIgnored' })
  const cluster = openCluster(config, runtime, {
    onStarted: () => void lead(),
    onStopped: (cause) => {
      if (cause === 'lost') void stop(1, 'the lease was lost')
    },
  })
  const { direct, election, informers, stores, events } = cluster
  const { rollouts, experiments, analysis, outbox, stepRunner } = openControllers(config, runtime, cluster)
  const webhooks = openWebhooks(config, runtime, cluster)
  const admission = openAdmission(config, runtime)
  const { healthServer, metricsServer } = await startServers(config, runtime, cluster)
  const waiting = new AbortController()
  let stopping = false
  let leading = false

  async function lead(): Promise<void> {
    if (leading || !(await informers.waitForSync(waiting.signal)) || stopping) return
    leading = true
    rollouts.start()
    experiments.start()
    analysis.start()
    outbox.start()
    stepRunner.start()
  }

  async function stop(code: number, why: string): Promise<void> {
    if (stopping) return
    stopping = true
    log.info('stopping', { reason: why })
    waiting.abort()
    const late = clock.setTimer(STOP_WITHIN_MS, () => process.exit(code))
    await Promise.allSettled([
      webhooks?.stop(),
      admission?.stop(),
      rollouts.stop(),
      experiments.stop(),
      analysis.stop(),
      outbox.stop(),
      stepRunner.stop(),
    ])
    await Promise.allSettled([events.flush()])
    await Promise.allSettled([election.stop(), events.stop(), informers.stop(), ...stores.map((store) => store.stop())])
    await Promise.allSettled([direct.close(), healthServer.close(), metricsServer.close()])
    http.close()
    late()
    process.exitCode = code
  }

  process.once('SIGTERM', () => void stop(0, 'SIGTERM'))
  process.once('SIGINT', () => void stop(0, 'SIGINT'))
  await webhooks?.start().catch(throwAs('--webhook-token-file'))
  await admission?.start().catch(throwAs('--admission-tls-cert'))
  informers.start()
  const ports = { metricsPort: metricsServer.port, healthzPort: healthServer.port }
  log.info('started', {
    version: VERSION,
    ...ports,
    webhooks: webhooks?.url() ?? '',
    admission: admission?.url() ?? '',
  })
  if (config.settings['leader-elect']) return election.start()
  log.info('leading', { reason: 'LeaderElectionOff' })
  await lead()
}

/** What a flag names is looked at before anything starts; the error is one sentence and the flag's. */
function fromFlag<T>(flag: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw flagError(flag, error)
  }
}

function flagError(flag: string, error: unknown): ConfigError {
  const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return new ConfigError(words.includes('--') ? words : `${flag}: ${words}`, { cause: error })
}

/** A port that is taken speaks for itself. */
const throwAs =
  (flag: string) =>
  (error: NodeJS.ErrnoException): never => {
    throw error.syscall === 'listen' ? error : flagError(flag, error)
  }

function readMapping(file: string | undefined) {
  if (file === undefined) return defaultAlertMapping
  const parsed = parseAlertMapping(fromFlag('--alert-mapping', () => readFileSync(file, 'utf8')))
  if ('error' in parsed) throw new ConfigError(`${file}: ${parsed.error}`)
  return parsed.mapping
}

try {
  const config = readConfig(process.argv.slice(2), process.env)
  if (config === 'help') process.stdout.write(`${USAGE}\n`)
  else await run(config)
} catch (error) {
  process.stderr.write(`penstock: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
}
