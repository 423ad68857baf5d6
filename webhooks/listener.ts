/**
 * One port that an application is served on, with or without TLS: reads the certificate, listens, follows a renewed certificate, stops in order.
 * It must not know paths or payloads.
 */
import { readFileSync, statSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'

/** Paths of PEM files, and how people call the pair: the flags that name them. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly flags: string
}

export interface ListenerDeps {
  /** 0 takes a free port. */
  readonly port: number
  /** Interface to listen on; every one when absent. */
  readonly host?: string | undefined
  readonly tls?: TlsFiles | undefined
  readonly clock: Clock
  readonly log: Logger
}

export interface Listener {
  /** Resolves when it listens; rejects with one sentence when a TLS file is not usable, or with the error of the port. */
  start(app: RequestListener): Promise<void>
  /** Stops taking connections and resolves when the requests under way are answered. */
  stop(): Promise<void>
  /** Base URL on loopback, without a slash at the end; empty before `start`. */
  url(): string
}

const CERTIFICATE_CHECK_MS = 30_000
const STOP_WITHIN_MS = 5000

function readTls({ cert, key, flags }: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    const pem = { cert: readFileSync(cert), key: readFileSync(key) }
    createSecureContext(pem)
    return pem
  } catch (error) {
    throw new Error(`${flags}: not usable (${(error as Error).message})`, { cause: error })
  }
}

/** Follows a renewed certificate on disk; connections that exist keep the old one. Returns how to stop following. */
function followCertificate(server: HttpsServer, files: TlsFiles, { clock, log }: ListenerDeps): () => void {
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
      log.error('The webhook certificate could not be read again; the former one stays', fields)
    }
    cancel = clock.setTimer(CERTIFICATE_CHECK_MS, look)
  }
  cancel = clock.setTimer(CERTIFICATE_CHECK_MS, look)
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
export function createListener(deps: ListenerDeps): Listener {
  let running: { readonly server: Server; readonly unfollow: () => void } | undefined
  let base = ''
  return {
    async start(app) {
      const { tls } = deps
      const secure = tls && createHttpsServer(readTls(tls), app)
      const server = secure ?? createHttpServer(app)
      limitServer(server)
      const port = await listen(server, deps.port, deps.host)
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
