/**
 * The composition root: flags → real adapters → controller → servers. The only file that touches the operating system; what is built on the adapters
 * is `assembly.ts`.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { type AdmissionServer, createAdmissionServer } from '../webhooks/admission-server.ts'
import { defaultAlertMapping, parseAlertMapping } from '../webhooks/mapping.ts'
import { createWebhookServer, type WebhookServer } from '../webhooks/server.ts'
import { INSTANCE_ID } from './api/labels.ts'
import type { KubeObject } from './api/meta.ts'
import { assemble, type ReceiverPorts } from './assembly.ts'
import { type Config, ConfigError, readConfig, USAGE } from './config.ts'
import { manifestRules } from './domain/validation/manifests.ts'
import { renderProblems } from './domain/validation/problem.ts'
import { loadKubeConfig } from './kube/credentials.ts'
import { createHttpClient } from './kube/http-client.ts'
import type { Informers } from './kube/informers.ts'
import { ingresses } from './kube/kinds.ts'
import { renderIdentity } from './kube/lease-record.ts'
import { openChannels } from './notify/channels.ts'
import { createElbReader } from './outside/aws/elb.ts'
import { createLoadBalancers } from './outside/aws/load-balancers.ts'
import { openConsul } from './outside/consul/open.ts'
import { systemClock as clock } from './runtime/clock.ts'
import { createHealth } from './runtime/health.ts'
import { createHttpTransport } from './runtime/http-transport.ts'
import { createLogger } from './runtime/log.ts'
import { createProcessMetrics } from './runtime/metrics.ts'
import { createOutboundPolicy } from './runtime/outbound-policy.ts'
import { systemRandom as random } from './runtime/random.ts'
import { createRedactor } from './runtime/redact.ts'
import { startHealthServer, startMetricsServer } from './runtime/server.ts'
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

/** The API server, over HTTP. Nothing is read or sent yet. */
function openApi({ settings }: Config, { redactor, log, metrics }: Runtime) {
  const { kubeconfig, context, qps, burst } = settings
  const access = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) }
  // The client reads it again and again; an error that is there from the start is the flag's.
  fromFlag('--kubeconfig', () => loadKubeConfig(access))
  const userAgent = `penstock/${VERSION}`
  return createHttpClient({ clock, random, log, metrics, redactor, userAgent, qps, burst, ...access })
}

/** What routers read or write outside the cluster. */
function openStores(config: Config, runtime: Runtime, informers: Informers, mayWrite: () => boolean) {
  const { 'alb-tag-key-resource-id': resourceTag, 'aws-verify-target-group': verifies } = config.settings
  const ingress = (namespace: string, name: string) => informers.find(ingresses)?.get(namespace, name)
  const elb = verifies ? createElbReader({ resourceTag }) : undefined
  const consul = openConsulKeys(config, runtime)
  return [
    ...(elb ? [createLoadBalancers({ kind: loadBalancers, elb, clock, ingress })] : []),
    ...(consul ? [createGatedStore(consul, mayWrite)] : []),
  ]
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

const bindTo = ({ settings }: Config) =>
  settings['bind-address'] === undefined ? {} : { host: settings['bind-address'] }

/** The alert receiver, where a flag says how to trust the sender. */
function openWebhooks(
  config: Config,
  { redactor, log, metrics }: Runtime,
  receiver: ReceiverPorts,
): WebhookServer | undefined {
  const { settings } = config
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
    ...receiver,
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

async function startServers(config: Config, { metrics }: Runtime, informers: Informers) {
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
  const api = openApi(config, runtime)
  const controller = assemble(config, {
    ...runtime,
    clock,
    random,
    api,
    identity: renderIdentity(hostname(), randomUUID()),
    channels: fromFlag('notifications', () => openChannels(config.notify, runtime.redactor)),
    openStores: (informers, mayWrite) => openStores(config, runtime, informers, mayWrite),
    onLost: () => void stop(1, 'the lease was lost'),
  })
  const webhooks = openWebhooks(config, runtime, controller.receiver)
  const admission = openAdmission(config, runtime)
  const { healthServer, metricsServer } = await startServers(config, runtime, controller.informers)
  let stopping = false

  async function stop(code: number, why: string): Promise<void> {
    if (stopping) return
    stopping = true
    log.info('stopping', { reason: why })
    const late = clock.setTimer(STOP_WITHIN_MS, () => process.exit(code))
    // What is being answered may take its time; the Lease need not wait for it.
    const answered = Promise.allSettled([webhooks?.stop(), admission?.stop()])
    await controller.stopWork()
    await controller.release()
    await answered
    await Promise.allSettled([api.close(), healthServer.close(), metricsServer.close()])
    http.close()
    late()
    process.exitCode = code
  }

  process.once('SIGTERM', () => void stop(0, 'SIGTERM'))
  process.once('SIGINT', () => void stop(0, 'SIGINT'))
  await webhooks?.start().catch(throwAs('--webhook-token-file'))
  await admission?.start().catch(throwAs('--admission-tls-cert'))
  const ports = { metricsPort: metricsServer.port, healthzPort: healthServer.port }
  log.info('started', {
    version: VERSION,
    ...ports,
    webhooks: webhooks?.url() ?? '',
    admission: admission?.url() ?? '',
  })
  await controller.start()
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
