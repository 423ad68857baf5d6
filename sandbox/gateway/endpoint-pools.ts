/**
 * Keep-alive connections to pods, one pool per address. Addresses that leave the route table are drained: requests under way finish,
 * then their connections are closed. It must not choose where a request goes.
 */
import { Pool } from 'undici'
import type { Endpoint } from './backends.ts'

export interface EndpointPools {
  poolOf(endpoint: Endpoint): Pool
  /** Drains the pools of every address that is not in `endpoints`. */
  retain(endpoints: readonly Endpoint[]): void
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 30_000
/** Shorter than any server's, so that the gateway and never the pod closes an idle connection. */
const IDLE_MS = 3_000

const originOf = ({ address, port }: Endpoint): string => `http://${address}:${port}`

export function createEndpointPools(): EndpointPools {
  const pools = new Map<string, Pool>()
  const draining = new Set<Pool>()
  const drain = (pool: Pool): void => {
    draining.add(pool)
    void pool.close().finally(() => draining.delete(pool))
  }
  return {
    poolOf(endpoint) {
      const origin = originOf(endpoint)
      const known = pools.get(origin)
      if (known) return known
      const pool = new Pool(origin, {
        connections: 256,
        pipelining: 1,
        connect: { timeout: CONNECT_TIMEOUT_MS },
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
        keepAliveTimeout: IDLE_MS,
        keepAliveMaxTimeout: IDLE_MS,
      })
      pools.set(origin, pool)
      return pool
    },
    retain(endpoints) {
      const wanted = new Set(endpoints.map(originOf))
      for (const [origin, pool] of pools) {
        if (wanted.has(origin)) continue
        pools.delete(origin)
        drain(pool)
      }
    },
    async close() {
      const all = [...pools.values(), ...draining]
      pools.clear()
      await Promise.all(all.map((pool) => pool.destroy()))
    },
  }
}
