/**
 * The alert receiver as a server of its own: opens the token files and puts the endpoint on its port. It refuses to start without a token
 * unless told otherwise. It must not know paths, payloads or alerts.
 */
import type { KubeClient } from '../controller/kube/client.ts'
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import type { MetricRegistry } from '../controller/runtime/metrics.ts'
import type { Redactor } from '../controller/runtime/redact.ts'
import { createAbortBreaker } from './abort-breaker.ts'
import type { RolloutCache } from './abort-intent.ts'
import { createAlertEndpoint } from './alert-endpoint.ts'
import { declareAlertMetrics } from './alert-metrics.ts'
import { type BearerTokens, openBearerTokens } from './bearer-tokens.ts'
import { createListener, type Listener, type TlsFiles } from './listener.ts'
import type { AlertMapping } from './mapping.ts'

export interface WebhookSettings {
  /** 0 takes a free port. */
  readonly webhookPort: number
  /** One token a line; two at a time allow rotation. */
  readonly webhookTokenFiles: readonly string[]
  /** Take posts without a token; only without token files. */
  readonly webhookInsecure: boolean
  /** PEM files; both or none. */
  readonly webhookTlsCert?: string | undefined
  readonly webhookTlsKey?: string | undefined
}

export interface WebhookServerDeps {
  readonly settings: WebhookSettings
  readonly mapping: AlertMapping
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  readonly cache: RolloutCache
  /** Why alerts cannot be taken now (not leader, caches not synced, watch silent), or undefined when they can. */
  readonly findObstacle: () => string | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricRegistry
  readonly redactor: Redactor
  /** Interface to listen on; every one when absent. */
  readonly host?: string
  /** Until when a post must be answered; 1800 ms when absent. */
  readonly answerWithinMs?: number
}

export interface WebhookServer {
  /** Resolves when it listens. Rejects with one sentence when it has no token, an unusable token or TLS file, or no port. */
  start(): Promise<void>
  /** Stops taking connections and resolves when the posts under way are answered. */
  stop(): Promise<void>
  /** Base URL on loopback, without a slash at the end; empty before `start`. */
  url(): string
}

function openTokens(deps: WebhookServerDeps): BearerTokens | undefined {
  const { webhookTokenFiles, webhookInsecure } = deps.settings
  if (webhookTokenFiles.length > 0 && webhookInsecure) {
    throw new Error('--webhook-insecure contradicts --webhook-token-file: give one of them')
  }
  if (webhookTokenFiles.length > 0) return openBearerTokens(webhookTokenFiles, deps)
  if (webhookInsecure) return undefined
  throw new Error('the alert receiver needs --webhook-token-file, or --webhook-insecure to take alerts from anybody')
}

function findTlsFiles({ webhookTlsCert: cert, webhookTlsKey: key }: WebhookSettings): TlsFiles | undefined {
  const flags = '--webhook-tls-cert, --webhook-tls-key'
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    throw new Error('TLS needs both --webhook-tls-cert and --webhook-tls-key')
  return { cert, key, flags }
}

/** Nothing is read or opened before `start`. */
export function createWebhookServer(deps: WebhookServerDeps): WebhookServer {
  const { settings, mapping, clock, log, host } = deps
  let listener: Listener | undefined
  return {
    async start() {
      const tokens = openTokens(deps)
      const { limit, windowSeconds } = mapping.massAbort
      const app = createAlertEndpoint({
        ...deps,
        ...(tokens ? { tokens } : {}),
        metrics: declareAlertMetrics(deps.metrics),
        breaker: createAbortBreaker({ limit, windowMs: windowSeconds * 1000 }),
      })
      listener = createListener({ port: settings.webhookPort, host, tls: findTlsFiles(settings), clock, log })
      await listener.start(app)
    },
    async stop() {
      await listener?.stop()
    },
    url: () => listener?.url() ?? '',
  }
}
