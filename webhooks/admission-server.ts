/** The admission webhook as a server of its own. The API server speaks to it by TLS only, so it does not start without a certificate. */
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import type { MetricRegistry } from '../controller/runtime/metrics.ts'
import { createAdmissionEndpoint } from './admission-endpoint.ts'
import { declareAdmissionMetrics } from './admission-metrics.ts'
import type { VerdictDeps } from './admission-verdict.ts'
import { createListener } from './listener.ts'

export interface AdmissionServerDeps extends VerdictDeps {
  /** 0 takes a free port. */
  readonly port: number
  /** PEM files; both or neither. */
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly host?: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricRegistry
}

export interface AdmissionServer {
  /** Resolves when it listens; rejects with one sentence that names the flag. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Base URL on loopback, without a slash at the end; empty before `start`. */
  url(): string
}

/** Undefined when no certificate is named: then nobody wants the webhook. Nothing is read or opened before `start`. */
export function createAdmissionServer(deps: AdmissionServerDeps): AdmissionServer | undefined {
  const { port, host, tlsCert: cert, tlsKey: key, clock, log } = deps
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    throw new Error('the admission webhook needs both --admission-tls-cert and --admission-tls-key')
  const listener = createListener({
    port,
    host,
    tls: { cert, key, flags: '--admission-tls-cert, --admission-tls-key' },
    clock,
    log,
  })
  return {
    start: () => listener.start(createAdmissionEndpoint({ ...deps, metrics: declareAdmissionMetrics(deps.metrics) })),
    stop: () => listener.stop(),
    url: () => listener.url(),
  }
}
