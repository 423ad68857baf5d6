/**
 * The composition root: flags → clients → caches → controllers → servers. The only file that builds real adapters; it decides the order of
 * start and stop, and nothing about rollouts.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { createAnalysisController } from '../analysis/reconcile/controller.ts'
import { defaultAlertMapping, parseAlertMapping } from '../webhooks/mapping.ts'
import { createWebhookServer, type WebhookServer } from '../webhooks/server.ts'
import { type Config, ConfigError, readConfig, USAGE } from './config.ts'
import { loadKubeConfig } from './kube/credentials.ts'
import { createEventRecorder } from './kube/events.ts'
import { createFence } from './kube/fence.ts'
import { createGatedClient } from './kube/gated-client.ts'
import { createHttpClient } from './kube/http-client.ts'
import { createInformers } from './kube/informers.ts'
import { createLeaderElection } from './kube/lease.ts'
import { leaseNameFor, renderIdentity } from './kube/lease-record.ts'
import { openChannels } from './notify/channels.ts'
import { createOutbox } from './notify/outbox.ts'
import { openCaches, ownedBy } from './reconcile/caches.ts'
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

const VERSION = '0.1.0'
/** Longest graceful stop; what has not ended by then is abandoned, which every write survives. */
const STOP_WITHIN_MS = 10_000

async function run(config: Config): Promise<void> {
  const { settings } = config
  const redactor = createRedactor()
  const log = createLogger({
    level: settings.loglevel,
    format: settings.logformat === 'text' ? 'text' : 'json',
    redactor,
  })
  const metrics = createProcessMetrics({ version: VERSION, gitCommit: '' })
  for (const name of config.ignored)
    log.warn(`--${name} is a flag of Argo Rollouts that has no effect here`, { reason: 'FlagIgnored' })

  const access = {
    ...(settings.kubeconfig === undefined ? {} : { kubeconfig: settings.kubeconfig }),
    ...(settings.context === undefined ? {} : { context: settings.context }),
  }
  // The client reads it again and again; an error that is there from the start is the flag's.
  fromFlag('--kubeconfig', () => loadKubeConfig(access))
  const direct = createHttpClient({
    clock,
    random,
    log,
    metrics,
    redactor,
    userAgent: `penstock/${VERSION}`,
    qps: settings.qps,
    burst: settings.burst,
    ...access,
  })
  const election = createLeaderElection({
    client: direct,
    clock,
    random,
    log,
    namespace: config.leaseNamespace,
    name: leaseNameFor(settings['instance-id'] ?? ''),
    identity: renderIdentity(hostname(), randomUUID()),
    onStarted: () => void lead(),
    onStopped: (cause) => {
      if (cause === 'lost') void stop(1, 'the lease was lost')
    },
  })
  const elects = settings['leader-elect']
  const client = elects ? createGatedClient(direct, () => election.mayWrite()) : direct
  const informers = createInformers({
    client: direct,
    clock,
    random,
    log,
    metrics,
    ...(config.watchNamespace === undefined ? {} : { namespace: config.watchNamespace }),
  })
  const caches = openCaches(informers)
  const events = createEventRecorder({ client, clock, random, log, component: 'rollouts-controller' })
  const http = createHttpTransport({
    clock,
    random,
    redactor,
    metrics,
    policy: fromFlag('--allow-outbound', () =>
      createOutboundPolicy({
        allow: settings['allow-outbound'],
        ...(config.apiServerHost === undefined ? {} : { deny: [config.apiServerHost] }),
      }),
    ),
  })
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
      observe: { caches, now: () => clock.now(), notices: channels.length > 0, ...instance },
    },
  })
  const analysis = createAnalysisController({
    client,
    informers,
    clock,
    log,
    http,
    metrics,
    events,
    redactor,
    config: {
      threads: settings['analysis-threads'],
      compat: settings.compat,
      ...(config.prometheusAddress === undefined ? {} : { prometheusAddress: config.prometheusAddress }),
      ...instance,
    },
  })
  const outbox = createOutbox({
    channels,
    client,
    cache: caches.rollouts,
    clock,
    random,
    log,
    transport: http,
    redactor,
    metrics,
  })
  const webhooks = openWebhooks()

  const health = createHealth()
  health.addLiveness('watches', () => (informers.hasSynced() ? informers.unready() : undefined))
  health.addReadiness('caches', () => informers.unready())
  const healthServer = await startHealthServer(health, listen(settings.healthzPort))
  const metricsServer = await startMetricsServer(metrics, listen(settings.metricsPort))

  const waiting = new AbortController()
  let stopping = false
  let leading = false

  function listen(port: number) {
    return { port, ...(settings['bind-address'] === undefined ? {} : { host: settings['bind-address'] }) }
  }

  function openWebhooks(): WebhookServer | undefined {
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
      findObstacle: () => (informers.hasSynced() ? informers.unready() : 'the caches are not filled yet'),
      clock,
      log,
      metrics,
      redactor,
      ...(settings['bind-address'] === undefined ? {} : { host: settings['bind-address'] }),
    })
  }

  async function lead(): Promise<void> {
    if (leading || !(await informers.waitForSync(waiting.signal)) || stopping) return
    leading = true
    rollouts.start()
    analysis.start()
    outbox.start()
  }

  async function stop(code: number, why: string): Promise<void> {
    if (stopping) return
    stopping = true
    log.info('stopping', { reason: why })
    waiting.abort()
    const late = clock.setTimer(STOP_WITHIN_MS, () => process.exit(code === 0 ? 0 : code))
    await Promise.allSettled([webhooks?.stop(), rollouts.stop(), analysis.stop(), outbox.stop()])
    await Promise.allSettled([events.flush()])
    await Promise.allSettled([election.stop(), events.stop(), informers.stop()])
    await Promise.allSettled([direct.close(), healthServer.close(), metricsServer.close()])
    http.close()
    late()
    process.exitCode = code
  }

  process.once('SIGTERM', () => void stop(0, 'SIGTERM'))
  process.once('SIGINT', () => void stop(0, 'SIGINT'))
  await webhooks?.start().catch((error: NodeJS.ErrnoException) => {
    throw error.syscall === 'listen' ? error : flagError('--webhook-token-file', error)
  })
  informers.start()
  log.info('started', {
    version: VERSION,
    metricsPort: metricsServer.port,
    healthzPort: healthServer.port,
    webhooks: webhooks?.url() ?? '',
  })
  if (elects) election.start()
  else {
    log.info('leading', { reason: 'LeaderElectionOff' })
    await lead()
  }
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
