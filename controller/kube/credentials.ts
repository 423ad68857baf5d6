/**
 * Where the API server is and how to prove who we are, from `@kubernetes/client-node`'s KubeConfig (kubeconfig files, exec
 * plugins, OIDC, in-cluster service accounts). It caches for at most a minute; it sends nothing itself.
 */
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../runtime/clock.ts'
import type { Redactor } from '../runtime/redact.ts'

export interface TlsMaterial {
  readonly ca?: Buffer | string
  readonly cert?: Buffer | string
  readonly key?: Buffer | string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

export interface ApiAccess {
  /** Base URL of the API server, without a trailing slash. */
  readonly server: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsMaterial
  readonly proxyUrl?: string
}

export interface Credentials {
  /** Access as of at most a minute ago. Throws when the configuration names no cluster or a plugin fails. */
  read(): Promise<ApiAccess>
  /** Forgets what is cached: the next read loads files and runs plugins anew. Called after a 401. */
  invalidate(): void
}

export interface KubeConfigOptions {
  /** Path of a kubeconfig; absent: KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig?: string
  readonly context?: string
}

/** Reads the configuration. Throws one sentence when it names no usable cluster. */
export function loadKubeConfig(options: KubeConfigOptions = {}): KubeConfig {
  const config = new KubeConfig()
  if (options.kubeconfig === undefined) config.loadFromDefault()
  else config.loadFromFile(options.kubeconfig)
  if (options.context !== undefined) config.setCurrentContext(options.context)
  if (!config.getCurrentCluster()) {
    throw new Error(
      `the kubeconfig has no cluster for context "${config.getCurrentContext()}"; choose one with --context`,
    )
  }
  return acceptPlainHttp(config)
}

/** The library refuses http:// unless told to skip TLS; without TLS there is nothing to verify, and kubectl accepts it too. */
function acceptPlainHttp(config: KubeConfig): KubeConfig {
  const isPlain = (server: string): boolean => server.toLowerCase().startsWith('http://')
  config.clusters = config.clusters.map((cluster) =>
    isPlain(cluster.server) ? { ...cluster, skipTLSVerify: true } : cluster,
  )
  return config
}

const LONGEST_CACHE_MS = 60_000

export interface CredentialsOptions {
  readonly load: () => KubeConfig
  readonly clock: Clock
  readonly redactor?: Redactor
}

export function createCredentials(options: CredentialsOptions): Credentials {
  const { load, clock, redactor } = options
  let config: KubeConfig | undefined
  let cached: { readonly access: Promise<ApiAccess>; readonly atMs: number } | undefined
  return {
    read() {
      const nowMs = clock.monotonicMs()
      if (cached && nowMs - cached.atMs < LONGEST_CACHE_MS) return cached.access
      config ??= load()
      const entry = { access: readAccess(config, redactor), atMs: nowMs }
      cached = entry
      // A failed plugin must be asked again by the next call, not remembered for a minute.
      entry.access.catch(() => {
        if (cached === entry) cached = undefined
      })
      return entry.access
    },
    invalidate() {
      config = undefined
      cached = undefined
    },
  }
}

async function readAccess(config: KubeConfig, redactor: Redactor | undefined): Promise<ApiAccess> {
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error('the kubeconfig has no current cluster')
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const headers = renderHeaders(options)
  for (const value of Object.values(headers)) redactor?.registerSecret(value.replace(/^(Bearer|Basic) /, ''))
  return {
    server: cluster.server.replace(/\/+$/, ''),
    headers,
    tls: pickTls(options),
    ...(cluster.proxyUrl === undefined ? {} : { proxyUrl: cluster.proxyUrl }),
  }
}

function renderHeaders(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = String(value)
  }
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return headers
}

const asMaterial = (value: unknown): Buffer | string | undefined =>
  typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined

function pickTls(options: RequestOptions): TlsMaterial {
  const ca = asMaterial(options.ca)
  const cert = asMaterial(options.cert)
  const key = asMaterial(options.key)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ...(options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }),
  }
}
