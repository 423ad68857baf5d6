/**
 * Keeps one undici connection pool for calls and one for watches, rebuilt only when the TLS material changes. It decides
 * nothing about requests.
 */
import { createHash } from 'node:crypto'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { ApiAccess } from './credentials.ts'

export interface HttpPool {
  /** The pool for short calls to `access.server`. */
  forCalls(access: ApiAccess): Dispatcher
  /** The pool for watches: a stream that stays open must not take a connection from the calls. */
  forWatches(access: ApiAccess): Dispatcher
  close(): Promise<void>
}

interface Pools {
  readonly fingerprint: string
  readonly calls: Dispatcher
  readonly watches: Dispatcher
}

const CALL_CONNECTIONS = 48
const WATCH_CONNECTIONS = 128
const CONNECT_TIMEOUT_MS = 5_000
const TCP_PROBE_DELAY_MS = 30_000

function fingerprintOf(access: ApiAccess): string {
  const hash = createHash('sha256')
  const { ca, cert, key, servername, rejectUnauthorized } = access.tls
  for (const part of [access.proxyUrl, ca, cert, key, servername, String(rejectUnauthorized)]) {
    hash.update(part ?? '').update('\0')
  }
  return hash.digest('hex')
}

function createPool(access: ApiAccess, connections: number): Dispatcher {
  const connect = {
    ...access.tls,
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_PROBE_DELAY_MS,
  }
  // Deadlines are the client's (they run on the injected clock), so undici's own are off.
  const common = { connections, headersTimeout: 0, bodyTimeout: 0, pipelining: 1 }
  if (access.proxyUrl === undefined) return new Agent({ ...common, connect })
  return new ProxyAgent({ ...common, uri: access.proxyUrl, requestTls: access.tls })
}

export function createHttpPool(): HttpPool {
  let pools: Pools | undefined
  const use = (access: ApiAccess): Pools => {
    const fingerprint = fingerprintOf(access)
    if (pools?.fingerprint === fingerprint) return pools
    const replaced = pools
    pools = { fingerprint, calls: createPool(access, CALL_CONNECTIONS), watches: createPool(access, WATCH_CONNECTIONS) }
    // Running requests finish on the old pool; a rotated certificate must not cut them.
    if (replaced) void Promise.allSettled([replaced.calls.close(), replaced.watches.close()])
    return pools
  }
  return {
    forCalls: (access) => use(access).calls,
    forWatches: (access) => use(access).watches,
    async close() {
      const closing = pools
      pools = undefined
      if (closing) await Promise.allSettled([closing.calls.destroy(), closing.watches.destroy()])
    },
  }
}
