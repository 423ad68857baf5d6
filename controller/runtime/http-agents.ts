/** Connection pools of the outbound transport, bounded in number. They connect; which address is allowed is not their business. */
import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { HttpTls } from './http.ts'

const MOST_AGENTS = 32
const IDLE_SOCKETS = 8

export interface Agents {
  readonly http: HttpAgent
  https(tls: HttpTls | undefined): HttpsAgent
  close(): void
}

/** One connection pool per set of TLS options, the oldest closed when tenants bring too many. */
export function createAgents(): Agents {
  const pooled = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS }
  const http = new HttpAgent(pooled)
  const secure = new Map<string, HttpsAgent>()
  return {
    http,
    https(tls = {}) {
      const key = createHash('sha256')
        .update(`${tls.insecure === true}\0${tls.ca ?? ''}`)
        .digest('hex')
      const existing = secure.get(key)
      if (existing) return existing
      const [oldest] = secure
      if (oldest && secure.size >= MOST_AGENTS) {
        secure.delete(oldest[0])
        oldest[1].destroy()
      }
      const agent = new HttpsAgent({
        ...pooled,
        rejectUnauthorized: tls.insecure !== true,
        ...(tls.ca === undefined ? {} : { ca: [...rootCertificates, tls.ca] }),
      })
      secure.set(key, agent)
      return agent
    },
    close() {
      http.destroy()
      for (const agent of secure.values()) agent.destroy()
      secure.clear()
    },
  }
}
