/**
 * The receiver as a server of its own: opens the token and TLS files, listens, follows a renewed certificate, stops in order. It
 * refuses to start without a token unless told otherwise. It must not know paths, payloads or alerts.
 */
import { readFileSync, statSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
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

const CERTIFICATE_CHECK_MS = 30_000
const STOP_WITHIN_MS = 5000

function openTokens(deps: WebhookServerDeps): BearerTokens | undefined {
  const { webhookTokenFiles, webhookInsecure } = deps.settings
  if (webhookTokenFiles.length > 0 && webhookInsecure) {
    throw new Error('--webhook-insecure contradicts --webhook-token-file: give one of them')
  }
  if (webhookTokenFiles.length > 0) return openBearerTokens(webhookTokenFiles, deps)
  if (webhookInsecure) return undefined
  throw new Error('the alert receiver needs --webhook-token-file, or --webhook-insecure to take alerts from anybody')
}

interface TlsFiles {
  readonly cert: string
  readonly key: string
}

function findTlsFiles({ webhookTlsCert: cert, webhookTlsKey: key }: WebhookSettings): TlsFiles | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    throw new Error('TLS needs both --webhook-tls-cert and --webhook-tls-key')
  return { cert, key }
}

function readTls({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    const pem = { cert: readFileSync(cert), key: readFileSync(key) }
    createSecureContext(pem)
    return pem
  } catch (error) {
    throw new Error(`--webhook-tls-cert, --webhook-tls-key: not usable (${(error as Error).message})`, { cause: error })
  }
}

/** Follows a renewed certificate on disk; connections that exist keep the old one. Returns how to stop following. */
function followCertificate(server: HttpsServer, files: TlsFiles, deps: WebhookServerDeps): () => void {
  const readVersion = (): string => [files.cert, files.key].map((file) => statSync(file).mtimeMs).join(' ')
  let version = readVersion()
  let cancel = (): void => {}
  const look = (): void => {
    try {
      const found = readVersion()
      if (found !== version) server.setSecureContext(readTls(files))
      version = found
    } catch (error) {
      const fields = { reason: 'TlsUnreadable', error }
      deps.log.error('The webhook certificate could not be read again; the former one stays', fields)
    }
    cancel = deps.clock.setTimer(CERTIFICATE_CHECK_MS, look)
  }
  cancel = deps.clock.setTimer(CERTIFICATE_CHECK_MS, look)
  return () => cancel()
}

function limitServer(server: Server): void {
  server.requestTimeout = 10_000
  server.headersTimeout = 5000
  server.keepAliveTimeout = 65_000
  server.maxConnections = 512
}

const listen = (server: Server, port: number, host: string | undefined): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })

const close = (server: Server, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.setTimer(STOP_WITHIN_MS, () => server.closeAllConnections())
    server.close(() => {
      cancel()
      resolve()
    })
    server.closeIdleConnections()
  })

/** Nothing is read or opened before `start`. */
export function createWebhookServer(deps: WebhookServerDeps): WebhookServer {
  let running: { readonly server: Server; readonly unfollow: () => void } | undefined
  let base = ''
  return {
    async start() {
      const tokens = openTokens(deps)
      const { limit, windowSeconds } = deps.mapping.massAbort
      const app = createAlertEndpoint({
        ...deps,
        ...(tokens ? { tokens } : {}),
        metrics: declareAlertMetrics(deps.metrics),
        breaker: createAbortBreaker({ limit, windowMs: windowSeconds * 1000 }),
      })
      const tls = findTlsFiles(deps.settings)
      const secure = tls && createHttpsServer(readTls(tls), app)
      const server = secure ?? createHttpServer(app)
      limitServer(server)
      const port = await listen(server, deps.settings.webhookPort, deps.host)
      base = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
      running = { server, unfollow: secure && tls ? followCertificate(secure, tls, deps) : () => {} }
    },
    async stop() {
      const stopping = running
      running = undefined
      stopping?.unfollow()
      if (stopping) await close(stopping.server, deps.clock)
    },
    url: () => base,
  }
}
